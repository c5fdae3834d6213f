// Counts the stacks that lead to a function, a tracepoint or a USDT probe.
// Subject: functions
//
//   bpfts stackcount submit_bio              who makes requests to disks?
//   bpfts stackcount -p 185 c:malloc         who calls malloc in a process?
//   bpfts stackcount -f t:sched:sched_fork   folded, for flame graphs
//
// Source: BCC's stackcount, whose options and layout these are. It names the functions of processes also without -P.
import {
  BPF,
  StackPrinter,
  command,
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
  strftime,
  tool_options,
  process_id,
} from "bpfts";
import { attach_pattern, enable_probes, read_pattern } from "./parts/probe-pattern.ts";

const args = parse_args({
  description: "Count events and their stack traces",
  examples: `
examples:
    bpfts stackcount submit_bio         # count kernel stack traces for submit_bio
    bpfts stackcount -d ip_output       # include a user/kernel stack delimiter
    bpfts stackcount -s ip_output       # show symbol offsets
    bpfts stackcount -sv ip_output      # show offsets and raw addresses (verbose)
    bpfts stackcount 'tcp_send*'        # count stacks for funcs matching tcp_send*
    bpfts stackcount -r '^tcp_send.*'   # same as above, using regular expressions
    bpfts stackcount -Ti 5 ip_output    # output every 5 seconds, with timestamps
    bpfts stackcount -p 185 ip_output   # count ip_output stacks for PID 185 only
    bpfts stackcount -c 1 put_prev_entity   # count put_prev_entity stacks for CPU 1 only
    bpfts stackcount -p 185 c:malloc    # count stacks for malloc in PID 185
    bpfts stackcount t:sched:sched_fork # count stacks for sched_fork tracepoint
    bpfts stackcount -p 185 u:node:*    # count stacks for all USDT probes in node
    bpfts stackcount -K t:sched:sched_switch   # kernel stacks only
    bpfts stackcount -U t:sched:sched_switch   # user stacks only
    bpfts stackcount --flame ways.svg ip_output   # a flame graph in place of the list`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    cpu: { flags: ["-c", "--cpu"], type: "int", help: "trace this CPU only" },
    interval: { flags: ["-i", "--interval"], type: positive_seconds, help: "summary interval, seconds" },
    duration: { flags: ["-D", "--duration"], type: positive_seconds, help: "total duration of trace, seconds" },
    timestamp: { flags: ["-T", "--timestamp"], help: "include timestamp on output" },
    regexp: { flags: ["-r", "--regexp"], help: 'use regular expressions. Default is "*" wildcards only.' },
    offset: { flags: ["-s", "--offset"], help: "show address offsets" },
    perpid: { flags: ["-P", "--perpid"], help: "display stacks separately for each process" },
    verbose: { flags: ["-v", "--verbose"], help: "show raw addresses" },
    debug: { flags: ["--debug"], help: "print BPF program before starting (for debugging purposes)" },
    ...stack_options,
    ...picture_options,
    cgroup: tool_options.cgroup,
    json: tool_options.json,
    pattern: { help: "search expression for events" },
  },
  exclusive: [["user_stacks_only", "kernel_stacks_only"]],
});
json_output(args.json);

const pattern = read_pattern(args.pattern, args.regexp);
const onlyPid = args.pid ?? (pattern.library === "" ? undefined : command?.pid);
const usdt = enable_probes(pattern, "on_hit", onlyPid);
const text = /* c */ `${filter_by_process(args)}
struct key_t {
    u32 tgid;
    int kernel_stack_id;
    int user_stack_id;
    char name[TASK_COMM_LEN];
};
BPF_HASH(counts, struct key_t, u64, 65536);
BPF_STACK_TRACE(stack_traces, STACK_STORAGE_SIZE);

int on_hit(void *ctx) {
    struct key_t key = {};
    if (CPU_UNWANTED || process_should_be_filtered())
        return 0;
    key.tgid = bpf_get_current_pid_tgid() >> 32;
    if (EACH_PROCESS)
        bpf_get_current_comm(&key.name, sizeof(key.name));
    key.kernel_stack_id = WANT_KERNEL ? stack_traces.get_stackid(ctx, 0) : -1;
    key.user_stack_id = WANT_USER ? stack_traces.get_stackid(ctx, BPF_F_USER_STACK) : -1;
    counts.atomic_increment(key);
    return 0;
}
`;
if (args.debug) print(text);
const isEach = args.perpid || args.pid !== undefined;
const b = new BPF({
  text,
  cflags: [
    `-DSTACK_STORAGE_SIZE=${args.stack_storage_size}`,
    `-DCPU_UNWANTED=(${args.cpu === undefined ? "0" : `bpf_get_smp_processor_id() != ${args.cpu}`})`,
    `-DEACH_PROCESS=${isEach ? 1 : 0}`,
    `-DWANT_USER=${args.kernel_stacks_only ? 0 : 1}`,
    `-DWANT_KERNEL=${args.user_stacks_only ? 0 : 1}`,
  ],
  ...(usdt !== undefined && { usdt_contexts: [usdt.context] }),
});
const total = usdt?.count ?? attach_pattern(b, pattern, "on_hit", onlyPid);

interface Key {
  readonly tgid: number;
  readonly kernel_stack_id: number;
  readonly user_stack_id: number;
  readonly name: string;
}
const isQuiet = args.folded || is_json_output();
if (!isQuiet) printf('Tracing %d functions for "%s"... Hit Ctrl-C to end.\n', total, args.pattern);
for (const isLast of intervals(args.interval ?? args.duration ?? 99999999, undefined, args.duration)) {
  if (!isQuiet) print();
  if (args.timestamp && !is_json_output()) printf("%-8s\n", strftime("%H:%M:%S"));
  showStacks();
  if (isLast && !isQuiet) print("Detaching...");
}

function showStacks(): void {
  const stacks = new StackPrinter(b.get_table("stack_traces"), { ...args, show_offset: args.offset });
  const rows = [...b.table<Key, bigint>("counts").items_lookup_and_delete_batch()];
  const merged = stacks.merge(rows.map(([key, count]) => [{ ...key, pid: isEach ? key.tgid : -1 }, count]));
  for (const { row, frames, value } of merged) {
    if (stacks.record(isEach ? row.name : undefined, stacks.fold(frames), value)) continue;
    if (is_json_output())
      print(JSON.stringify({ ...(isEach && { comm: row.name, pid: row.pid }), ...frames, count: Number(value) }));
    else if (args.folded) stacks.print_folded([...(isEach ? [row.name] : []), ...stacks.fold(frames)], value);
    else {
      for (const line of stacks.list(frames)) print(line === "--" ? "    --" : `  ${line}`);
      if (isEach && args.pid === undefined) printf("    %s [%d]\n", row.name, row.pid);
      printf("    %d\n\n", value);
    }
  }
  stacks.warn_lost();
}
