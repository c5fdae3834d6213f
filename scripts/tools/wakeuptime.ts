// Adds up how long tasks slept, by who woke them and from which kernel stack.
// Subject: CPUs
//
//   bpfts wakeuptime 5               five seconds of all tasks
//   bpfts wakeuptime -f 5            folded, for flame graphs
//   bpfts -c './server' wakeuptime   the sleeps of one command
//
// Source: BCC's wakeuptime, whose options and layout these are. It asks on the waker's CPU, not on the one that the sleeper goes to.
import {
  BPF,
  StackPrinter,
  filter_by_process,
  intervals,
  is_json_output,
  json_output,
  parse_args,
  picture_options,
  positive_seconds,
  print,
  printf,
  stack_options,
  tool_options,
} from "bpfts";
import { filter_off_cpu, off_cpu_options } from "./parts/off-cpu.ts";

const { pid, min_block_time, max_block_time } = off_cpu_options;
const args = parse_args({
  description: "Summarize sleep to wakeup time by waker kernel stack",
  examples: `
examples:
    bpfts wakeuptime             # trace blocked time with waker stacks
    bpfts wakeuptime 5           # trace for 5 seconds only
    bpfts wakeuptime -f 5        # 5 seconds, and output in folded format
    bpfts wakeuptime -u          # don't include kernel threads (user only)
    bpfts wakeuptime -p 185      # trace for PID 185 only
    bpfts wakeuptime --flame wake.svg 5   # 5 seconds as a flame graph, for a browser`,
  arguments: {
    useronly: { flags: ["-u", "--useronly"], help: "user threads only (no kernel threads)" },
    pid,
    verbose: { flags: ["-v", "--verbose"], help: "show raw addresses" },
    folded: stack_options.folded,
    stack_storage_size: stack_options.stack_storage_size,
    duration: { type: positive_seconds, optional: true, help: "duration of trace, in seconds" },
    min_block_time,
    max_block_time,
    cgroup: tool_options.cgroup,
    json: tool_options.json,
    ...picture_options,
  },
  exclusive: [["pid", "useronly"]],
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process({ cgroup: args.cgroup })}${filter_off_cpu({ ...args, user_threads_only: args.useronly })}
struct key_t {
    int kernel_stack_id;
    char waker[TASK_COMM_LEN];
    char target[TASK_COMM_LEN];
};
BPF_HASH(counts, struct key_t, u64, 65536);
BPF_HASH(start, u32, u64, 65536);
BPF_STACK_TRACE(stack_traces, STACK_STORAGE_SIZE);

RAW_TRACEPOINT_PROBE(sched_switch) {
    struct task_struct *prev = (struct task_struct *)ctx->args[1];
    u32 tid = prev->pid;
    u64 now = bpf_ktime_get_ns();
    if (!is_runnable(prev, ctx->args[0]) && is_wanted(prev))
        start.update(&tid, &now);
    return 0;
}

RAW_TRACEPOINT_PROBE(sched_waking) {
    struct task_struct *target = (struct task_struct *)ctx->args[0];
    u32 tid = target->pid;
    u64 *since = start.lookup(&tid);
    if (!since)
        return 0;
    u64 us = (bpf_ktime_get_ns() - *since) / 1000;
    start.delete(&tid);
    if (!is_time_wanted(us))
        return 0;
    struct key_t key = { .kernel_stack_id = stack_traces.get_stackid(ctx, 0) };
    bpf_probe_read_kernel_str(&key.target, sizeof(key.target), target->comm);
    bpf_get_current_comm(&key.waker, sizeof(key.waker));
    counts.atomic_increment(key, us);
    return 0;
}
`,
  cflags: [`-DSTACK_STORAGE_SIZE=${args.stack_storage_size}`],
});

const isQuiet = args.folded || is_json_output();
if (!isQuiet)
  printf(
    "Tracing blocked time (us) by kernel stack%s\n",
    args.duration === undefined ? "... Hit Ctrl-C to end." : ` for ${args.duration} secs.`,
  );
for (const _ of intervals(args.duration ?? 99999999, 1)) if (!isQuiet) print();

interface Key {
  readonly kernel_stack_id: number;
  readonly waker: string;
  readonly target: string;
}
const stacks = new StackPrinter(b.get_table("stack_traces"), {
  verbose: args.verbose || !isQuiet,
  folded: args.folded,
  value_name: "us",
});
for (const [{ kernel_stack_id, waker, target }, us] of b.table<Key, bigint>("counts").top().reverse()) {
  const frames = stacks.kernel_frames(kernel_stack_id);
  if (stacks.record(waker, [...frames, target], us)) continue;
  if (is_json_output()) print(JSON.stringify({ target, waker, kernel: frames, us: Number(us) }));
  else if (args.folded) stacks.print_folded([waker, ...frames, target], us);
  else {
    printf("    %-16s %s\n", "target:", target);
    for (const frame of frames.toReversed()) printf("    %s\n", frame);
    printf("    %-16s %s\n        %d\n\n", "waker:", waker, us);
  }
}
stacks.warn_lost();
if (!isQuiet) print("Detaching...");
