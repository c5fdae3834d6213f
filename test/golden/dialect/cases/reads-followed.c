// How far a kernel pointer is followed: pointers to it, members, results, maps, contexts.
#include <linux/sched.h>
#include <net/sock.h>
struct pair_t { struct sock *first; struct sock *rest[2]; };
BPF_HASH(tasks, u32, struct task_struct *);
BPF_HASH(pairs, u32, struct pair_t);
BPF_HASH(addresses, u32, u64);
static struct sock *pick(struct sock *a, struct sock *b, int which) { return which ? a : b; }
static u32 deeper(struct task_struct *task);
static u32 depth(struct task_struct *task) { return task->pid + deeper(task->group_leader); }
static u32 deeper(struct task_struct *task) { return task->tgid; }
static void store(struct pair_t *pair, struct sock *sk) { pair->rest[1] = sk; }
int kprobe__tcp_close(struct pt_regs *ctx, struct sock *sk, struct sock ***far) {
	u32 key = 0, sum = 0;
	struct sock **at = &sk, *again;
	struct in6_addr copy = {};
	struct pair_t pair = { .first = sk };
	sum += (*at)->sk_family + at[0]->sk_num + (**far)->sk_num;
	again = *at;
	sum += again->sk_state + pick(sk, again, sum)->sk_dport + (sum ? sk : again)->sk_hash + (sum++, sk)->sk_bound_dev_if;
	store(&pair, sk);
	pairs.update(&key, &pair);
	sum += pair.first->sk_family + pair.rest[1]->sk_family + pair.rest[key & 1]->sk_family;
	copy = sk->sk_v6_daddr;
	sum += copy.s6_addr[1] + ((struct inet_sock *)(void *)sk)->inet_sport;
	u64 address = (u64)sk;
	addresses.update(&key, &address);
	sum += ((struct sock *)address)->sk_num;
	if (sk->sk_family == AF_INET6 && sk->sk_prot->name[0] == 'T') sum -= sk->sk_v6_rcv_saddr.s6_addr32[3];
	switch (sk->sk_type) { case SOCK_STREAM: sum += sk->sk_protocol; }
	return sum;
}
int kretprobe__tcp_close(struct pt_regs *ctx) {
	u32 key = 0;
	struct task_struct *task = (void *)bpf_get_current_task(), **kept;
	if (tasks.insert(&key, &task) < 0) return 0;
	kept = tasks.lookup_or_try_init(&key, &task);
	if (!kept) return 0;
	u32 sum = (*kept)->pid + (*tasks.lookup_or_init(&key, &task))->tgid + depth(*kept);
	struct pair_t *pair = pairs.lookup(&key);
	u64 *address = addresses.lookup(&key);
	if (pair) sum += pair->first->sk_num + pair->rest[0]->sk_num;
	if (address) sum += ((struct sock *)*address)->sk_num;
	return sum;
}
RAW_TRACEPOINT_PROBE(sched_switch) {
	struct task_struct *prev = (struct task_struct *)ctx->args[1];
	return prev->mm->map_count + ((struct task_struct *)ctx->args[2])->real_parent->pid;
}
TRACEPOINT_PROBE(fixture, openat) {
	struct task_struct *task = args->task, *parent = task->real_parent;
	return parent->pid + args->task->group_leader->pid;
}
int on_sample(struct bpf_perf_event_data *ctx) { return ((struct task_struct *)bpf_get_current_task())->pid + ctx->regs.ip; }
int explicit_reads(struct pt_regs *ctx, struct task_struct *task, struct file *file) {
	char comm[TASK_COMM_LEN];
	struct task_struct *parent = NULL;
	struct qstr name = {};
	u32 pid = 0;
	bpf_probe_read(&pid, sizeof(pid), &task->pid);
	bpf_probe_read(comm, sizeof(comm), task->comm);
	bpf_probe_read(&pid, sizeof(pid), (void *)&task->real_parent->pid);
	bpf_probe_read_kernel(&parent, sizeof(parent), &task->real_parent);
	bpf_probe_read_kernel(&name, sizeof(name), (void *)&file->f_path.dentry->d_name);
	bpf_probe_read_kernel_str(comm, sizeof(comm), name.name);
	bpf_probe_read_user(&pid, sizeof(pid), (void *)task->mm->arg_start);
	char *text = task->comm;
	const char *inner = file->f_inode->i_sb->s_id;
	return pid + parent->pid + text[1] + inner[0] + comm[0];
}
