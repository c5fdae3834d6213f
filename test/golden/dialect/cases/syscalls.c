// Arguments of system calls: fetched from the registers that the entry was given, and what they point to from the process.
#include <uapi/linux/ptrace.h>
struct own_t { int a; u64 b[2]; };
int syscall__execve(struct pt_regs *ctx, const char __user *filename, const char __user *const __user *__argv, const char __user *const __user *__envp) {
	return filename[0] + __argv[1][0] + (__envp != 0);
}
int syscall__mmap(struct pt_regs *ctx, unsigned long addr, size_t len, int prot, int flags, int fd, u64 offset) {
	return addr + len + prot + flags + fd + offset;
}
int syscall__only_third(struct pt_regs *ctx, int unused, int also_unused, struct own_t *third) {
	struct own_t copy = *third;
	return third->a + third->b[1] + copy.a;
}
int kprobe____x64_sys_nanosleep(struct pt_regs *ctx, struct __kernel_timespec *request) { return request->tv_nsec; }
int kprobe__sys_read(struct pt_regs *ctx, unsigned int fd) { return fd; }
int by_hand(struct pt_regs *ctx) {
	struct pt_regs *regs = PT_REGS_SYSCALL_CTX(ctx);
	const char *path = (const char *)PT_REGS_PARM1_SYSCALL(regs);
	return path[0] + PT_REGS_PARM4_SYSCALL(regs);
}
TRACEPOINT_PROBE(fixture, openat) { return args->filename[0]; }
