// Registers by name and by address, and the helpers that know about a probe.
#include <uapi/linux/ptrace.h>
static u64 first(struct pt_regs *_ctx) {
	u64 value = 0;
	bpf_probe_read_kernel(&value, sizeof(value), &(PT_REGS_PARM1(_ctx)));
	return value + *&PT_REGS_PARM2(_ctx);
}
int on_entry(struct pt_regs *ctx) {
	u64 values[] = { PT_REGS_PARM3(ctx), PT_REGS_PARM4(ctx), PT_REGS_PARM5(ctx), PT_REGS_PARM6(ctx) };
	return first(ctx) + values[0] + values[3] + ctx->ax + ctx->orig_ax + bpf_get_func_ip(ctx) + bpf_get_attach_cookie(ctx);
}
int on_system_call(struct pt_regs *ctx) {
	struct pt_regs *regs = PT_REGS_SYSCALL_CTX(ctx), copy = {};
	bpf_probe_read_kernel(&copy, sizeof(copy), regs);
	return PT_REGS_PARM1_SYSCALL(&copy) + PT_REGS_PARM2_SYSCALL(&copy) + PT_REGS_PARM3_SYSCALL(&copy) + PT_REGS_PARM4_SYSCALL(&copy) + PT_REGS_PARM5_SYSCALL(&copy) + PT_REGS_PARM6_SYSCALL(&copy) +
	       PT_REGS_PARM5_SYSCALL(regs) + PT_REGS_PARM6_SYSCALL(regs);
}
int fails(struct pt_regs *ctx) {
	bpf_override_return(ctx, -ENOMEM);
	return 0;
}
KRETFUNC_PROBE(vfs_open, const struct path *path, struct file *file, int ret) {
	u64 flags = 0, returned = 0;
	bpf_get_func_arg(ctx, 1, &flags);
	bpf_get_func_ret(ctx, &returned);
	return flags + returned + bpf_get_func_arg_cnt(ctx);
}
int six(struct pt_regs *ctx, u8 a, bool b, enum bpf_map_type c, unsigned long d, const char *e, __u32 f) { return a + b + c + d + (e != 0) + f; }
int by_pointers(struct pt_regs *ctx, struct sock **sockets, const struct file *const file, u32 (*callback)(void *)) { return (*sockets)->sk_num + file->f_flags + (callback != 0); }
