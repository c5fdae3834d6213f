// Storages, counters on kinds that make no key, and methods whose answers are used.
BPF_TASK_STORAGE(per_task, u64);
BPF_INODE_STORAGE(per_inode, u64);
BPF_CGRP_STORAGE(per_cgroup, u64);
BPF_PERCPU_CGROUP_STORAGE(per_cgroup_cpu, u64);
BPF_HASH(seen, u64, u64);
BPF_TABLE("lru_hash", u32, u64, recent, 16);
BPF_ARRAY(totals, u64, 4);
BPF_PERCPU_ARRAY(scratch, u64, 1);
BPF_HISTOGRAM(sizes);
BPF_HISTOGRAM(by_key, u64);
BPF_LPM_TRIE(routes, u64);
BPF_STACK(last, u64, 4);
BPF_SOCKMAP(socks, 4);
BPF_CPUMAP(cpus, 4);
BPF_XSKMAP(sockets, 4);
BPF_PERF_OUTPUT(events);
BPF_RINGBUF_OUTPUT(ring, 8);
struct slot_t { u64 at; u32 bucket; };
BPF_HISTOGRAM(slots, struct slot_t);
#define COUNT(key) slots.atomic_increment(key)
LSM_PROBE(file_open, struct file *file) {
	u64 *value = per_inode.inode_storage_get(file->f_inode, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (value) *value += 1;
	return per_inode.inode_storage_delete(file->f_inode) < 0 ? 0 : 0;
}
KFUNC_PROBE(do_exit, long code) {
	struct task_struct *task = bpf_get_current_task_btf();
	u64 init = 1, *value = per_task.task_storage_get(task, &init, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!value) return 0;
	u64 *group = per_cgroup.cgrp_storage_get(task->cgroups->dfl_cgrp, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (group && *value > 1) per_cgroup.cgrp_storage_delete(task->cgroups->dfl_cgrp);
	return per_task.task_storage_delete(task);
}
SEC("cgroup_skb/ingress") int count(struct __sk_buff *skb) {
	*(u64 *)per_cgroup_cpu.get_local_storage(0) += skb->len;
	return 1;
}
int to_cpu(struct xdp_md *ctx) { return cpus.redirect_map(0, 0); }
int to_socket(struct xdp_md *ctx) { return sockets.redirect_map(ctx->rx_queue_index, XDP_PASS); }
static int add(u64 key) {
	u64 one = 1;
	if (seen.insert(&key, &one) < 0 && seen.update(&key, &one) < 0) return seen.delete(&key);
	return seen.lookup(&key) == NULL;
}
int on_probe(struct pt_regs *ctx) {
	u64 n = 2, *found;
	u32 pid = bpf_get_current_pid_tgid();
	recent.increment(pid);
	recent.atomic_increment(pid, n);
	totals.increment(3);
	totals.atomic_increment(n & 3, -1);
	scratch.increment(0, n);
	sizes.increment(bpf_log2l(n));
	sizes.atomic_increment(bpf_log2(pid), 2);
	by_key.increment(n << 32 | pid);
	routes.increment(n);
	slots.increment((struct slot_t){ .at = n, .bucket = bpf_log2l(pid) });
	COUNT(((struct slot_t){ n, 1 }));
	if ((found = seen.lookup(&n)) != 0 && *found) n += last.peek(&n) + last.push(found, 0);
	(*seen.lookup_or_init(&n, &n))++;
	if (last.pop(&n) == 0 && !events.perf_submit(ctx, &n, sizeof(n))) return ring.ringbuf_output(&n, sizeof(n), BPF_RB_NO_WAKEUP);
	return add(n) + sizeof(seen.leaf) + sizeof(typeof(slots.key));
}
