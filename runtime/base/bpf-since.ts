/** A helper that not every kernel has. */
export interface LaterHelper {
  readonly name: string;
  /** Source: enum bpf_func_id. */
  readonly id: number;
  /** The first kernel that has it. */
  readonly since: string;
}

/** The number of the first helper of the table below. */
const firstId = 136;

/**
 * The helpers by the kernel that they came with, in the order of their numbers, which were given in the order of time.
 * Kernels before 5.9 are not spoken of; after 6.2 none was added. Source: enum bpf_func_id at each release.
 */
const helpersByVersion: readonly (readonly [version: string, names: string])[] = [
  [
    "5.9",
    "skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock skc_to_tcp_request_sock skc_to_udp6_sock get_task_stack",
  ],
  [
    "5.10",
    "load_hdr_opt store_hdr_opt reserve_hdr_opt inode_storage_get inode_storage_delete d_path copy_from_user snprintf_btf seq_printf_btf skb_cgroup_classid redirect_neigh per_cpu_ptr this_cpu_ptr redirect_peer",
  ],
  [
    "5.11",
    "task_storage_get task_storage_delete get_current_task_btf bprm_opts_set ktime_get_coarse_ns ima_inode_hash sock_from_file",
  ],
  ["5.12", "check_mtu"],
  ["5.13", "for_each_map_elem snprintf"],
  ["5.14", "sys_bpf btf_find_by_name_kind sys_close"],
  ["5.15", "timer_init timer_set_callback timer_start timer_cancel get_func_ip get_attach_cookie task_pt_regs"],
  ["5.16", "get_branch_snapshot trace_vprintk skc_to_unix_sock kallsyms_lookup_name"],
  ["5.17", "find_vma loop strncmp get_func_arg get_func_ret get_func_arg_cnt"],
  [
    "5.18",
    "get_retval set_retval xdp_get_buff_len xdp_load_bytes xdp_store_bytes copy_from_user_task skb_set_tstamp ima_file_hash",
  ],
  [
    "5.19",
    "kptr_xchg map_lookup_percpu_elem skc_to_mptcp_sock dynptr_from_mem ringbuf_reserve_dynptr ringbuf_submit_dynptr ringbuf_discard_dynptr dynptr_read dynptr_write dynptr_data",
  ],
  [
    "6.0",
    "tcp_raw_gen_syncookie_ipv4 tcp_raw_gen_syncookie_ipv6 tcp_raw_check_syncookie_ipv4 tcp_raw_check_syncookie_ipv6",
  ],
  ["6.1", "ktime_get_tai_ns user_ringbuf_drain"],
  ["6.2", "cgrp_storage_get cgrp_storage_delete"],
];

/** The helpers that came with Linux 5.9 and later. */
export const laterHelpers: readonly LaterHelper[] = helpersByVersion
  .flatMap(([since, names]) => names.split(" ").map((name) => ({ name: `bpf_${name}`, since })))
  .map((helper, index) => ({ ...helper, id: firstId + index }));

/** Structs of the kernel's that programs put into tables and onto the stack. Source: include/uapi/linux/bpf.h at each release. */
const typeVersions: Readonly<Record<string, string>> = {
  bpf_sk_lookup: "5.9",
  bpf_timer: "5.15",
  bpf_dynptr: "5.19",
  bpf_list_head: "6.2",
  bpf_list_node: "6.2",
  bpf_rb_root: "6.3",
  bpf_rb_node: "6.3",
  bpf_cpumask: "6.3",
  bpf_refcount: "6.4",
  bpf_iter_num: "6.4",
  bpf_nf_ctx: "6.4",
  bpf_iter_task: "6.7",
  bpf_iter_css: "6.7",
  bpf_wq: "6.10",
  bpf_iter_bits: "6.11",
  bpf_res_spin_lock: "6.15",
};

/** The first kernel that has a struct for BPF programs; undefined for other structs. */
export function findTypeVersion(name: string): string | undefined {
  return Object.hasOwn(typeVersions, name) ? typeVersions[name] : undefined;
}

/** Kernel functions that programs may call, by the kernel that they came with. Source: the BTF_ID_FLAGS lists of each release, as docs.ebpf.io lists them. */
const kfuncsByVersion: readonly (readonly [version: string, names: string])[] = [
  ["5.18", "xdp_ct_lookup skb_ct_lookup ct_release"],
  ["6.0", "xdp_ct_alloc skb_ct_alloc ct_insert_entry ct_set_timeout ct_change_timeout ct_set_status ct_change_status"],
  ["6.1", "lookup_user_key lookup_system_key key_put verify_pkcs7_signature ct_set_nat_info"],
  [
    "6.2",
    "task_acquire task_release task_from_pid cgroup_acquire cgroup_release cgroup_ancestor rcu_read_lock rcu_read_unlock rdonly_cast cast_to_kern_ctx obj_new_impl obj_drop_impl list_pop_front list_pop_back skb_get_xfrm_info skb_set_xfrm_info",
  ],
  [
    "6.3",
    "cpumask_create cpumask_acquire cpumask_release cpumask_set_cpu cpumask_test_cpu cpumask_first cpumask_first_zero cpumask_clear_cpu cpumask_test_and_set_cpu cpumask_test_and_clear_cpu cpumask_setall cpumask_clear cpumask_and cpumask_or cpumask_xor cpumask_equal cpumask_intersects cpumask_subset cpumask_empty cpumask_full cpumask_copy rbtree_remove rbtree_first xdp_metadata_rx_timestamp xdp_metadata_rx_hash",
  ],
  [
    "6.4",
    "iter_num_new iter_num_next iter_num_destroy dynptr_from_skb dynptr_from_xdp dynptr_slice dynptr_slice_rdwr refcount_acquire_impl list_push_front_impl list_push_back_impl rbtree_add_impl cgroup_from_id skb_set_fou_encap skb_get_fou_encap",
  ],
  [
    "6.5",
    "cpumask_first_and cpumask_any_distribute cpumask_any_and_distribute task_under_cgroup dynptr_adjust dynptr_is_null dynptr_is_rdonly dynptr_size dynptr_clone sock_destroy",
  ],
  ["6.6", "map_sum_elem_count"],
  [
    "6.7",
    "iter_task_new iter_task_next iter_task_destroy iter_css_new iter_css_next iter_css_destroy iter_task_vma_new iter_task_vma_next iter_task_vma_destroy throw percpu_obj_new_impl percpu_obj_drop_impl iter_css_task_new iter_css_task_next iter_css_task_destroy sock_addr_set_sun_path",
  ],
  [
    "6.8",
    "get_file_xattr cpumask_weight task_get_cgroup1 get_fsverity_digest xdp_metadata_rx_vlan_tag xdp_get_xfrm_state xdp_xfrm_state_release",
  ],
  ["6.9", "arena_alloc_pages arena_free_pages"],
  [
    "6.10",
    "wq_init wq_start wq_set_callback_impl crypto_ctx_create crypto_encrypt crypto_decrypt preempt_disable preempt_enable crypto_ctx_release crypto_ctx_acquire session_is_return session_cookie",
  ],
  ["6.11", "iter_bits_new iter_bits_next iter_bits_destroy xdp_flow_lookup sk_assign_tcp_reqsk"],
  [
    "6.12",
    "get_task_exe_file put_file path_d_path copy_from_user_str iter_scx_dsq_new iter_scx_dsq_next iter_scx_dsq_destroy get_dentry_xattr",
  ],
  [
    "6.13",
    "task_from_vpid send_signal_task get_kmem_cache iter_kmem_cache_new iter_kmem_cache_next iter_kmem_cache_destroy",
  ],
  ["6.14", "local_irq_save local_irq_restore"],
  [
    "6.15",
    "set_dentry_xattr remove_dentry_xattr copy_from_user_task_str sock_ops_enable_tx_tstamp dynptr_copy cpumask_populate res_spin_lock res_spin_unlock res_spin_lock_irqsave res_spin_unlock_irqrestore",
  ],
  [
    "6.16",
    "iter_dmabuf_new iter_dmabuf_next iter_dmabuf_destroy probe_read_user_dynptr probe_read_kernel_dynptr probe_read_user_str_dynptr probe_read_kernel_str_dynptr copy_from_user_dynptr copy_from_user_str_dynptr copy_from_user_task_dynptr copy_from_user_task_str_dynptr list_front list_back rbtree_root rbtree_left rbtree_right qdisc_bstats_update qdisc_watchdog_schedule qdisc_init_prologue qdisc_reset_destroy_epilogue skb_get_hash kfree_skb qdisc_skb_drop",
  ],
  [
    "6.17",
    "arena_reserve_pages stream_vprintk_impl dynptr_memset cgroup_read_xattr strcmp strnchr strchr strchrnul strrchr strlen strspn strcspn strnstr strstr",
  ],
  [
    "6.18",
    "dynptr_from_skb_meta xdp_pull_data strcasecmp task_work_schedule_resume_impl task_work_schedule_signal_impl",
  ],
  ["6.19", "dynptr_file_discard dynptr_from_file strcasestr strncasestr"],
  [
    "7.0",
    "stream_print_stack stream_vprintk strncasecmp task_work_schedule_resume task_work_schedule_signal timer_cancel_async wq_set_callback",
  ],
  [
    "7.1",
    "io_uring_submit_sqes io_uring_get_region obj_drop obj_new percpu_obj_new percpu_obj_drop refcount_acquire list_push_back list_push_front rbtree_add",
  ],
];

const kfuncVersions: ReadonlyMap<string, string> = new Map(
  kfuncsByVersion.flatMap(([since, names]) => names.split(" ").map((name) => [`bpf_${name}`, since] as const)),
);

/** The first kernel that has a function for BPF programs; undefined for others. */
export function findKfuncVersion(name: string): string | undefined {
  return kfuncVersions.get(name);
}

/** Sections of programs by the kernel that takes them first. Source: libbpf's table of sections; enum bpf_attach_type, BPF_F_SLEEPABLE and BPF_F_XDP_HAS_FRAGS at each release. */
const sectionVersions: readonly (readonly [section: RegExp, version: string])[] = [
  [/^sk_lookup\b/, "5.9"],
  [/^cgroup\/sock_release$/, "5.9"],
  [/^xdp(?:\.frags)?\/cpumap$/, "5.9"],
  [/^(?:fentry|fexit|fmod_ret|lsm)\.s\b/, "5.10"],
  [/^sk_reuseport\/migrate$/, "5.14"],
  [/^syscall$/, "5.14"],
  [/^xdp\.frags\b/, "5.18"],
  [/^k(?:ret)?probe\.multi\b/, "5.18"],
  [/^iter\.s\b/, "5.18"],
  [/^lsm_cgroup\b/, "6.0"],
  [/^(?:u(?:ret)?probe|usdt)\.s\b/, "6.0"],
  [/^netfilter\b/, "6.4"],
  [/^tcx\//, "6.6"],
  [/^u(?:ret)?probe\.multi\b/, "6.6"],
  [/^netkit\//, "6.7"],
  [/^cgroup\/\w+_unix$/, "6.7"],
  [/^kprobe\.session\b/, "6.10"],
  [/^uprobe\.session\b/, "6.13"],
];

/** The first kernel that loads a program of a section; undefined where every kernel of bpfts does. */
export function findSectionVersion(section: string): string | undefined {
  const name = section.replace(/^\?/, "");
  return sectionVersions.findLast(([pattern]) => pattern.test(name))?.[1];
}

/** Whether a kernel's release comes before a version. */
export function isOlder(kernel: string, version: string): boolean {
  const [have, want] = [kernel, version].map((text) => /^(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number) ?? [0, 0]);
  return have![0]! < want![0]! || (have![0] === want![0] && have![1]! < want![1]!);
}
