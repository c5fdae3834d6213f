// Samples which functions the CPUs are busy with, by their stacks.
// Subject: CPUs
//
//   bpfts profile                       all stacks until Ctrl-C
//   bpfts profile -f 10                 ten seconds, folded for flame graphs
//   bpfts -c './server --bench' profile  the samples of one command
//
// Source: BCC's profile, whose options and layout these are.
import {
  BPF,
  PerfSWConfig,
  PerfType,
  StackPrinter,
  command,
  filter_by_process,
  intervals,
  is_json_output,
  is_none_of,
  json_output,
  parse_args,
  picture_options,
  positive_int,
  positive_seconds,
  print,
  stack_options,
  tool_options,
} from "bpfts";
import { process_list, thread_list } from "./parts/id-lists.ts";

const args = parse_args({
  description: "Profile CPU stack traces at a timed interval",
  examples: `
examples:
    bpfts profile             # profile stack traces at 49 Hertz until Ctrl-C
    bpfts profile -F 99       # profile stack traces at 99 Hertz
    bpfts profile -c 1000000  # profile stack traces every 1 in a million events
    bpfts profile 5           # profile at 49 Hertz for 5 seconds only
    bpfts profile -f 5        # output in folded format for flame graphs
    bpfts profile -p 185      # only profile process with PID 185
    bpfts profile -L 185      # only profile thread with TID 185
    bpfts profile -U          # only show user space stacks (no kernel)
    bpfts profile -K          # only show kernel space stacks (no user)
    bpfts profile --cgroupmap mappath  # only trace cgroups in this BPF map
    bpfts profile --mntnsmap mappath   # only trace mount namespaces in the map
    bpfts profile --flame cpu.svg 10   # ten seconds as a flame graph, for a browser`,
  arguments: {
    pid: {
      flags: ["-p", "--pid"],
      type: process_list,
      help: "profile process with one or more comma separated PIDs only",
    },
    tid: {
      flags: ["-L", "--tid"],
      type: thread_list,
      help: "profile thread with one or more comma separated TIDs only",
    },
    ...stack_options,
    ...picture_options,
    frequency: { flags: ["-F", "--frequency"], type: positive_int, help: "sample frequency, Hertz" },
    count: { flags: ["-c", "--count"], type: positive_int, help: "sample period, number of events" },
    annotations: { flags: ["-a", "--annotations"], help: "add _[k] annotations to kernel frames" },
    include_idle: { flags: ["-I", "--include-idle"], help: "include CPU idle stacks" },
    cpu: { flags: ["-C", "--cpu"], type: "int", help: "cpu number to run profile on" },
    cgroup: tool_options.cgroup,
    cgroupmap: { flags: ["--cgroupmap"], type: "string", help: "trace cgroups in this BPF map only" },
    mntnsmap: { flags: ["--mntnsmap"], type: "string", help: "trace mount namespaces in this BPF map only" },
    json: tool_options.json,
    duration: { type: positive_seconds, optional: true, help: "duration of trace, in seconds" },
  },
  exclusive: [
    ["pid", "tid"],
    ["user_stacks_only", "kernel_stacks_only"],
    ["frequency", "count"],
  ],
});
json_output(args.json);

const follows = args.pid === undefined && args.tid === undefined;
const { cgroup, cgroupmap, mntnsmap } = args;
const b = new BPF({
  text: /* c */ `${filter_by_process({ cgroup, cgroupmap, mntnsmap, ...(!follows && { pid: 0 }) })}
struct key_t {
    u32 tgid;
    int user_stack_id;
    int kernel_stack_id;
    char name[TASK_COMM_LEN];
};
BPF_HASH(counts, struct key_t, u64, 65536);
BPF_STACK_TRACE(stack_traces, STACK_STORAGE_SIZE);

int do_perf_event(struct bpf_perf_event_data *ctx) {
    u64 id = bpf_get_current_pid_tgid();
    u32 tgid = id >> 32, tid = id;
    if ((!INCLUDE_IDLE && tid == 0) || PID_UNWANTED || container_should_be_filtered())
        return 0;
    if (FOLLOWS && process_should_be_filtered())
        return 0;
    struct key_t key = { .tgid = tgid };
    bpf_get_current_comm(&key.name, sizeof(key.name));
    key.user_stack_id = WANT_USER ? stack_traces.get_stackid(ctx, BPF_F_USER_STACK) : -1;
    key.kernel_stack_id = WANT_KERNEL ? stack_traces.get_stackid(ctx, 0) : -1;
    counts.atomic_increment(key);
    return 0;
}
`,
  cflags: [
    `-DSTACK_STORAGE_SIZE=${args.stack_storage_size}`,
    `-DINCLUDE_IDLE=${args.include_idle ? 1 : 0}`,
    `-DPID_UNWANTED=(${args.pid === undefined ? is_none_of("tid", args.tid) : is_none_of("tgid", args.pid)})`,
    `-DFOLLOWS=${follows ? 1 : 0}`,
    `-DWANT_USER=${args.kernel_stacks_only ? 0 : 1}`,
    `-DWANT_KERNEL=${args.user_stacks_only ? 0 : 1}`,
  ],
});

const context = args.pid
  ? `PID [${args.pid.join(", ")}]`
  : args.tid
    ? `TID [${args.tid.join(", ")}]`
    : command === undefined
      ? "all threads"
      : "the command's threads";
const kind = args.user_stacks_only ? "user" : args.kernel_stacks_only ? "kernel" : "user + kernel";
const isQuiet = args.folded || is_json_output();
if (!isQuiet)
  print(
    `Sampling at ${args.count === undefined ? `${args.frequency ?? 49} Hertz` : `every ${args.count} events`} of ${context} by ${kind} stack` +
      (args.cpu === undefined ? "" : ` on CPU#${args.cpu}`) +
      (args.duration === undefined ? "... Hit Ctrl-C to end." : ` for ${args.duration} secs.`),
  );
b.attach_perf_event({
  ev_type: PerfType.SOFTWARE,
  ev_config: PerfSWConfig.CPU_CLOCK,
  fn_name: "do_perf_event",
  ...(args.count === undefined ? { sample_freq: args.frequency ?? 49 } : { sample_period: args.count }),
  ...(args.cpu !== undefined && { cpu: args.cpu }),
});

for (const _ of intervals(args.duration ?? 99999999, 1)) if (!isQuiet) print();

interface Key {
  readonly tgid: number;
  readonly user_stack_id: number;
  readonly kernel_stack_id: number;
  readonly name: string;
}
b.detach_perf_event({ ev_type: PerfType.SOFTWARE, ev_config: PerfSWConfig.CPU_CLOCK });
const stacks = new StackPrinter(b.get_table("stack_traces"), args);
stacks.print_all([...b.table<Key, bigint>("counts")].map(([key, count]) => [{ ...key, pid: key.tgid }, count]));
