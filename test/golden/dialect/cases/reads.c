// Reads through pointers that the verifier does not know.
#include <linux/sched.h>
#include <net/sock.h>
struct own_t { u32 a; u32 flag : 3, other : 5; struct own_t *next; };
struct event_t { u32 pid; void *sk; struct sock *kept; };
BPF_HASH(socks, u32, struct sock *);
BPF_HASH(events_by_pid, u32, struct event_t);
#define PID(t) t->pid
#define TGID(t) ((t)->tgid)
#define COMM(t) (t)->comm
static int family(struct sock *sk, struct event_t *event) {
	event->pid = sk->sk_family;
	return event->pid;
}
static struct task_struct *parent(struct task_struct *t) { return t->real_parent; }
int kprobe__tcp_connect(struct pt_regs *ctx, struct sock *sk) {
	u32 pid = bpf_get_current_pid_tgid(), sum = 0;
	struct task_struct *t = (struct task_struct *)bpf_get_current_task();
	struct event_t event = {};
	char comm[TASK_COMM_LEN];
	// members, chains, arrays, dereferences, arithmetic
	sum += t->pid + t->real_parent->tgid + t->nsproxy->net_ns->ns.inum;
	sum += t->comm[1] + *(&t->pid) + t->thread_pid->numbers[t->thread_pid->level].nr;
	sum += ((struct inet_sock *)sk)->inet_sport;
	sum += *((u8 *)&sk->__sk_common.skc_bound_dev_if - 1);
	// structs, unions, bit-fields
	struct in6_addr address = sk->sk_v6_daddr;
	sum += address.s6_addr32[0] + sk->sk_ipv6only + (*sk).sk_kern_sock;
	// through macros, helpers, results
	sum += PID(t) + TGID(t->real_parent) + family(sk, &event) + parent(t)->pid + parent(parent(t))->pid;
	// lists and conditions
	u64 list[4] = { t->start_time, t->mm ? t->mm->map_count : 0 };
	for (int i = 0; i < 3 && t; i++) t = t->real_parent;
	while (t->pid > 1) { t = t->real_parent; break; }
	sum += list[1] + container_of(t, struct task_struct, thread)->pid + min_t(u32, t->pid, READ_ONCE(t->tgid));
	// explicit reads stay, what is under & too
	bpf_probe_read_kernel(&sum, sizeof(sum), &sk->sk_wmem_queued);
	bpf_probe_read_kernel(comm, sizeof(comm), COMM(t));
	bpf_probe_read_kernel(comm, sizeof(comm), t->real_parent->comm);
	sum += BPF_CORE_READ(t, mm, map_count) + sizeof(t->mm->pgd) + __builtin_offsetof(struct task_struct, pid);
	// kept for later
	event.sk = sk;
	event.kept = sk;
	socks.update(&pid, &sk);
	events_by_pid.update(&pid, &event);
	return sum + event.kept->sk_num;
}
int from_maps(struct pt_regs *ctx) {
	u32 pid = bpf_get_current_pid_tgid();
	struct sock **kept = socks.lookup(&pid);
	struct event_t *event = events_by_pid.lookup(&pid);
	if (!kept || !event) return 0;
	struct sock *sk = *kept;
	event->pid++;
	struct tcp_sock *tp = (struct tcp_sock *)event->sk;
	return sk->sk_num + event->pid + tp->snd_cwnd + event->kept->sk_family + *(&((struct inet_sock *)sk)->rcv_tos - 2);
}
int in_process(struct pt_regs *ctx, char *name, u64 *number, char **names, struct own_t *own, struct timespec64 *ts) {
	return name[1] + *number + (*names)[1] + *names[1] + own->a + own->flag + own->next->other + ts->tv_nsec;
}
int by_register(struct pt_regs *ctx) {
	struct file *file = (struct file *)PT_REGS_PARM1(ctx);
	struct pt_regs *regs = (struct pt_regs *)PT_REGS_PARM2(ctx);
	return file->f_path.dentry->d_inode->i_uid.val + PT_REGS_PARM1(regs) + file_inode(file)->i_size + ((struct file *)PT_REGS_PARM3(ctx))->f_flags;
}
