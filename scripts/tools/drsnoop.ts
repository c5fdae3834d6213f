// Prints a line each time a process has to reclaim memory itself before it gets some, with how long that took.
// Subject: memory
//
//   bpfts drsnoop         every direct reclaim
//   bpfts drsnoop -v      with the memory that is free
//
// Source: BCC's drsnoop, whose options and columns these are. FREE(KB) is read from /proc/meminfo when the line is printed; BCC reads the kernel's counters when the reclaim begins.
import {
  BPF,
  RowPrinter,
  elapsed_column,
  filter_by_process,
  json_output,
  parse_args,
  poll_events,
  read_file,
  tool_options,
  process_id,
  thread_id,
} from "bpfts";

const args = parse_args({
  description: "Trace direct reclaim",
  examples: `
examples:
    bpfts drsnoop           # trace all direct reclaim
    bpfts drsnoop -T        # include timestamps
    bpfts drsnoop -U        # include UID
    bpfts drsnoop -p 181    # only trace PID 181
    bpfts drsnoop -t 123    # only trace TID 123
    bpfts drsnoop -u 1000   # only trace UID 1000
    bpfts drsnoop -d 10     # trace for 10 seconds only
    bpfts drsnoop -n main   # only print process names containing "main"`,
  arguments: {
    timestamp: { flags: ["-T", "--timestamp"], help: "include timestamp on output" },
    print_uid: { flags: ["-U", "--print-uid"], help: "print UID column" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    tid: { flags: ["-t", "--tid"], type: thread_id, help: "trace this TID only" },
    uid: { flags: ["-u", "--uid"], type: "int", help: "trace this UID only" },
    name: { flags: ["-n", "--name"], type: "string", help: "only print process names containing this name" },
    verbose: { flags: ["-v", "--verbose"], help: "show system memory state" },
    ...tool_options,
    duration: { flags: ["-d", "--duration"], type: "float", help: "total duration of trace in seconds" },
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct event_t {
    u64 ts;
    u64 span_ns;
    u64 pages;
    u32 pid;
    u32 tid;
    u32 uid;
    char comm[TASK_COMM_LEN];
};

BPF_HASH(starts, u32, u64);
BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(vmscan, mm_vmscan_direct_reclaim_begin) {
    u32 tid = bpf_get_current_pid_tgid();
    u64 now = bpf_ktime_get_ns();
    if (!UID_UNWANTED && !process_should_be_filtered())
        starts.update(&tid, &now);
    return 0;
}

TRACEPOINT_PROBE(vmscan, mm_vmscan_direct_reclaim_end) {
    u64 id = bpf_get_current_pid_tgid();
    u32 tid = id;
    u64 *start = starts.lookup(&tid);
    if (!start)
        return 0;
    struct event_t event = { .ts = bpf_ktime_get_ns(), .pid = id >> 32, .tid = tid, .pages = args->nr_reclaimed };
    event.span_ns = event.ts - *start;
    event.uid = bpf_get_current_uid_gid();
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    events.perf_submit(args, &event, sizeof(event));
    starts.delete(&tid);
    return 0;
}
`,
  cflags: [`-DUID_UNWANTED=${args.uid === undefined ? "0" : `((u32)bpf_get_current_uid_gid() != ${args.uid})`}`],
});

interface ReclaimEvent {
  readonly ts: bigint;
  readonly span_ns: bigint;
  readonly pages: bigint;
  readonly pid: number;
  readonly tid: number;
  readonly uid: number;
  readonly comm: string;
}

const readFreeKb = (): number => Number(/^MemFree: *(\d+) kB/m.exec(read_file("/proc/meminfo"))?.[1] ?? 0);

const rows = new RowPrinter<ReclaimEvent>([
  args.timestamp && elapsed_column<ReclaimEvent>("%-13.9f"),
  args.print_uid && { head: "UID", format: "%-5d", value: "uid" },
  { head: "COMM", format: "%-14.14s", value: "comm" },
  args.tid === undefined
    ? { head: "PID", format: "%-6d", value: "pid" as const }
    : { head: "TID", format: "%-6d", value: "tid" as const },
  { head: "LAT(ms)", format: "%8.2f", name: "ms", value: ({ span_ns }) => Number(span_ns) / 1e6 },
  { head: "PAGES", format: "%5d", value: "pages" },
  args.verbose && { head: "FREE(KB)", format: "%9d", name: "free_kb", value: readFreeKb },
]);
rows.print_header();
b.table<never, ReclaimEvent>("events").open_perf_buffer(
  (event) => {
    if (args.name === undefined || event.comm.includes(args.name)) rows.print(event);
  },
  { page_cnt: 64, by_time: true },
);
poll_events(args.duration);
