/**
 * Members that structs of the kernel got after Linux 5.8, and whole structs (`*`), by the release of kernel.org that brought them; where a member
 * has a new name, it is the release of that name. Those that scripts read; stable kernels may have some of them earlier. A member by a configuration
 * of the kernel's (`scx`) may be missing on newer kernels, too. `test/golden/dialect/member-since.test.ts` holds them against the types of this kernel.
 */
const membersByVersion: readonly (readonly [version: string, members: string])[] = [
  [
    "5.11",
    "task_struct.migration_disabled task_struct.bpf_storage task_struct.syscall_dispatch thread_info.syscall_work file.f_ep sock.sk_prefer_busy_poll sock.sk_busy_poll_budget block_device.bd_device block_device.bd_start_sect block_device.bd_stats block_device.bd_stamp page.memcg_data module.btf_data module.btf_data_size bpf_prog_aux.attach_btf",
  ],
  ["5.12", "vfsmount.mnt_userns bio.bi_bdev net_device.threaded bpf_prog.stats bpf_prog.active"],
  [
    "5.14",
    "task_struct.__state rq.__lock cred.ucounts sock.sk_bind_phc sk_buff.pp_recycle page.pp page.pp_magic gendisk.open_mutex iov_iter.iter_type iov_iter.data_source zone.per_cpu_pageset zone.per_cpu_zonestats device.dma_io_tlb_mem",
  ],
  [
    "5.15",
    "task_struct.user_cpus_ptr task_struct.bpf_ctx task_group.idle sk_buff.slow_gro request_queue.disk gendisk.diskseq gendisk.bdi address_space.invalidate_lock perf_event.bpf_cookie unix_sock.oob_skb tty_struct.flow tty_struct.ctrl",
  ],
  [
    "5.16",
    "folio.* task_struct.stats signal_struct.core_state thread_info.cpu sock.sk_reserved_mem net_device.nf_hooks_egress bio.bi_cookie block_device.bd_queue kmem_cache.cpu_partial_slabs bpf_map.map_extra bpf_prog_aux.verified_insns iov_iter.nofault neighbour.managed_list pglist_data.nr_writeback_throttled",
  ],
  ["5.17", "slab.* kmem_cache_cpu.slab vm_area_struct.anon_name net_device.gro_max_size"],
  ["5.18", "sock.sk_txrehash sk_buff.mono_delivery_time xdp_buff.flags xdp_frame.flags skb_shared_info.xdp_frags_size"],
  ["5.19", "sk_buff.alloc_cpu net_device.tso_max_size device.physical_location"],
  ["6.0", "file.f_iocb_flags msghdr.msg_ubuf msghdr.sg_from_iter iov_iter.ubuf iov_iter.user_backed"],
  ["6.1", "maple_tree.* mm_struct.mm_mt mm_struct.lru_gen cgroup.psi_files cgroup.ancestors pglist_data.memtier"],
  [
    "6.2",
    "mnt_idmap.* vfsmount.mnt_idmap cgroup.bpf_cgrp_storage tcp_sock.plb_rehash bpf_map.record perf_event.pmu_ctx",
  ],
  ["6.3", "vm_area_struct.__vm_flags task_struct.mm_cid net_device.xdp_features"],
  ["6.4", "vm_area_struct.vm_lock_seq vm_area_struct.detached iov_iter.__iov iov_iter.__ubuf_iovec module.mem"],
  ["6.5", "block_device.bd_holder_ops"],
  [
    "6.6",
    "sched_entity.deadline sched_entity.vlag sched_entity.slice cfs_rq.avg_vruntime tcp_sock.scaling_ratio inet_sock.inet_flags net_device.tcx_ingress net_device.tcx_egress inode.__i_ctime",
  ],
  ["6.7", "tcp_sock.tcp_usec_ts tcp_sock.rto_stamp tcp_sock.total_rto inode.__i_atime inode.__i_mtime"],
  [
    "6.8",
    "dentry.d_sib dentry.d_children mount.mnt_id_unique mount.mnt_node address_space.i_private_data address_space.i_private_lock",
  ],
  [
    "6.9",
    "file_lock_core.* file_lease.* file_lock.c pid.stashed super_block.s_bdev_file super_block.s_sysfs_name super_block.s_uuid_len request_queue.limits_lock bpf_prog.sleepable bpf_prog_aux.arena bpf_prog_aux.token",
  ],
  ["6.10", "block_device.bd_mapping block_device.__bd_flags"],
  [
    "6.11",
    "inode.i_atime_sec inode.i_mtime_sec inode.i_ctime_sec inode.i_atime_nsec inode.i_mtime_nsec inode.i_ctime_nsec sk_buff.tstamp_type",
  ],
  [
    "6.12",
    "sched_ext_entity.* task_struct.scx sched_entity.custom_slice sched_entity.sched_delayed sched_entity.rel_deadline sk_buff.unreadable net_device.lltx net_device.priv_flags_fast file.f_pipe",
  ],
  ["6.13", "file.f_ref"],
  ["6.14", "dentry.d_shortname"],
  ["6.15", "kernfs_node.__parent vm_area_struct.vm_refcnt"],
];

const versions: ReadonlyMap<string, string> = new Map(
  membersByVersion.flatMap(([version, names]) => names.split(" ").map((name) => [name, version] as const)),
);

/** The first kernel whose struct has a member; undefined where bpfts does not know. */
export function findMemberVersion(struct: string, member: string): string | undefined {
  return versions.get(`${struct}.${member}`) ?? versions.get(`${struct}.*`);
}

/** All members that are known. Shape: `task_struct.__state` by version, `folio.*` for a whole struct. */
export function listLaterMembers(): ReadonlyMap<string, string> {
  return versions;
}
