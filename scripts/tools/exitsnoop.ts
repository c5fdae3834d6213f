// Prints a line for each process that ends, with its age and its exit code or signal.
// Subject: processes
//
//   bpfts exitsnoop                      every process that ends
//   bpfts exitsnoop -x                   those that fail
//   bpfts -c 'sh -c "false"' exitsnoop   what one command starts
//
// Source: BCC's exitsnoop, whose options and columns these are.
import {
  BPF,
  RowPrinter,
  exit,
  filter_by_process,
  json_output,
  parse_args,
  poll_events,
  signal_name,
  strftime,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Trace all process termination (exit, fatal signal)",
  examples: `
examples:
    bpfts exitsnoop                # trace all process termination
    bpfts exitsnoop -x             # trace only fails, exclude exit(0)
    bpfts exitsnoop -t             # include timestamps (local time)
    bpfts exitsnoop --utc          # include timestamps (UTC)
    bpfts exitsnoop -p 181         # only trace PID 181, until it ends
    bpfts exitsnoop --label=exit   # label each output line with 'exit'
    bpfts exitsnoop --per-thread   # trace per thread termination`,
  arguments: {
    timestamp: { flags: ["-t", "--timestamp"], help: "include timestamp (local time default)" },
    utc: { flags: ["--utc"], help: "include timestamp in UTC (-t implied)" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    label: { flags: ["--label"], type: "string", help: "label each line" },
    failed: { flags: ["-x", "--failed"], help: "trace only fails, exclude exit(0)" },
    per_thread: { flags: ["--per-thread"], help: "trace per thread termination" },
    ...tool_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct event_t {
    u64 age_ns;
    u32 pid;
    u32 tid;
    u32 ppid;
    u32 is_wanted;
    u32 is_last_thread;
    u32 code;
    char comm[TASK_COMM_LEN];
};

BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(sched, sched_process_exit) {
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    struct event_t event = { .pid = task->tgid, .tid = task->pid, .code = task->exit_code };
    event.is_last_thread = task->signal->live.counter == 0;
    event.is_wanted = (PER_THREAD || event.pid == event.tid) && !(ONLY_FAILED && event.code == 0);
    if (process_should_be_filtered() || !(event.is_wanted || (UNTIL_END && event.is_last_thread)))
        return 0;
    event.ppid = task->real_parent->tgid;
    event.age_ns = bpf_ktime_get_ns() - task->start_time;
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    events.perf_submit(args, &event, sizeof(event));
    return 0;
}
`,
  cflags: [
    `-DPER_THREAD=${args.per_thread ? 1 : 0}`,
    `-DONLY_FAILED=${args.failed ? 1 : 0}`,
    `-DUNTIL_END=${args.pid === undefined ? 0 : 1}`,
  ],
});

interface ExitEvent {
  readonly age_ns: bigint;
  readonly pid: number;
  readonly tid: number;
  readonly ppid: number;
  readonly is_wanted: number;
  readonly is_last_thread: number;
  readonly code: number;
  readonly comm: string;
}

/** How the process ended, out of what wait(2) tells. */
function describeEnd(code: number): string {
  const signal = code & 0x7f;
  if (signal === 0) return code >> 8 === 0 ? "0" : `code ${code >> 8}`;
  return `signal ${signal} (${signal_name(signal).replace(/^SIG/, "")})${(code & 0x80) !== 0 ? ", core dumped" : ""}`;
}

const isUtc = args.utc;
const zone = isUtc || strftime("%z") === "+0000" ? "UTC" : strftime("%z");
function tellTime(): string {
  const now = new Date();
  return isUtc ? now.toISOString().slice(11, 23) : `${strftime("%H:%M:%S", now)}${now.toISOString().slice(19, 23)}`;
}

const rows = new RowPrinter<ExitEvent>([
  (args.timestamp || isUtc) && { head: `TIME-${zone}`, format: "%-12s", name: "time", value: tellTime },
  args.label !== undefined && { head: "LABEL", format: "%-5s", value: () => args.label || "exit" },
  { head: "PCOMM", format: "%-16s", name: "comm", value: "comm" },
  { head: "PID", format: "%-7d", value: "pid" },
  { head: "PPID", format: "%-7d", value: "ppid" },
  { head: "TID", format: "%-7d", value: "tid" },
  { head: "AGE(s)", format: "%-7.2f", name: "age", value: ({ age_ns }) => Number(age_ns) / 1e9 },
  { head: "EXIT_CODE", format: "%s", value: ({ code }) => describeEnd(code) },
]);

rows.print_header();
b.table<never, ExitEvent>("events").open_perf_buffer(
  (event) => {
    if (event.is_wanted !== 0) rows.print(event);
    if (args.pid !== undefined && event.is_last_thread !== 0) exit(0);
  },
  { by_time: true },
);
poll_events(args.duration);
