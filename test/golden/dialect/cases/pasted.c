// A member whose name a macro puts together: the call as a whole is what is read.
#include <linux/sched.h>
#include <net/sock.h>
#define FIELD(sk, name) ((sk)->__sk_common.skc_##name)
#define DEEP(t, name) (t)->real_parent->start_##name
int kprobe__tcp_connect(struct pt_regs *ctx, struct sock *sk) {
	struct task_struct *t = (struct task_struct *)bpf_get_current_task();
	u16 *port = &FIELD(sk, num), local = 0;
	bpf_probe_read_kernel(&local, sizeof(local), &FIELD(sk, num));
	return FIELD(sk, num) + FIELD(sk, family) + DEEP(t, time) + (port != 0) + local;
}
