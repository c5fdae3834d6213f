// What is marked as the process's is read by the helper that knows both, whatever the function is.
struct holder_t { struct iovec __user *vector; struct iovec *plain; };
int kprobe__import_iovec(struct pt_regs *ctx, int type, const struct iovec __user *uvec, struct iovec *kvec) {
	return uvec->iov_len + kvec->iov_len;
}
int kprobe__ksys_read(struct pt_regs *ctx, unsigned long address, struct file *file) {
	struct iovec __user *first = (struct iovec *)address;
	const struct iovec __user *const __user *second = (void *)address;
	return first->iov_len + (*second)->iov_len + ((struct iovec __user *)file)->iov_len + file->f_flags;
}
int kprobe__vfs_writev(struct pt_regs *ctx, struct file *file) {
	struct holder_t holder = { .vector = (void *)file, .plain = (void *)file };
	struct iovec *again = holder.vector, *plain = holder.plain;
	return again->iov_len + plain->iov_len;
}
KFUNC_PROBE(vfs_read, struct file *file, char __user *buf) {
	return buf[0] + file->f_flags;
}
