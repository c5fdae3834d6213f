// Prints a line for each file descriptor that processes pass to each other over Unix sockets.
// Subject: files
//
//   bpfts sofdsnoop              every descriptor that is sent or received
//   bpfts sofdsnoop -p 181       those of one process
//   bpfts -c ./job sofdsnoop -T  those of one command, with times
//
// Source: BCC's sofdsnoop, whose options and columns these are. It reads the messages at the end of the system calls, so that only what was passed is shown: of a message the
// first two control messages, of a call with several messages the first four. Of a file it shows the name without its folders.
import {
  BPF,
  RowPrinter,
  elapsed_column,
  eprint,
  files_by_descriptor,
  filter_by_process,
  json_output,
  parse_args,
  process_id,
  thread_id,
} from "bpfts";
import { ring_pages } from "./parts/ring-pages.ts";
import { poll_events, tool_options } from "bpfts";

const args = parse_args({
  description: "Trace file descriptors passed via socket",
  examples: `
examples:
    bpfts sofdsnoop           # trace passed file descriptors
    bpfts sofdsnoop -T        # include timestamps
    bpfts sofdsnoop -p 181    # only trace PID 181
    bpfts sofdsnoop -t 123    # only trace TID 123
    bpfts sofdsnoop -d 10     # trace for 10 seconds only
    bpfts sofdsnoop -n main   # only print process names containing "main"`,
  arguments: {
    timestamp: { flags: ["-T", "--timestamp"], help: "include timestamp on output" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    tid: { flags: ["-t", "--tid"], type: thread_id, help: "trace this TID only" },
    name: { flags: ["-n", "--name"], type: "string", help: "only print process names containing this name" },
    ...tool_options,
    duration: { flags: ["-d", "--duration"], type: "float", help: "total duration of trace in seconds" },
  },
});
json_output(args.json);

const calls = ["sendmsg", "recvmsg", "sendmmsg", "recvmmsg"] as const;
const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${files_by_descriptor}
// Of the 253 that one message may have: the rest is said to be missing.
#define MAX_FDS 64
// Messages of one call that are looked at, and control messages of one message.
#define MAX_MESSAGES 4
#define MAX_CONTROLS 2

struct call_t {
    int fd;
    u32 count;
    void *messages;
};
struct event_t {
    u64 ts;
    u32 pid;
    u32 tid;
    u32 is_receipt;
    int socket;
    int fd;
    u32 mode;
    u32 unread;
    u64 socket_inode;
    u64 inode;
    char comm[TASK_COMM_LEN];
    char name[64];
};
BPF_HASH(calls, u32, struct call_t, 65536);
BPF_RINGBUF_OUTPUT(events, ${ring_pages(128)});

static inline int on_enter(int fd, void *messages, u32 count) {
    u32 tid = bpf_get_current_pid_tgid();
    struct call_t call = { .fd = fd, .count = count, .messages = messages };
    if (!process_should_be_filtered())
        calls.update(&tid, &call);
    return 0;
}

static inline void report_fd(int socket, int fd, u32 is_receipt, u32 unread) {
    struct event_t *event = events.ringbuf_reserve(sizeof(struct event_t));
    if (!event)
        return;
    u64 id = bpf_get_current_pid_tgid();
    struct file *file = file_by_descriptor(fd), *of_socket = file_by_descriptor(socket);
    __builtin_memset(event, 0, sizeof(*event));
    event->ts = bpf_ktime_get_ns();
    event->pid = id >> 32;
    event->tid = id;
    event->is_receipt = is_receipt;
    event->socket = socket;
    event->fd = fd;
    event->unread = unread;
    event->mode = BPF_CORE_READ(file, f_inode, i_mode);
    event->inode = BPF_CORE_READ(file, f_inode, i_ino);
    event->socket_inode = BPF_CORE_READ(of_socket, f_inode, i_ino);
    bpf_get_current_comm(&event->comm, sizeof(event->comm));
    bpf_probe_read_kernel_str(&event->name, sizeof(event->name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
    events.ringbuf_submit(event, 0);
}

static inline void report_message(int socket, void *at, u32 is_receipt) {
    struct user_msghdr message = {};
    bpf_probe_read_user(&message, sizeof(message), at);
    u64 left = message.msg_controllen;
    char *control = message.msg_control;
    for (int i = 0; i < MAX_CONTROLS && left >= sizeof(struct cmsghdr); i++) {
        struct cmsghdr head = {};
        bpf_probe_read_user(&head, sizeof(head), control);
        if (head.cmsg_len < sizeof(head) || head.cmsg_len > left)
            return;
        u32 count = (head.cmsg_len - sizeof(head)) / sizeof(int);
        if (head.cmsg_level == SOL_SOCKET && head.cmsg_type == 1 /* SCM_RIGHTS */)
            for (u32 j = 0; j < MAX_FDS && j < count; j++) {
                int fd = -1;
                bpf_probe_read_user(&fd, sizeof(fd), control + sizeof(head) + j * sizeof(int));
                report_fd(socket, fd, is_receipt, j == MAX_FDS - 1 ? count - MAX_FDS : 0);
            }
        u64 step = (head.cmsg_len + 7) & ~7ULL;
        if (step >= left)
            return;
        control += step;
        left -= step;
    }
}

static inline int on_exit(long ret, u32 is_receipt, u32 is_several) {
    u32 tid = bpf_get_current_pid_tgid();
    struct call_t *call = calls.lookup(&tid);
    if (!call)
        return 0;
    if (ret >= 0 && !is_several)
        report_message(call->fd, call->messages, is_receipt);
    if (is_several)
        for (long i = 0; i < MAX_MESSAGES && i < ret; i++)
            report_message(call->fd, call->messages + i * sizeof(struct mmsghdr), is_receipt);
    calls.delete(&tid);
    return 0;
}

${calls
  .map((call) => {
    const vector = call.includes("mm") ? "mmsg" : "msg";
    const isReceipt = call.startsWith("recv") ? 1 : 0;
    return `TRACEPOINT_PROBE(syscalls, sys_enter_${call}) { return on_enter(args->fd, (void *)args->${vector}, 1); }
TRACEPOINT_PROBE(syscalls, sys_exit_${call}) { return on_exit(args->ret, ${isReceipt}, ${vector === "mmsg" ? 1 : 0}); }`;
  })
  .join("\n")}
`,
});

interface PassedFd {
  readonly ts: bigint;
  readonly pid: number;
  readonly tid: number;
  readonly is_receipt: number;
  readonly socket: number;
  readonly fd: number;
  readonly mode: number;
  readonly unread: number;
  readonly socket_inode: bigint;
  readonly inode: bigint;
  readonly comm: string;
  readonly name: string;
}

/** As /proc names it: only files have names. */
function name_file({ mode, inode, name }: PassedFd): string {
  const type = mode & 0o170000;
  return type === 0o140000 ? `socket:[${inode}]` : type === 0o010000 && name === "" ? `pipe:[${inode}]` : name || "N/A";
}

const rows = new RowPrinter<PassedFd>([
  args.timestamp && elapsed_column<PassedFd>("%-13.9f"),
  { head: "ACTION", format: "%-6s", value: ({ is_receipt }) => (is_receipt ? "RECV" : "SEND") },
  { head: "TID", format: "%-6d", value: "tid" },
  { head: "COMM", format: "%-16s", value: "comm" },
  { head: "SOCKET", format: "%-25s", value: (event) => `${event.socket}:socket:[${event.socket_inode}]` },
  { head: "FD", format: "%-5d", value: "fd" },
  { head: "NAME", format: "%s", value: name_file, name: "name" },
]);
rows.print_header();
b.table<never, PassedFd>("events").open_ring_buffer((event) => {
  if (args.name === undefined || event.comm.includes(args.name)) rows.print(event);
  if (event.unread > 0) eprint(`warning: ${event.unread} more descriptors of that message are not shown`);
});
poll_events(args.duration);
