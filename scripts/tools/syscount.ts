// Counts system calls, or adds up their times, by call or by process.
// Subject: system calls
//
//   bpfts syscount                   the ten most frequent calls until Ctrl-C
//   bpfts syscount -L -i 1           the ten that took most time, every second
//   bpfts -c 'ls /tmp' syscount      the calls of one command
//
// Source: BCC's syscount, whose options and columns these are. With -P it knows the names also of processes that have ended.
import {
  BPF,
  RowPrinter,
  errno_number,
  exit,
  filter_by_process,
  intervals,
  is_json_output,
  json_output,
  parse_args,
  positive_int,
  positive_seconds,
  print,
  printf,
  sprintf,
  strftime,
  syscall_name,
  syscall_number,
  tool_options,
  process_id,
  thread_id,
} from "bpfts";

const args = parse_args({
  description: "Summarize syscall counts and latencies.",
  examples: `
examples:
    bpfts syscount               # print the top 10 syscalls by count, at Ctrl-C
    bpfts syscount -i 1          # print top 10 syscalls every second
    bpfts syscount -L            # by the time that they took
    bpfts syscount -x            # count failed syscalls only
    bpfts syscount -e ENOENT     # count syscalls that return this error
    bpfts syscount -P            # count by process
    bpfts syscount -p 181        # count the syscalls of PID 181 only
    bpfts syscount --syscall read -P   # which processes read?`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace only this pid" },
    tid: { flags: ["-t", "--tid"], type: thread_id, help: "trace only this tid" },
    ppid: { flags: ["-c", "--ppid"], type: process_id, help: "trace only child of this pid" },
    interval: { flags: ["-i", "--interval"], type: positive_seconds, help: "print summary at this interval (seconds)" },
    duration: { flags: ["-d", "--duration"], type: positive_seconds, help: "total duration of trace, in seconds" },
    top: {
      flags: ["-T", "--top"],
      type: positive_int,
      default: 10,
      help: "print only the top syscalls by count or latency",
    },
    failures: { flags: ["-x", "--failures"], help: "trace only failed syscalls (return < 0)" },
    errno: {
      flags: ["-e", "--errno"],
      type: readErrno,
      help: "trace only syscalls that return this error (numeric or EPERM, etc.)",
    },
    latency: { flags: ["-L", "--latency"], help: "collect syscall latency" },
    milliseconds: {
      flags: ["-m", "--milliseconds"],
      help: "display latency in milliseconds (default: microseconds)",
    },
    process: { flags: ["-P", "--process"], help: "count by process and not by syscall" },
    list: { flags: ["-l", "--list"], help: "print list of recognized syscalls and exit" },
    syscall: {
      flags: ["--syscall"],
      type: readSyscall,
      help: "trace this syscall only (use option -l to get all recognized syscalls)",
    },
    cgroup: tool_options.cgroup,
    json: tool_options.json,
  },
});
json_output(args.json);
if (args.list) {
  listSyscalls();
  exit(0);
}

const conditions = [
  args.syscall !== undefined && `args->id != ${args.syscall}`,
  args.ppid !== undefined && `parent() != ${args.ppid}`,
];
const results = [args.failures && "args->ret >= 0", args.errno !== undefined && `args->ret != -${args.errno}`];
const either = (texts: readonly (string | false)[]): string => texts.filter(Boolean).join(" || ") || "0";

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct total_t {
    u64 count;
    u64 total_ns;
    char comm[TASK_COMM_LEN];
};
BPF_HASH(start, u32, u64, 65536);
BPF_HASH(data, u32, struct total_t, 65536);

static inline u32 parent(void) {
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    return task->real_parent->tgid;
}

TRACEPOINT_PROBE(raw_syscalls, sys_enter) {
    u32 tid = bpf_get_current_pid_tgid();
    u64 now = bpf_ktime_get_ns();
    if (!WANT_TIME || ${either(conditions)} || process_should_be_filtered())
        return 0;
    start.update(&tid, &now);
    return 0;
}

TRACEPOINT_PROBE(raw_syscalls, sys_exit) {
    u64 id = bpf_get_current_pid_tgid();
    u32 tid = id;
    u32 key = BY_PROCESS ? id >> 32 : args->id;
    u64 took = 0;
    if (${either(conditions)} || process_should_be_filtered())
        return 0;
    if (WANT_TIME) {
        u64 *since = start.lookup(&tid);
        if (!since)
            return 0;
        took = bpf_ktime_get_ns() - *since;
        start.delete(&tid);
    }
    // A return into a signal's handler has no number.
    if ((int)args->id == -1 || ${either(results)})
        return 0;
    struct total_t zero = {}, *total = data.lookup_or_try_init(&key, &zero);
    if (total) {
        if (BY_PROCESS)
            bpf_get_current_comm(&total->comm, sizeof(total->comm));
        lock_xadd(&total->count, 1);
        lock_xadd(&total->total_ns, took);
    }
    return 0;
}
`,
  cflags: [`-DWANT_TIME=${args.latency ? 1 : 0}`, `-DBY_PROCESS=${args.process ? 1 : 0}`],
});

interface Total {
  readonly key: number;
  readonly count: bigint;
  readonly total_ns: bigint;
  readonly comm: string;
}

const failed = args.failures ? "failed " : "";
if (!is_json_output())
  print(
    args.syscall === undefined
      ? `Tracing ${failed}syscalls, printing top ${args.top}... Ctrl+C to quit.`
      : `Tracing ${failed}syscall '${syscall_name(args.syscall)}'... Ctrl+C to quit.`,
  );
const divisor = args.milliseconds ? 1e6 : 1e3;
const rows = new RowPrinter<Total>([
  args.process
    ? {
        head: "PID    COMM",
        format: "%-22s",
        name: "pid",
        value: (row) => (is_json_output() ? row.key : nameProcess(row)),
      }
    : { head: "SYSCALL", format: "%-22s", value: ({ key }) => syscall_name(key) },
  args.process && is_json_output() && { head: "COMM", format: "%s", value: "comm" as const },
  { head: "COUNT", format: "%8d", value: "count" },
  args.latency && {
    head: args.milliseconds ? "TIME (ms)" : "TIME (us)",
    format: args.milliseconds ? "%16.6f" : "%16.3f",
    name: args.milliseconds ? "ms" : "us",
    value: ({ total_ns }) => Number(total_ns) / divisor,
  },
]);
const data = b.table<number, Omit<Total, "key">>("data");
const seconds = args.interval ?? args.duration ?? 99999999;
for (const isLast of intervals(seconds, undefined, args.duration)) {
  if (!is_json_output()) printf("[%s]\n", strftime("%H:%M:%S"));
  rows.print_header();
  const measure = args.latency ? ("total_ns" as const) : ("count" as const);
  const ordered = [...data.items_lookup_and_delete_batch()].sort(([, x], [, y]) => Number(y[measure] - x[measure]));
  for (const [key, total] of ordered.slice(0, args.top)) rows.print({ key, ...total });
  if (!is_json_output()) print(isLast ? "\nDetaching..." : "");
}

function nameProcess({ key, comm }: Total): string {
  return sprintf("%-6d %-15s", key, comm);
}

function readErrno(text: string): number {
  const value = /^-?\d+$/.test(text) ? Math.abs(Number(text)) : errno_number(text);
  if (value === undefined) throw new Error(`couldn't map ${text} to an errno`);
  return value;
}

function readSyscall(text: string): number {
  const value = syscall_number(text);
  if (value === undefined) throw new Error(`syscall '${text}' not found (-l lists them)`);
  return value;
}

/** No architecture has a thousand. */
function listSyscalls(): void {
  const names = Array.from({ length: 1000 }, (_, number) => syscall_name(number))
    .filter((name) => syscall_number(name) !== undefined)
    .sort();
  for (let at = 0; at < names.length; at += 4)
    print(
      names
        .slice(at, at + 4)
        .map((name) => name.padEnd(22))
        .join("   "),
    );
}
