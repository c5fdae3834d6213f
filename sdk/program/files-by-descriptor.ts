/**
 * C text that defines `file_by_descriptor(fd)`, the `struct file *` behind a descriptor of the current thread, and `socket_by_descriptor(fd)`, the
 * `struct socket *` where it is one; else both are NULL. Put it before a program's own text: by it, the tracepoint of a system call shows what its descriptor is.
 *
 * @example
 * import { BPF, files_by_descriptor } from "bpfts";
 * const b = new BPF({
 *   text: `${files_by_descriptor}
 * TRACEPOINT_PROBE(syscalls, sys_enter_fsync) {
 *     struct file *file = file_by_descriptor(args->fd);
 *     if (file) bpf_trace_printk("fsync of inode %d", file->f_inode->i_ino);
 *     return 0;
 * }`,
 * });
 * b.trace_print();
 */
export const files_by_descriptor = `
static inline struct file *file_by_descriptor(int fd) {
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    struct fdtable *table = BPF_CORE_READ(task, files, fdt);
    struct file **files = BPF_CORE_READ(table, fd);
    struct file *file = NULL;
    if (fd >= 0 && fd < BPF_CORE_READ(table, max_fds))
        bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
    return file;
}
static inline struct socket *socket_by_descriptor(int fd) {
    struct file *file = file_by_descriptor(fd);
    if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
        return NULL;
    return BPF_CORE_READ(file, private_data);
}
`;
