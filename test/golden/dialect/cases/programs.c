// Every way to write a program.
#include <uapi/linux/ptrace.h>
int kprobe__do_nanosleep() { return 0; }
int kprobe__vfs_open(struct pt_regs *ctx, const struct path *path, struct file *file) { return file->f_flags; }
int kretprobe__vfs_open(struct pt_regs *ctx) { return PT_REGS_RC(ctx); }
TRACEPOINT_PROBE(fixture, openat)
{
	char comm[16], name[16];
	TP_DATA_LOC_READ_CONST(comm, comm, sizeof(comm));
	TP_DATA_LOC_READ_STR(comm, comm, sizeof(comm));
	bpf_probe_read_user_str(name, sizeof(name), args->filename);
	return args->dfd + args->task->pid;
}
int tp_by_hand(struct tracepoint__fixture__openat *args) { return args->dfd; }
RAW_TRACEPOINT_PROBE(sched_switch) { struct task_struct *next = (struct task_struct *)ctx->args[2]; return next->pid; }
KFUNC_PROBE(vfs_open, const struct path *path, struct file *file) { return file->f_flags; }
KRETFUNC_PROBE(vfs_open, const struct path *path, struct file *file, int ret) { return ret; }
KFUNC_PROBE(vfs_fsync) { return 0; }
MODULE_KFUNC_PROBE(nfs, nfs_open, struct inode *inode) { return inode->i_uid.val; }
MODULE_KRETFUNC_PROBE(nfs, nfs_open, struct inode *inode, int ret) { return ret; }
KMOD_RET(security_file_open, struct file *file, int ret) { return ret; }
LSM_PROBE(file_open, struct file *file) { return file->f_inode->i_uid.val == 1000 ? -EPERM : 0; }
BPF_ITER(task) { struct task_struct *task = ctx->task; if (task) bpf_trace_printk("%d\n", task->pid); return 0; }
BPF_PROG(kfunc__vmlinux__vfs_rename, void *data) { return ctx[0] != 0; }
int syscall__openat2(struct pt_regs *ctx, int dfd, const char __user *filename, struct open_how *how) { return how->flags + (filename != 0); }
void returns_nothing(struct pt_regs *ctx) { if (PT_REGS_PARM1(ctx)) return; bpf_trace_printk("zero\n"); }
struct sock *returns_pointer(struct pt_regs *ctx, struct sock *sk) { return sk; }
u64 returns_u64(struct pt_regs *ctx) { return PT_REGS_PARM2(ctx); }
int with_callback(struct pt_regs *ctx, void (*fn)(int, char), char name[8]) { return fn != 0 && name[0]; }
int on_sample(struct bpf_perf_event_data *ctx) { return ctx->sample_period; }
SEC("kprobe/do_exit") int BPF_KPROBE(libbpf_kprobe, long code) { return code; }
SEC("tp_btf/sched_switch") int BPF_PROG(libbpf_tp_btf, bool preempt, struct task_struct *prev) { return prev->pid; }
int registers(struct pt_regs *ctx) {
	return PT_REGS_PARM1(ctx) + PT_REGS_PARM2(ctx) + PT_REGS_PARM3(ctx) + PT_REGS_PARM4(ctx) + PT_REGS_PARM5(ctx) + PT_REGS_PARM6(ctx) +
	       PT_REGS_RET(ctx) + PT_REGS_FP(ctx) + PT_REGS_SP(ctx) + PT_REGS_IP(ctx);
}
static int helper(int x) { return x + 1; }
static __noinline int outlined(int x) { return x * 2; }
int calls(void *ctx) { return helper(1) + outlined(2); }
