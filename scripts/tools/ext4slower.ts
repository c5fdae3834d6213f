// Prints a line for each read, write, open and fsync of ext4 that takes longer than a threshold.
// Subject: files
//
//   bpfts ext4slower       what takes more than 10 ms
//   bpfts ext4slower 0     every one
//
// Source: BCC's ext4slower, whose options and columns these are.
import {
  BPF,
  RowPrinter,
  filter_by_process,
  is_json_output,
  json_output,
  parse_args,
  poll_events,
  printf,
  time_column,
  tool_options,
  process_id,
} from "bpfts";
import { ext4_calls } from "./parts/ext4-calls.ts";

const args = parse_args({
  description: "Trace common ext4 file operations slower than a threshold",
  examples: `
examples:
    bpfts ext4slower             # trace operations slower than 10 ms (default)
    bpfts ext4slower 1           # trace operations slower than 1 ms
    bpfts ext4slower -j 1        # ... 1 ms, parsable output (csv)
    bpfts ext4slower 0           # trace all operations (warning: verbose)
    bpfts ext4slower -p 185      # trace PID 185 only`,
  arguments: {
    csv: { flags: ["-j", "--csv"], help: "just print fields: comma-separated values" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    min_ms: { type: "float", default: 10, help: "minimum I/O duration to trace, in ms (default 10)" },
    ...tool_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${ext4_calls()}
struct event_t {
    u64 ts;
    u64 span_ns;
    u64 offset;
    s64 bytes;
    u32 pid;
    u32 operation;
    char comm[TASK_COMM_LEN];
    char file[NAME_MAX + 1];
};

BPF_PERF_OUTPUT(events);

static inline void on_ext4_call(void *ctx, struct ext4_call_t *call, u32 operation, long ret) {
    struct event_t event = { .ts = bpf_ktime_get_ns(), .offset = call->offset, .bytes = ret, .operation = operation };
    event.span_ns = event.ts - call->ts;
    if (event.span_ns <= MIN_NS)
        return;
    struct dentry *entry = call->file->f_path.dentry;
    bpf_probe_read_kernel_str(&event.file, sizeof(event.file), entry->d_name.name);
    event.pid = bpf_get_current_pid_tgid() >> 32;
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    events.perf_submit(ctx, &event, sizeof(event));
}
`,
  cflags: [`-DMIN_NS=${Math.max(0, Math.round(args.min_ms * 1e6))}ULL`],
});

interface SlowEvent {
  readonly ts: bigint;
  readonly span_ns: bigint;
  readonly offset: bigint;
  readonly bytes: bigint;
  readonly pid: number;
  readonly operation: number;
  readonly comm: string;
  readonly file: string;
}

const type = ({ operation }: SlowEvent): string => "RWOS"[operation]!;
const rows = args.csv
  ? new RowPrinter<SlowEvent>(
      [
        { head: "ENDTIME_us", format: "%d", value: ({ ts }) => ts / 1000n },
        { head: "TASK", format: "%s", value: "comm" },
        { head: "PID", format: "%d", value: "pid" },
        { head: "TYPE", format: "%s", value: type },
        { head: "BYTES", format: "%d", value: "bytes" },
        { head: "OFFSET_b", format: "%d", value: "offset" },
        { head: "LATENCY_us", format: "%d", value: ({ span_ns }) => span_ns / 1000n },
        { head: "FILE", format: "%s", value: "file" },
      ],
      { csv: true },
    )
  : new RowPrinter<SlowEvent>([
      time_column(),
      { head: "COMM", format: "%-14.14s", value: "comm" },
      { head: "PID", format: "%-6d", value: "pid" },
      { head: "T", format: "%1s", name: "type", value: type },
      { head: "BYTES", format: "%-7d", value: "bytes" },
      { head: "OFF_KB", format: "%-8d", value: ({ offset }) => offset / 1024n },
      { head: "LAT(ms)", format: "%7.2f", name: "ms", value: ({ span_ns }) => Number(span_ns) / 1e6 },
      { head: "FILENAME", format: "%s", value: "file" },
    ]);
if (!args.csv && !is_json_output())
  printf(args.min_ms === 0 ? "Tracing ext4 operations\n" : "Tracing ext4 operations slower than %g ms\n", args.min_ms);
rows.print_header();
b.table<never, SlowEvent>("events").open_perf_buffer((event) => rows.print(event), { page_cnt: 64, by_time: true });
poll_events(args.duration);
