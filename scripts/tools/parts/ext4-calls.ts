import { function_entry, function_return } from "bpfts";

/** What a file system of type ext4 is asked for, by the functions that do it. `file` and `offset` are C in which their parameters stand. */
const operations = [
  {
    name: "ext4_file_read_iter",
    parameters: ["struct kiocb *request", "struct iov_iter *to"],
    file: "request->ki_filp",
    offset: "request->ki_pos",
    result: "ssize_t",
  },
  {
    name: "ext4_file_write_iter",
    parameters: ["struct kiocb *request", "struct iov_iter *from"],
    file: "request->ki_filp",
    offset: "request->ki_pos",
    result: "ssize_t",
  },
  {
    name: "ext4_file_open",
    parameters: ["struct inode *inode", "struct file *file"],
    file: "file",
    offset: "0",
    result: "int",
  },
  {
    name: "ext4_sync_file",
    parameters: ["struct file *file", "loff_t start", "loff_t end", "int datasync"],
    file: "file",
    offset: "0",
    result: "int",
  },
] as const;

/**
 * C text that calls `on_ext4_call(ctx, call, operation, ret)` when an operation on a file of ext4 ends: 0 is a read, 1 a write, 2 an open, 3 an fsync. The tool defines that
 * function, and puts `filter_by_process` before.
 *
 * @throws UnsupportedFeatureError when this kernel's functions cannot be probed
 */
export function ext4_calls(): string {
  const instead = "fileslower 0 shows reads and writes of all file systems";
  return `
struct ext4_call_t {
    u64 ts;
    u64 offset;
    struct file *file;
};

BPF_HASH(ext4_calls, u32, struct ext4_call_t, 16384);

static inline void on_ext4_call(void *ctx, struct ext4_call_t *call, u32 operation, long ret);

static inline int on_ext4_entry(struct file *file, u64 offset) {
    u32 tid = bpf_get_current_pid_tgid();
    struct ext4_call_t call = { .ts = bpf_ktime_get_ns(), .offset = offset, .file = file };
    if (!process_should_be_filtered())
        ext4_calls.update(&tid, &call);
    return 0;
}

static inline int on_ext4_return(void *ctx, u32 operation, long ret) {
    u32 tid = bpf_get_current_pid_tgid();
    struct ext4_call_t *call = ext4_calls.lookup(&tid);
    if (call) {
        on_ext4_call(ctx, call, operation, ret);
        ext4_calls.delete(&tid);
    }
    return 0;
}
${operations
  .map(({ name, parameters, file, offset, result }, operation) => {
    const types = parameters.map((parameter) => parameter.replace(/\w+$/, ""));
    return `
${function_entry(name, parameters.join(", "), { instead })} { return on_ext4_entry(${file}, ${offset}); }
${function_return(name, types, result, { instead })} { return on_ext4_return(ctx, ${operation}, ret); }`;
  })
  .join("")}
`;
}
