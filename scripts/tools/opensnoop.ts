// Prints a line for each file that a process opens, or fails to open.
// Subject: files
//
//   bpfts opensnoop                 every open of every process
//   bpfts opensnoop -x              failed opens only
//   bpfts -c 'ls /tmp' opensnoop    the opens of one command
//
// Source: BCC's opensnoop, whose options and columns these are.
import {
  BPF,
  RowPrinter,
  elapsed_column,
  filter_by_process,
  json_output,
  open_flags,
  parse_args,
  poll_events,
  tool_options,
  process_id,
  thread_id,
} from "bpfts";
import { ring_pages } from "./parts/ring-pages.ts";

const args = parse_args({
  description: "Trace open() syscalls",
  examples: `
examples:
    bpfts opensnoop                        # trace all open() syscalls
    bpfts opensnoop -T                     # include timestamps
    bpfts opensnoop -U                     # include UID
    bpfts opensnoop -x                     # only show failed opens
    bpfts opensnoop -p 181                 # only trace PID 181
    bpfts opensnoop -t 123                 # only trace TID 123
    bpfts opensnoop -u 1000                # only trace UID 1000
    bpfts opensnoop -d 10                  # trace for 10 seconds only
    bpfts opensnoop -n main                # only print process names containing "main"
    bpfts opensnoop -e                     # show flags and mode
    bpfts opensnoop -f O_WRONLY -f O_RDWR  # only print calls for writing
    bpfts -c 'ls /tmp' opensnoop           # trace one command, and end with it`,
  arguments: {
    timestamp: { flags: ["-T", "--timestamp"], help: "include timestamp on output" },
    print_uid: { flags: ["-U", "--print-uid"], help: "print UID column" },
    failed: { flags: ["-x", "--failed"], help: "only show failed opens" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    tid: { flags: ["-t", "--tid"], type: thread_id, help: "trace this TID only" },
    cgroupmap: { flags: ["--cgroupmap"], type: "string", help: "trace cgroups in this BPF map only" },
    mntnsmap: { flags: ["--mntnsmap"], type: "string", help: "trace mount namespaces in this BPF map only" },
    uid: { flags: ["-u", "--uid"], type: "int", help: "trace this UID only" },
    name: { flags: ["-n", "--name"], type: "string", help: "only print process names containing this name" },
    extended_fields: { flags: ["-e", "--extended_fields"], help: "show extended fields" },
    flag_filter: {
      flags: ["-f", "--flag_filter"],
      type: "string",
      repeat: true,
      choices: Object.keys(open_flags) as (keyof typeof open_flags)[],
      metavar: "FLAG",
      help: "filter on flags argument (e.g., O_WRONLY)",
    },
    buffer_pages: {
      flags: ["-b", "--buffer-pages"],
      type: "int",
      default: 128,
      help: "pages of the ring buffer for each CPU, a power of two (default %(default)s)",
    },
    ...tool_options,
    duration: { flags: ["-d", "--duration"], type: "float", help: "total duration of trace in seconds" },
  },
});
json_output(args.json);

const wantedFlags = args.flag_filter.reduce<number>((flags, name) => flags | open_flags[name], 0);
/** Whatever is not an exact access mode is a bit. */
const flagCondition = args.flag_filter.length === 0 ? "0" : `!(flags & ${wantedFlags})`;

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct open_t {
    const char *name;
    int flags;
    u32 mode;
};

struct event_t {
    u64 ts;
    u32 pid;
    u32 tid;
    u32 uid;
    int ret;
    int fd;
    int err;
    int flags;
    u32 mode;
    char comm[TASK_COMM_LEN];
    char path[NAME_MAX + 1];
};

BPF_HASH(opens, u32, struct open_t, 10240);
BPF_RINGBUF_OUTPUT(events, BUFFER_PAGES);

static inline int on_enter(const char *name, int flags, u32 mode) {
    u32 tid = bpf_get_current_pid_tgid();
    if (UID_UNWANTED || FLAGS_UNWANTED || process_should_be_filtered())
        return 0;
    struct open_t open = { .name = name, .flags = flags, .mode = mode };
    opens.update(&tid, &open);
    return 0;
}

static inline int on_exit(long ret) {
    u64 id = bpf_get_current_pid_tgid();
    u32 tid = id;
    struct open_t *open = opens.lookup(&tid);
    if (!open)
        return 0;
    if (!ONLY_FAILED || ret < 0) {
        struct event_t *event = events.ringbuf_reserve(sizeof(struct event_t));
        if (event) {
            event->ts = bpf_ktime_get_ns();
            event->pid = id >> 32;
            event->tid = tid;
            event->uid = bpf_get_current_uid_gid();
            event->ret = ret;
            event->fd = ret >= 0 ? ret : -1;
            event->err = ret >= 0 ? 0 : -ret;
            event->flags = open->flags;
            event->mode = open->mode;
            bpf_get_current_comm(&event->comm, sizeof(event->comm));
            event->path[0] = 0;
            bpf_probe_read_user_str(&event->path, sizeof(event->path), open->name);
            events.ringbuf_submit(event, 0);
        }
    }
    opens.delete(&tid);
    return 0;
}

#ifdef HAVE_OPEN
TRACEPOINT_PROBE(syscalls, sys_enter_open) { return on_enter((const char *)args->filename, args->flags, args->mode); }
TRACEPOINT_PROBE(syscalls, sys_exit_open) { return on_exit(args->ret); }
#endif
TRACEPOINT_PROBE(syscalls, sys_enter_openat) { return on_enter((const char *)args->filename, args->flags, args->mode); }
TRACEPOINT_PROBE(syscalls, sys_exit_openat) { return on_exit(args->ret); }
#ifdef HAVE_CREAT
TRACEPOINT_PROBE(syscalls, sys_enter_creat) { return on_enter((const char *)args->pathname, CREAT_FLAGS, args->mode); }
TRACEPOINT_PROBE(syscalls, sys_exit_creat) { return on_exit(args->ret); }
#endif
#ifdef HAVE_OPENAT2
TRACEPOINT_PROBE(syscalls, sys_enter_openat2) {
    struct open_how how = {};
    bpf_probe_read_user(&how, sizeof(how), (const void *)args->how);
    return on_enter((const char *)args->filename, how.flags, how.mode);
}
TRACEPOINT_PROBE(syscalls, sys_exit_openat2) { return on_exit(args->ret); }
#endif
`,
  cflags: [
    `-DBUFFER_PAGES=${ring_pages(args.buffer_pages)}`,
    `-DUID_UNWANTED=(${args.uid === undefined ? "0" : `(u32)bpf_get_current_uid_gid() != ${args.uid}`})`,
    `-DFLAGS_UNWANTED=(${flagCondition})`,
    `-DONLY_FAILED=${args.failed ? 1 : 0}`,
    ...(BPF.tracepoint_exists("syscalls", "sys_enter_open") ? ["-DHAVE_OPEN"] : []),
    `-DCREAT_FLAGS=${open_flags.O_CREAT | open_flags.O_WRONLY | open_flags.O_TRUNC}`,
    ...(BPF.tracepoint_exists("syscalls", "sys_enter_creat") ? ["-DHAVE_CREAT"] : []),
    ...(BPF.tracepoint_exists("syscalls", "sys_enter_openat2") ? ["-DHAVE_OPENAT2"] : []),
  ],
});

interface OpenEvent {
  readonly ts: bigint;
  readonly pid: number;
  readonly tid: number;
  readonly uid: number;
  readonly ret: number;
  readonly fd: number;
  readonly err: number;
  readonly flags: number;
  readonly mode: number;
  readonly comm: string;
  readonly path: string;
}

const hasMode = (flags: number): boolean => (flags & (open_flags.O_CREAT | 0o20000000)) !== 0;
const octal = (value: number, width: number): string => (value >>> 0).toString(8).padStart(width, "0");

const rows = new RowPrinter<OpenEvent>([
  args.timestamp && elapsed_column<OpenEvent>("%-13.9f"),
  args.print_uid && { head: "UID", format: "%-5d", value: "uid" },
  args.tid !== undefined
    ? { head: "TID", format: "%-6d", value: "tid" as const }
    : { head: "PID", format: "%-6d", value: "pid" as const },
  { head: "COMM", format: "%-16s", value: "comm" },
  { head: "FD", format: "%4d", value: "fd" },
  { head: "ERR", format: "%3d", value: "err" },
  args.extended_fields && { head: "FLAGS", format: "%-8s", value: ({ flags }) => octal(flags, 8) },
  args.extended_fields && {
    head: "MODE",
    format: "%-4s",
    value: ({ flags, mode }) => (hasMode(flags) ? octal(mode, 4) : "n/a"),
  },
  { head: "PATH", format: "%s", value: "path" },
]);

rows.print_header();
const { name } = args;
const events = b.table<never, OpenEvent>("events");
if (name === undefined) events.print_rows(rows);
else
  events.open_ring_buffer((event) => {
    if (event.comm.includes(name)) rows.print(event);
  });
poll_events(args.duration);
