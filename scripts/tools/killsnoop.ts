// Prints a line for each signal that a process sends by kill().
// Subject: processes
//
//   bpfts killsnoop          every kill() of every process
//   bpfts killsnoop -x       failed ones only
//   bpfts killsnoop -s 9,15  these signals only
//
// Source: BCC's killsnoop, whose options and columns these are.
import {
  BPF,
  RowPrinter,
  filter_by_process,
  json_output,
  parse_args,
  poll_events,
  time_column,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Trace signals issued by the kill() syscall",
  examples: `
examples:
    bpfts killsnoop           # trace all kill() signals
    bpfts killsnoop -x        # only show failed kills
    bpfts killsnoop -p 181    # only trace PID 181
    bpfts killsnoop -T 189    # only trace target PID 189
    bpfts killsnoop -s 9      # only trace signal 9`,
  arguments: {
    failed: { flags: ["-x", "--failed"], help: "only show failed kill syscalls" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only which is the sender of signal" },
    tpid: {
      flags: ["-T", "--tpid"],
      type: "int",
      help: "trace this target PID only which is the receiver of signal",
    },
    signal: { flags: ["-s", "--signal"], type: "string", help: "trace this signal only, or these: 9,15" },
    ...tool_options,
  },
});
json_output(args.json);

const signals = args.signal?.split(",").map(Number) ?? [];
const conditions = [
  ...(args.tpid !== undefined ? [`target != ${args.tpid}`] : []),
  ...(signals.length > 0 ? [`(${signals.map((signal) => `signal != ${signal}`).join(" && ")})`] : []),
];

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct kill_t {
    int target;
    int signal;
};

struct event_t {
    u32 pid;
    int target;
    int signal;
    int ret;
    char comm[TASK_COMM_LEN];
};

BPF_HASH(kills, u32, struct kill_t);
BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_enter_kill) {
    u32 tid = bpf_get_current_pid_tgid();
    int target = args->pid, signal = args->sig;
    if (UNWANTED || process_should_be_filtered())
        return 0;
    struct kill_t kill = { .target = target, .signal = signal };
    kills.update(&tid, &kill);
    return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_kill) {
    u64 id = bpf_get_current_pid_tgid();
    u32 tid = id;
    struct kill_t *kill = kills.lookup(&tid);
    if (!kill)
        return 0;
    if (!ONLY_FAILED || args->ret < 0) {
        struct event_t event = { .pid = id >> 32, .target = kill->target, .signal = kill->signal, .ret = args->ret };
        bpf_get_current_comm(&event.comm, sizeof(event.comm));
        events.perf_submit(args, &event, sizeof(event));
    }
    kills.delete(&tid);
    return 0;
}
`,
  cflags: [`-DUNWANTED=(${conditions.join("||") || "0"})`, `-DONLY_FAILED=${args.failed ? 1 : 0}`],
});
const events = b.get_table("events");

interface KillEvent {
  readonly pid: number;
  readonly target: number;
  readonly signal: number;
  readonly ret: number;
  readonly comm: string;
}

const rows = new RowPrinter<KillEvent>([
  time_column("%-9s"),
  { head: "PID", format: "%-6d", value: "pid" },
  { head: "COMM", format: "%-16s", value: "comm" },
  { head: "SIG", format: "%-4d", value: "signal" },
  { head: "TPID", format: "%-6d", value: "target" },
  { head: "RESULT", format: "%d", value: "ret" },
]);

rows.print_header();
events.open_perf_buffer((event) => rows.print(event), { by_time: true });
poll_events(args.duration);
