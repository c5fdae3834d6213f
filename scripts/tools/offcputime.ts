// Adds up how long tasks were off the CPU, by the stacks that they left it with.
// Subject: CPUs
//
//   bpfts offcputime 5                    five seconds of all tasks
//   bpfts offcputime -f -p 185 > out.txt  one process, folded for flame graphs
//   bpfts -c './job' offcputime -m 1000   one command, what blocked for a millisecond or more
//
// Source: BCC's offcputime, whose options and layout these are. The stacks are taken when a task leaves the CPU, from a tracepoint. Idle CPUs are no tasks.
import {
  BPF,
  StackPrinter,
  eprint,
  exit,
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
import { filter_off_cpu, name_off_cpu, off_cpu_options } from "./parts/off-cpu.ts";

const args = parse_args({
  description: "Summarize off-CPU time by stack trace",
  examples: `
examples:
    bpfts offcputime             # trace off-CPU stack time until Ctrl-C
    bpfts offcputime 5           # trace for 5 seconds only
    bpfts offcputime -f 5        # 5 seconds, and output in folded format
    bpfts offcputime -m 1000     # trace only events that last more than 1000 usec
    bpfts offcputime -M 10000    # trace only events that last less than 10000 usec
    bpfts offcputime -p 185      # only trace threads for PID 185
    bpfts offcputime -t 188      # only trace thread 188
    bpfts offcputime -u          # only trace user threads (no kernel)
    bpfts offcputime -k          # only trace kernel threads (no user)
    bpfts offcputime -U          # only show user space stacks (no kernel)
    bpfts offcputime -K          # only show kernel space stacks (no user)
    bpfts offcputime --flame off.svg 5   # 5 seconds as a flame graph, for a browser`,
  arguments: {
    ...off_cpu_options,
    ...stack_options,
    ...picture_options,
    cgroup: tool_options.cgroup,
    json: tool_options.json,
    duration: { type: positive_seconds, optional: true, help: "duration of trace, in seconds" },
  },
  exclusive: [
    ["pid", "tid", "user_threads_only", "kernel_threads_only"],
    ["user_stacks_only", "kernel_stacks_only"],
  ],
});
json_output(args.json);
if (args.kernel_threads_only && args.user_stacks_only) {
  eprint("ERROR: Displaying user stacks for kernel threads doesn't make sense.");
  exit(2);
}

const b = new BPF({
  text: /* c */ `${filter_by_process({ cgroup: args.cgroup })}${filter_off_cpu(args)}
struct key_t {
    u32 pid;
    u32 tgid;
    int user_stack_id;
    int kernel_stack_id;
    char name[TASK_COMM_LEN];
};
struct off_t {
    u64 since;
    struct key_t key;
};
BPF_HASH(counts, struct key_t, u64, 65536);
BPF_HASH(start, u32, struct off_t, 65536);
BPF_STACK_TRACE(stack_traces, STACK_STORAGE_SIZE);

RAW_TRACEPOINT_PROBE(sched_switch) {
    struct task_struct *prev = (struct task_struct *)ctx->args[1];
    struct task_struct *next = (struct task_struct *)ctx->args[2];
    u64 now = bpf_ktime_get_ns();
    u32 tid = prev->pid;
    if (is_wanted(prev)) {
        struct off_t off = { .since = now, .key = { .pid = tid, .tgid = prev->tgid } };
        bpf_probe_read_kernel_str(&off.key.name, sizeof(off.key.name), prev->comm);
        off.key.user_stack_id = WANT_USER ? stack_traces.get_stackid(ctx, BPF_F_USER_STACK) : -1;
        off.key.kernel_stack_id = WANT_KERNEL ? stack_traces.get_stackid(ctx, 0) : -1;
        start.update(&tid, &off);
    }

    tid = next->pid;
    struct off_t *back = start.lookup(&tid);
    if (!back)
        return 0;
    u64 us = (now - back->since) / 1000;
    if (is_time_wanted(us)) {
        struct key_t key = back->key;
        counts.atomic_increment(key, us);
    }
    start.delete(&tid);
    return 0;
}
`,
  cflags: [
    `-DSTACK_STORAGE_SIZE=${args.stack_storage_size}`,
    `-DWANT_USER=${args.kernel_stacks_only ? 0 : 1}`,
    `-DWANT_KERNEL=${args.user_stacks_only ? 0 : 1}`,
  ],
});

const kind = args.user_stacks_only ? "user" : args.kernel_stacks_only ? "kernel" : "user + kernel";
const isQuiet = args.folded || is_json_output();
if (!isQuiet)
  printf(
    "Tracing off-CPU time (us) of %s by %s stack%s\n",
    name_off_cpu(args),
    kind,
    args.duration === undefined ? "... Hit Ctrl-C to end." : ` for ${args.duration} secs.`,
  );
for (const _ of intervals(args.duration ?? 99999999, 1)) if (!isQuiet) print();

interface Key {
  readonly pid: number;
  readonly tgid: number;
  readonly user_stack_id: number;
  readonly kernel_stack_id: number;
  readonly name: string;
}
const stacks = new StackPrinter(b.get_table("stack_traces"), { ...args, value_name: "us" });
stacks.print_all(b.table<Key, bigint>("counts"));
