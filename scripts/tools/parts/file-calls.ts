import { BPF, files_by_descriptor } from "bpfts";

/** System calls that read and write through a descriptor, their first argument. Architectures and old kernels lack some. */
const calls = [
  ...["read", "pread64", "readv", "preadv", "preadv2"].map((name) => [name, 0] as const),
  ...["write", "pwrite64", "writev", "pwritev", "pwritev2"].map((name) => [name, 1] as const),
].filter(([name]) => BPF.tracepoint_exists("syscalls", `sys_enter_${name}`));

/**
 * C text that calls `on_file_call(ctx, call, ret)` after each system call that reads or writes a file with a name: a regular one, or where the macro `ALL_FILES` is 1 any. The tool
 * defines that function and puts `filter_by_process` before. `read_name(name, file)` reads the last part of a file's path.
 */
export const file_calls = `${files_by_descriptor}
struct file_call_t {
    struct file *file;
    u64 ts;
    u32 is_write;
    u32 mode;
};

struct name_t {
    u32 length;
    char text[64];
};

BPF_HASH(file_calls, u32, struct file_call_t, 16384);

static inline void on_file_call(void *ctx, struct file_call_t *call, long ret);

static inline void read_name(struct name_t *name, struct file *file) {
    struct dentry *entry = file->f_path.dentry;
    name->length = entry->d_name.len;
    bpf_probe_read_kernel_str(&name->text, sizeof(name->text), entry->d_name.name);
}

static inline int on_file_call_entry(int fd, u32 is_write) {
    u32 tid = bpf_get_current_pid_tgid();
    if (process_should_be_filtered())
        return 0;
    struct file *file = file_by_descriptor(fd);
    if (!file)
        return 0;
    struct file_call_t call = { .file = file, .is_write = is_write, .mode = file->f_inode->i_mode };
    struct dentry *entry = file->f_path.dentry;
    if (entry->d_name.len == 0 || (!ALL_FILES && (call.mode & S_IFMT) != S_IFREG))
        return 0;
    call.ts = bpf_ktime_get_ns();
    file_calls.update(&tid, &call);
    return 0;
}

static inline int on_file_call_return(void *ctx, long ret) {
    u32 tid = bpf_get_current_pid_tgid();
    struct file_call_t *call = file_calls.lookup(&tid);
    if (call) {
        on_file_call(ctx, call, ret);
        file_calls.delete(&tid);
    }
    return 0;
}
${calls
  .map(
    ([name, isWrite]) => `
TRACEPOINT_PROBE(syscalls, sys_enter_${name}) { return on_file_call_entry(args->fd, ${isWrite}); }
TRACEPOINT_PROBE(syscalls, sys_exit_${name}) { return on_file_call_return(args, args->ret); }`,
  )
  .join("")}
`;

/** A file's name as a program reads it. */
export interface FileName {
  readonly length: number;
  readonly text: string;
}

/** The name, with dots for what did not fit. */
export function show_name({ length, text }: FileName): string {
  return length > 63 ? `${text.slice(0, -3)}...` : text;
}
