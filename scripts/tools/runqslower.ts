// Prints a line for each task that had to wait long in a run queue for its turn on a CPU.
// Subject: CPUs
//
//   bpfts runqslower                waits of more than 10 milliseconds
//   bpfts runqslower 1000           waits of more than 1000 microseconds
//   bpfts runqslower -P             with the task that had the CPU before
//   bpfts -c 'make -j8' runqslower  the waits of one command
//
// Source: BCC's runqslower, whose options and columns these are.
import {
  BPF,
  RowPrinter,
  filter_by_process,
  is_json_output,
  json_output,
  parse_args,
  poll_events,
  printf,
  process_id,
  thread_id,
} from "bpfts";
import { time_column, tool_options } from "bpfts";
import { run_queue_waits } from "./parts/run-queue-waits.ts";

const args = parse_args({
  description: "Trace high run queue latency",
  examples: `
examples:
    bpfts runqslower         # trace run queue latency higher than 10000 us (default)
    bpfts runqslower 1000    # trace run queue latency higher than 1000 us
    bpfts runqslower -p 123  # trace pid 123
    bpfts runqslower -t 123  # trace tid 123 (use for threads only)
    bpfts runqslower -P      # also show previous task comm and TID`,
  arguments: {
    min_us: { type: "int", default: 10000, help: "minimum run queue latency to trace, in us (default %(default)s)" },
    previous: { flags: ["-P", "--previous"], help: "also show previous task name and TID" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    tid: { flags: ["-t", "--tid"], type: thread_id, help: "trace this TID only" },
    ...tool_options,
  },
  exclusive: [["pid", "tid"]],
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${run_queue_waits}
struct event_t {
    u32 tid;
    u32 prev_tid;
    char comm[TASK_COMM_LEN];
    char prev_comm[TASK_COMM_LEN];
    u64 delta_us;
};

BPF_PERF_OUTPUT(events);

static inline void on_run(void *ctx, struct task_struct *prev, struct task_struct *next, u64 waited_ns) {
    struct event_t event = { .tid = next->pid, .prev_tid = prev->pid, .delta_us = waited_ns / 1000 };
    if (MIN_US && event.delta_us <= MIN_US)
        return;
    bpf_probe_read_kernel_str(&event.comm, sizeof(event.comm), next->comm);
    bpf_probe_read_kernel_str(&event.prev_comm, sizeof(event.prev_comm), prev->comm);
    events.perf_submit(ctx, &event, sizeof(event));
}
`,
  cflags: [`-DMIN_US=${args.min_us}`],
});

interface Wait {
  readonly tid: number;
  readonly prev_tid: number;
  readonly comm: string;
  readonly prev_comm: string;
  readonly delta_us: bigint;
}

if (!is_json_output()) printf("Tracing run queue latency higher than %d us\n", args.min_us);
const rows = new RowPrinter<Wait>([
  time_column(),
  { head: "COMM", format: "%-16s", value: "comm" },
  { head: "TID", format: "%-6d", value: "tid" },
  { head: "LAT(us)", format: "%14d", value: "delta_us" },
  args.previous && { head: "PREV COMM", format: "%-16s", value: "prev_comm" },
  args.previous && { head: "PREV TID", format: "%-6d", value: "prev_tid" },
]);
rows.print_header();
b.table<never, Wait>("events").open_perf_buffer((event) => rows.print(event), { page_cnt: 64, by_time: true });
poll_events(args.duration);
