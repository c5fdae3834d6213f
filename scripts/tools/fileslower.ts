// Prints a line for each read or write of a file that takes longer than a threshold.
// Subject: files
//
//   bpfts fileslower                what takes more than 10 ms
//   bpfts fileslower 0              every read and write
//
// Source: BCC's fileslower, whose options and columns these are. It takes the tracepoints of the system calls, so that no kprobes are needed, and prints the bytes that were read and written, where BCC prints those
// that were asked for.
import {
  BPF,
  RowPrinter,
  filter_by_process,
  is_json_output,
  json_output,
  monotonic_ns,
  parse_args,
  poll_events,
  printf,
  tool_options,
  process_id,
} from "bpfts";
import { file_calls, show_name } from "./parts/file-calls.ts";
import type { FileName } from "./parts/file-calls.ts";

const args = parse_args({
  description: "Trace slow synchronous file reads and writes",
  examples: `
examples:
    bpfts fileslower             # trace sync file I/O slower than 10 ms (default)
    bpfts fileslower 1           # trace sync file I/O slower than 1 ms
    bpfts fileslower -p 185      # trace PID 185 only`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    all_files: { flags: ["-a", "--all-files"], help: "include non-regular file types (sockets, FIFOs, etc)" },
    min_ms: { type: "float", default: 10, help: "minimum I/O duration to trace, in ms (default 10)" },
    ...tool_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${file_calls}
struct event_t {
    u64 ts;
    u64 span_ns;
    s64 bytes;
    u32 tid;
    u32 is_write;
    struct name_t name;
    char comm[TASK_COMM_LEN];
};

BPF_PERF_OUTPUT(events);

static inline void on_file_call(void *ctx, struct file_call_t *call, long ret) {
    struct event_t event = { .ts = bpf_ktime_get_ns(), .bytes = ret, .is_write = call->is_write };
    event.span_ns = event.ts - call->ts;
    if (event.span_ns < MIN_NS)
        return;
    event.tid = bpf_get_current_pid_tgid();
    read_name(&event.name, call->file);
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    events.perf_submit(ctx, &event, sizeof(event));
}
`,
  cflags: [`-DALL_FILES=${args.all_files ? 1 : 0}`, `-DMIN_NS=${Math.max(0, Math.round(args.min_ms * 1e6))}ULL`],
});

interface SlowEvent {
  readonly ts: bigint;
  readonly span_ns: bigint;
  readonly bytes: bigint;
  readonly tid: number;
  readonly is_write: number;
  readonly name: FileName;
  readonly comm: string;
}

const started = monotonic_ns();
const rows = new RowPrinter<SlowEvent>([
  { head: "TIME(s)", format: "%-8.3f", name: "seconds", value: ({ ts }) => Number(ts - started) / 1e9 },
  { head: "COMM", format: "%-14.14s", value: "comm" },
  { head: "TID", format: "%-6d", value: "tid" },
  { head: "D", format: "%1s", name: "direction", value: ({ is_write }) => (is_write === 1 ? "W" : "R") },
  { head: "BYTES", format: "%-7d", value: "bytes" },
  { head: "LAT(ms)", format: "%7.2f", name: "ms", value: ({ span_ns }) => Number(span_ns) / 1e6 },
  { head: "FILENAME", format: "%s", value: ({ name }) => show_name(name) },
]);
if (!is_json_output()) printf("Tracing sync read/writes slower than %g ms\n", args.min_ms);
rows.print_header();
b.table<never, SlowEvent>("events").open_perf_buffer((event) => rows.print(event), { page_cnt: 64, by_time: true });
poll_events(args.duration);
