// Prints a line for each call of a function that takes longer than a threshold.
// Subject: functions
//
//   bpfts funcslower vfs_write              calls of a kernel function above 1 ms
//   bpfts -c ./job funcslower -u 10 c:open  calls of a function of libc above 10 us, in one command
//   bpfts funcslower -a 2 c:open            with the first two arguments
//
// Source: BCC's funcslower, whose options and columns these are. Calls within calls are told apart.
import {
  RowPrinter,
  StackPrinter,
  filter_by_process,
  is_json_output,
  json_output,
  parse_args,
  process_id,
} from "bpfts";
import { poll_events, positive_int, positive_seconds, print, printf, strftime, tool_options } from "bpfts";
import { read_place } from "./parts/probe-place.ts";
import { ProbeProgram, attach_place } from "./parts/probe-program.ts";
import { ProbeText } from "./parts/probe-text.ts";

const args = parse_args({
  description: "Trace slow kernel or user function calls.",
  examples: `
examples:
    bpfts funcslower vfs_write        # trace vfs_write calls slower than 1ms
    bpfts funcslower -m 10 vfs_write  # same, but slower than 10ms
    bpfts funcslower -u 10 c:open     # trace open calls slower than 10us
    bpfts funcslower -p 135 c:open    # trace pid 135 only
    bpfts funcslower c:malloc c:free  # trace both malloc and free slower than 1ms
    bpfts funcslower -a 2 c:open      # show first two arguments to open
    bpfts funcslower -UK -m 10 c:open # show user and kernel stacks of open calls slower than 10ms
    bpfts funcslower -f -UK c:open    # output in folded format for flame graphs`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    min_ms: { flags: ["-m", "--min-ms"], type: positive_seconds, help: "minimum duration to trace (ms)" },
    min_us: { flags: ["-u", "--min-us"], type: positive_seconds, help: "minimum duration to trace (us)" },
    arguments: { flags: ["-a", "--arguments"], type: positive_int, help: "print this many entry arguments, as hex" },
    time: { flags: ["-T", "--time"], help: "show HH:MM:SS timestamp" },
    timestamp: { flags: ["-t", "--timestamp"], help: "show timestamp in seconds at us resolution" },
    verbose: { flags: ["-v", "--verbose"], help: "print the BPF program for debugging purposes" },
    folded: { flags: ["-f", "--folded"], help: "output folded format, one line per stack (for flame graphs)" },
    user_stack: { flags: ["-U", "--user-stack"], help: "output user stack trace" },
    kernel_stack: { flags: ["-K", "--kernel-stack"], help: "output kernel stack trace" },
    ...tool_options,
    functions: { repeat: true, optional: false, metavar: "function", help: "function(s) to trace" },
  },
  exclusive: [["min_ms", "min_us"]],
});
json_output(args.json);

const unit = args.min_us === undefined ? "ms" : "us";
const unitNs = unit === "us" ? 1e3 : 1e6;
const least = args.min_us ?? args.min_ms ?? 1;
const functions = args.functions.map((text) => {
  const probe: ProbeText = new ProbeText(text);
  const place = read_place(probe, probe.cut(0));
  if (place.kind !== "p") probe.fail(0, "it names no function", "give FUNCTION or LIBRARY:FUNCTION");
  return { text, probe, place };
});

const program = new ProbeProgram().add(`${filter_by_process(args)}
#define LEVELS 32
struct level_t { u32 tid; u32 level; };
struct event_t {
    u64 start_ns;
    u64 duration_ns;
    u64 retval;
    u64 args[6];
    u32 id;
    u32 pid;
    int user_stack_id;
    int kernel_stack_id;
    char comm[TASK_COMM_LEN];
};
BPF_HASH(levels, u32, u32, 65536);
BPF_HASH(calls, struct level_t, struct event_t, 65536);
BPF_STACK_TRACE(stacks, 16384);
BPF_PERF_OUTPUT(events);
const volatile u64 least_ns = ${Math.floor(least * unitNs)};

static inline int on_entry(struct pt_regs *ctx, u32 id) {
    struct level_t level = { .tid = bpf_get_current_pid_tgid() };
    if (process_should_be_filtered())
        return 0;
    u32 zero = 0, *depth = levels.lookup_or_try_init(&level.tid, &zero);
    if (!depth)
        return 0;
    level.level = (*depth)++;
    if (level.level >= LEVELS)
        return 0;
    struct event_t call = { .id = id, .pid = bpf_get_current_pid_tgid() >> 32 };
    call.args[0] = PT_REGS_PARM1(ctx);
    call.args[1] = PT_REGS_PARM2(ctx);
    call.args[2] = PT_REGS_PARM3(ctx);
    call.args[3] = PT_REGS_PARM4(ctx);
    call.args[4] = PT_REGS_PARM5(ctx);
    call.args[5] = PT_REGS_PARM6(ctx);
    call.user_stack_id = ${args.user_stack ? "stacks.get_stackid(ctx, BPF_F_USER_STACK)" : "-EFAULT"};
    call.kernel_stack_id = ${args.kernel_stack ? "stacks.get_stackid(ctx, 0)" : "-EFAULT"};
    call.start_ns = bpf_ktime_get_ns();
    calls.update(&level, &call);
    return 0;
}

int on_return(struct pt_regs *ctx) {
    u64 now = bpf_ktime_get_ns();
    struct level_t level = { .tid = bpf_get_current_pid_tgid() };
    u32 *depth = levels.lookup(&level.tid);
    // It was called before the trace began.
    if (!depth)
        return 0;
    level.level = --*depth;
    if (level.level == 0)
        levels.delete(&level.tid);
    struct event_t *call = calls.lookup(&level);
    if (!call)
        return 0;
    call->duration_ns = now - call->start_ns;
    if (call->duration_ns >= least_ns) {
        call->retval = PT_REGS_RC(ctx);
        bpf_get_current_comm(&call->comm, sizeof(call->comm));
        events.perf_submit(ctx, call, sizeof(*call));
    }
    calls.delete(&level);
    return 0;
}
${functions.map((_, id) => `int on_entry_${id}(struct pt_regs *ctx) { return on_entry(ctx, ${id}); }`).join("\n")}`);
if (args.verbose) print(program.text);
const b = program.load([]);
for (const [id, { probe, place }] of functions.entries()) {
  attach_place(b, probe, { ...place, kind: "r" }, "on_return", args.pid);
  attach_place(b, probe, place, `on_entry_${id}`, args.pid);
}

interface SlowCall {
  readonly start_ns: bigint;
  readonly duration_ns: bigint;
  readonly retval: bigint;
  readonly args: readonly bigint[];
  readonly id: number;
  readonly pid: number;
  readonly user_stack_id: number;
  readonly kernel_stack_id: number;
  readonly comm: string;
}
let first: bigint | undefined;
const timeOf = ({ start_ns }: SlowCall): string =>
  args.time ? strftime("%H:%M:%S") : (Number(start_ns - (first ??= start_ns)) / 1e9).toFixed(6);
const rows = new RowPrinter<SlowCall>([
  (args.time || args.timestamp) && { head: "TIME", format: "%-10s", value: timeOf },
  { head: "COMM", format: "%-14.14s", value: "comm" },
  { head: "PID", format: "%-6d", value: "pid" },
  { head: `LAT(${unit})`, format: "%7.2f", name: `latency_${unit}`, value: (row) => Number(row.duration_ns) / unitNs },
  { head: "RVAL", format: "%16x", value: "retval", name: "retval" },
  { head: "FUNC", format: "%s", value: ({ id }) => functions[id]!.text },
  args.arguments !== undefined && {
    head: "ARGS",
    format: "%s",
    value: (row) =>
      row.args
        .slice(0, args.arguments)
        .map((value) => `0x${value.toString(16)}`)
        .join(" "),
  },
]);
const stacks = new StackPrinter(b.table("stacks") as never, { delimited: true });

if (!args.folded && !is_json_output()) {
  printf("Tracing function calls slower than %g %s... Ctrl+C to quit.\n", least, unit);
  rows.print_header();
}
b.table<never, SlowCall>("events").open_perf_buffer(
  (event) => {
    if (!rows.wants(event)) return;
    const frames = {
      kernel: stacks.kernel_frames(event.kernel_stack_id),
      user: stacks.user_frames(event.user_stack_id, event.pid),
    };
    if (args.folded && !is_json_output()) return stacks.print_folded([event.comm, ...stacks.fold(frames)], 1n);
    print(
      rows.render(event, {
        ...(args.kernel_stack && { kernel: frames.kernel }),
        ...(args.user_stack && { user: frames.user }),
      }),
    );
    if (!is_json_output()) for (const frame of [...frames.kernel, ...frames.user]) printf("    %s\n", frame);
  },
  { page_cnt: 64 },
);
poll_events(args.duration);
