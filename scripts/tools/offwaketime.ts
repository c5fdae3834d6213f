// Adds up how long tasks were off the CPU, by their own stacks and those of who woke them.
// Subject: CPUs
//
//   bpfts offwaketime 5               five seconds of all tasks
//   bpfts offwaketime -f -p 185 5     one process, folded for flame graphs
//   bpfts -c './server' offwaketime   the tasks of one command
//
// Source: BCC's offwaketime, whose options and layout these are. The stacks are taken when a task leaves the CPU and when it is woken.
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

const args = parse_args({
  description: "Summarize blocked time by kernel stack trace + waker stack",
  examples: `
examples:
    bpfts offwaketime             # trace off-CPU + waker stack time until Ctrl-C
    bpfts offwaketime 5           # trace for 5 seconds only
    bpfts offwaketime -f 5        # 5 seconds, and output in folded format
    bpfts offwaketime -m 1000     # trace only events that last more than 1000 usec
    bpfts offwaketime -M 9000     # trace only events that last less than 9000 usec
    bpfts offwaketime -p 185      # only trace threads for PID 185
    bpfts offwaketime -t 188      # only trace thread 188
    bpfts offwaketime -u          # only trace user threads (no kernel)
    bpfts offwaketime -k          # only trace kernel threads (no user)
    bpfts offwaketime -U          # only show user space stacks (no kernel)
    bpfts offwaketime -K          # only show kernel space stacks (no user)
    bpfts offwaketime --flame off.svg 5   # 5 seconds as a flame graph, for a browser`,
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

const b = new BPF({
  text: /* c */ `${filter_by_process({ cgroup: args.cgroup })}${filter_off_cpu(args)}
struct side_t {
    u32 pid;
    u32 tgid;
    int user_stack_id;
    int kernel_stack_id;
    char name[TASK_COMM_LEN];
};
struct key_t {
    struct side_t waker;
    struct side_t target;
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
        struct off_t off = { .since = now };
        // Nobody has woken it yet, so there are no stacks of a waker.
        off.key.waker.user_stack_id = off.key.waker.kernel_stack_id = -EFAULT;
        off.key.target.pid = tid;
        off.key.target.tgid = prev->tgid;
        bpf_probe_read_kernel_str(&off.key.target.name, sizeof(off.key.target.name), prev->comm);
        off.key.target.user_stack_id = WANT_USER ? stack_traces.get_stackid(ctx, BPF_F_USER_STACK) : -1;
        off.key.target.kernel_stack_id = WANT_KERNEL ? stack_traces.get_stackid(ctx, 0) : -1;
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

RAW_TRACEPOINT_PROBE(sched_waking) {
    struct task_struct *target = (struct task_struct *)ctx->args[0];
    u64 id = bpf_get_current_pid_tgid();
    u32 tid = target->pid;
    struct off_t *off = start.lookup(&tid);
    if (!off)
        return 0;
    off->key.waker.pid = id;
    off->key.waker.tgid = id >> 32;
    bpf_get_current_comm(&off->key.waker.name, sizeof(off->key.waker.name));
    off->key.waker.user_stack_id = WANT_USER ? stack_traces.get_stackid(ctx, BPF_F_USER_STACK) : -1;
    off->key.waker.kernel_stack_id = WANT_KERNEL ? stack_traces.get_stackid(ctx, 0) : -1;
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
    "Tracing blocked time (us) by %s off-CPU and waker stack%s\n",
    kind,
    args.duration === undefined ? "... Hit Ctrl-C to end." : ` for ${args.duration} secs.`,
  );
for (const _ of intervals(args.duration ?? 99999999, 1)) if (!isQuiet) print();

interface Side {
  readonly pid: number;
  readonly tgid: number;
  readonly user_stack_id: number;
  readonly kernel_stack_id: number;
  readonly name: string;
}
const stacks = new StackPrinter(b.get_table("stack_traces"), { ...args, value_name: "us" });
const sides = b.table<{ waker: Side; target: Side }, bigint>("counts");
for (const [{ waker, target }, us] of sides.top().reverse()) {
  const by = stacks.read(waker);
  const own = stacks.read(target);
  const both = [...stacks.fold(own), "--", ...stacks.list(by), waker.name];
  if (stacks.record(target.name, both, us)) continue;
  if (is_json_output()) {
    const side = ({ name, pid }: Side, frames: object): object => ({ comm: name, pid, ...frames });
    print(JSON.stringify({ target: side(target, own), waker: side(waker, by), us: Number(us) }));
  } else if (args.folded) {
    stacks.print_folded([target.name, ...both], us);
  } else {
    printf("    %-16s %s %d\n", "waker:", waker.name, waker.pid);
    for (const line of stacks.fold(by)) printf("    %s\n", line);
    printf("    %-16s %s\n", "--", "--");
    for (const line of stacks.list(own)) printf("    %s\n", line);
    printf("    %-16s %s %d\n        %d\n\n", "target:", target.name, target.pid, us);
  }
}
stacks.warn_lost();
