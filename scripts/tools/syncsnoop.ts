// Prints a line for each call that writes cached data to disk: sync(), fsync(), fdatasync(), msync() and their like.
// Subject: files
//
//   bpfts syncsnoop              every such call of every process
//   bpfts syncsnoop -p 181       of one process
//   bpfts -c 'sync' syncsnoop    of one command
//
// Source: BCC's syncsnoop, whose columns these are; the process stands beside the call.
import {
  BPF,
  RowPrinter,
  filter_by_process,
  json_output,
  parse_args,
  poll_events,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Trace sync() syscalls",
  examples: `
examples:
    bpfts syncsnoop           # trace sync(), fsync() and their like
    bpfts syncsnoop -p 181    # only trace PID 181`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    ...tool_options,
  },
});
json_output(args.json);

const calls = ["sync", "fsync", "fdatasync", "syncfs", "msync", "sync_file_range"];

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct event_t {
    u64 ts;
    u32 pid;
    u32 call;
    char comm[TASK_COMM_LEN];
};

BPF_PERF_OUTPUT(events);

static inline int on_call(void *ctx, u32 call) {
    if (process_should_be_filtered())
        return 0;
    struct event_t event = { .ts = bpf_ktime_get_ns(), .pid = bpf_get_current_pid_tgid() >> 32, .call = call };
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    events.perf_submit(ctx, &event, sizeof(event));
    return 0;
}
${calls.map((call, index) => `TRACEPOINT_PROBE(syscalls, sys_enter_${call}) { return on_call(args, ${index}); }`).join("\n")}
`,
});

interface SyncEvent {
  readonly ts: bigint;
  readonly pid: number;
  readonly call: number;
  readonly comm: string;
}

const rows = new RowPrinter<SyncEvent>([
  { head: "TIME(s)", format: "%-18.9f", name: "time", value: ({ ts }) => Number(ts) / 1e9 },
  { head: "PID", format: "%-7d", value: "pid" },
  { head: "COMM", format: "%-16s", value: "comm" },
  { head: "CALL", format: "%s", value: ({ call }) => `${calls[call]}()` },
]);

rows.print_header();
b.table<never, SyncEvent>("events").open_perf_buffer((event) => rows.print(event), { by_time: true });
poll_events(args.duration);
