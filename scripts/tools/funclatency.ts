// Shows how long functions take, as a histogram.
// Subject: functions
//
//   bpfts funclatency do_nanosleep             a kernel function
//   bpfts -c './job' funclatency -u c:read     a function of libc, in one command
//   bpfts funclatency -F './server:handle_*'   a histogram for each function of a program
//
// Source: BCC's funclatency, whose options and layout these are. It times nested and recursive calls, too, each by itself.
import {
  BPF,
  command,
  filter_by_process,
  heatmap_options,
  is_json_output,
  json_output,
  parse_args,
  positive_int,
  positive_seconds,
  print,
  printf,
  print_intervals,
  tool_options,
  process_id,
} from "bpfts";
import { is_older_than } from "./parts/kernel-version.ts";
import { fail, read_pattern } from "./parts/probe-pattern.ts";
import { print_totals, totals } from "./parts/totals.ts";

const args = parse_args({
  description: "Time functions and print latency as a histogram",
  examples: `
examples:
    bpfts funclatency do_sys_open       # time the do_sys_open() kernel function
    bpfts funclatency c:read            # time the read() C library function
    bpfts funclatency -u vfs_read       # time vfs_read(), in microseconds
    bpfts funclatency -m do_nanosleep   # time do_nanosleep(), in milliseconds
    bpfts funclatency -i 2 -d 10 c:open # output every 2 seconds, for duration 10s
    bpfts funclatency -mTi 5 vfs_read   # output every 5 seconds, with timestamps
    bpfts funclatency -p 181 vfs_read   # time process 181 only
    bpfts funclatency 'vfs_fstat*'      # time both vfs_fstat() and vfs_fstatat()
    bpfts funclatency 'c:*printf'       # time the *printf family of functions
    bpfts funclatency -F 'vfs_r*'       # show one histogram per matched function`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    interval: { flags: ["-i", "--interval"], type: positive_seconds, help: "summary interval, in seconds" },
    duration: { flags: ["-d", "--duration"], type: positive_seconds, help: "total duration of trace, in seconds" },
    timestamp: { flags: ["-T", "--timestamp"], help: "include timestamp on output" },
    microseconds: { flags: ["-u", "--microseconds"], help: "microsecond histogram" },
    milliseconds: { flags: ["-m", "--milliseconds"], help: "millisecond histogram" },
    function: { flags: ["-F", "--function"], help: "show a separate histogram per function" },
    regexp: { flags: ["-r", "--regexp"], help: 'use regular expressions. Default is "*" wildcards only.' },
    level: {
      flags: ["-l", "--level"],
      type: positive_int,
      default: 32,
      help: "how many levels of nested or recursive functions to time, the outermost first (default %(default)s)",
    },
    verbose: { flags: ["-v", "--verbose"], help: "print the BPF program (for debugging purposes)" },
    ...heatmap_options,
    cgroup: tool_options.cgroup,
    json: tool_options.json,
    pattern: { help: "search expression for functions" },
  },
  exclusive: [["microseconds", "milliseconds"]],
});
json_output(args.json);

const { kind, library, name } = read_pattern(args.pattern, args.regexp);
if (kind !== "p") fail(`Error: '${args.pattern}' names no functions: give FUNCTION or LIBRARY:FUNCTION`);
const onlyPid = args.pid ?? (library === "" ? undefined : command?.pid);
// Functions of a library are told apart by process, as in BCC's, unless there is only one.
const isEach = args.function || (library !== "" && onlyPid === undefined);
// Before, the address of a function tells which one it is, as long as its process is there.
const haveCookies = !is_older_than(5, 15);
const [unit, divisor] = args.milliseconds ? ["msecs", 1000000] : args.microseconds ? ["usecs", 1000] : ["nsecs", 1];

const text = /* c */ `${filter_by_process(args)}${totals}
struct call_t {
    u64 place;
    u64 since;
};
struct level_t {
    u32 tid;
    u32 level;
};
struct dist_key_t {
    struct { u64 place; u64 pid; } key;
    u64 slot;
};
BPF_HASH(levels, u32, u32, 65536);
BPF_HASH(calls, struct level_t, struct call_t, 65536);
BPF_HISTOGRAM(dist, struct dist_key_t, 65536);

static inline u64 place_of(struct pt_regs *ctx) { return ${isEach ? (haveCookies ? "bpf_get_attach_cookie(ctx)" : "PT_REGS_IP(ctx)") : "0"}; }

int on_entry(struct pt_regs *ctx) {
    struct level_t level = { .tid = bpf_get_current_pid_tgid() };
    if (process_should_be_filtered())
        return 0;
    u32 zero = 0, *depth = levels.lookup_or_try_init(&level.tid, &zero);
    if (!depth)
        return 0;
    level.level = (*depth)++;
    if (level.level < LEVELS) {
        struct call_t call = { .place = place_of(ctx), .since = bpf_ktime_get_ns() };
        calls.update(&level, &call);
    }
    return 0;
}

int on_return(struct pt_regs *ctx) {
    u64 now = bpf_ktime_get_ns(), id = bpf_get_current_pid_tgid();
    struct level_t level = { .tid = id };
    u32 *depth = levels.lookup(&level.tid);
    // It was called before the trace began.
    if (!depth)
        return 0;
    level.level = --*depth;
    if (level.level == 0)
        levels.delete(&level.tid);
    struct call_t *call = calls.lookup(&level);
    if (!call)
        return 0;
    u64 delta = now - call->since;
    struct dist_key_t key = { .key = { .place = call->place }, .slot = bpf_log2l(delta / UNIT_NS) };
    if (${library === "" ? "0" : "1"})
        key.key.pid = id >> 32;
    dist.atomic_increment(key);
    add_total(delta);
    calls.delete(&level);
    return 0;
}
`;
if (args.verbose) print(text);
const b = new BPF({ text, cflags: [`-DUNIT_NS=${divisor}`, `-DLEVELS=${args.level}`] });

if (library === "") {
  // Returns come first: a call of which only the return is seen counts for nothing.
  b.attach_kretprobe({ event_re: name, fn_name: "on_return" }).attach_kprobe({ event_re: name, fn_name: "on_entry" });
} else {
  const target = { name: library, sym_re: name, ...(onlyPid !== undefined && { pid: onlyPid }) };
  b.attach_uretprobe({ ...target, fn_name: "on_return" }).attach_uprobe({ ...target, fn_name: "on_entry" });
}
const matched = library === "" ? b.num_open_kprobes() : b.num_open_uprobes();
if (!is_json_output()) printf('Tracing %d functions for "%s"... Hit Ctrl-C to end.\n', matched / 2, args.pattern);

interface Place {
  readonly place: bigint;
  readonly pid: bigint;
}
const dist = b.table<{ key: Place; slot: bigint }, bigint>("dist");
print_intervals(args, (isLast) => {
  dist.print_log2_hist<{ key: Place; slot: bigint }, Place>(unit, isEach ? "Function" : "", {
    take: true,
    section_print_fn: namePlace,
  });
  print_totals(b, unit, BigInt(divisor));
  if (isLast && !is_json_output()) print("Detaching...");
});

function namePlace({ place, pid }: Place): string {
  if (library === "") return haveCookies ? b.attached_name(place) : BPF.ksym(place);
  return `${haveCookies ? b.attached_name(place) : BPF.sym(place, Number(pid))} [${pid}]`;
}
