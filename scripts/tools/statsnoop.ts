// Prints a line for each file whose status a process asks for, by stat(), statx(), statfs() and their like.
// Subject: files
//
//   bpfts statsnoop                 every stat() of every process
//   bpfts statsnoop -x              failed ones only
//   bpfts -c 'ls -l /' statsnoop    those of one command
//
// Source: BCC's statsnoop, whose options and columns these are. It sees newfstatat(), by which today's programs call stat(), too.
import {
  BPF,
  RowPrinter,
  elapsed_column,
  filter_by_process,
  json_output,
  parse_args,
  poll_events,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Trace stat() syscalls",
  examples: `
examples:
    bpfts statsnoop           # trace all stat() syscalls
    bpfts statsnoop -t        # include timestamps
    bpfts statsnoop -x        # only show failed stats
    bpfts statsnoop -p 181    # only trace PID 181`,
  arguments: {
    timestamp: { flags: ["-t", "--timestamp"], help: "include timestamp on output" },
    failed: { flags: ["-x", "--failed"], help: "only show failed stats" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    ...tool_options,
  },
});
json_output(args.json);

/** System calls with their path and flags. Architectures lack the older ones. */
const calls = Object.entries({
  newstat: "filename, 0",
  newlstat: "filename, 0",
  newfstatat: "filename, args->flag",
  statx: "filename, args->flags",
  statfs: "pathname, 0",
}).filter(([call]) => BPF.tracepoint_exists("syscalls", `sys_enter_${call}`));

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct event_t {
    u64 ts;
    u32 pid;
    int ret;
    char comm[TASK_COMM_LEN];
    char path[NAME_MAX + 1];
};

BPF_HASH(paths, u32, const char *, 10240);
BPF_PERF_OUTPUT(events);

static inline int on_enter(const char *path, int flags) {
    u32 tid = bpf_get_current_pid_tgid();
    char start = 1;
    if (process_should_be_filtered())
        return 0;
    // With this flag and no path the call is fstat().
    if (flags & AT_EMPTY_PATH)
        bpf_probe_read_user(&start, sizeof(start), path);
    if (start)
        paths.update(&tid, &path);
    return 0;
}

static inline int on_exit(void *ctx, long ret) {
    u64 id = bpf_get_current_pid_tgid();
    u32 tid = id;
    const char **path = paths.lookup(&tid);
    if (!path)
        return 0;
    if (!ONLY_FAILED || ret < 0) {
        struct event_t event = { .ts = bpf_ktime_get_ns(), .pid = id >> 32, .ret = ret };
        bpf_get_current_comm(&event.comm, sizeof(event.comm));
        bpf_probe_read_user_str(&event.path, sizeof(event.path), *path);
        events.perf_submit(ctx, &event, sizeof(event));
    }
    paths.delete(&tid);
    return 0;
}
${calls
  .map(
    ([call, values]) => `
TRACEPOINT_PROBE(syscalls, sys_enter_${call}) { return on_enter((const char *)args->${values}); }
TRACEPOINT_PROBE(syscalls, sys_exit_${call}) { return on_exit(args, args->ret); }`,
  )
  .join("")}
`,
  cflags: [`-DONLY_FAILED=${args.failed ? 1 : 0}`],
});

interface StatEvent {
  readonly ts: bigint;
  readonly pid: number;
  readonly ret: number;
  readonly comm: string;
  readonly path: string;
}

const rows = new RowPrinter<StatEvent>([
  args.timestamp && elapsed_column<StatEvent>("%-13.9f"),
  { head: "PID", format: "%-7d", value: "pid" },
  { head: "COMM", format: "%-16s", value: "comm" },
  { head: "FD", format: "%4d", value: ({ ret }) => (ret >= 0 ? ret : -1) },
  { head: "ERR", format: "%3d", value: ({ ret }) => (ret >= 0 ? 0 : -ret) },
  { head: "PATH", format: "%s", value: "path" },
]);

rows.print_header();
b.table<never, StatEvent>("events").open_perf_buffer((event) => rows.print(event), { page_cnt: 64, by_time: true });
poll_events(args.duration);
