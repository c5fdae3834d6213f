// Prints a line for each program that is started, with its arguments.
// Subject: processes
//
//   bpfts execsnoop                       every exec() that works
//   bpfts execsnoop -x                    failed ones too
//   bpfts -c 'sh -c "ls; id"' execsnoop   what one command starts
//
// Source: BCC's execsnoop, whose options and columns these are.
import {
  BPF,
  RowPrinter,
  command,
  filter_by_containers,
  json_output,
  parse_args,
  process_id,
  read_file,
  strftime,
} from "bpfts";

const args = parse_args({
  description: "Trace exec() syscalls",
  examples: `
examples:
    bpfts execsnoop                  # trace new processes via exec()
    bpfts execsnoop -x               # include failed exec()s
    bpfts execsnoop -T               # include time (HH:MM:SS)
    bpfts execsnoop -P 181           # only trace new processes whose parent PID is 181
    bpfts execsnoop -U               # include UID
    bpfts execsnoop -u 1000          # only trace UID 1000
    bpfts execsnoop -t               # include timestamps
    bpfts execsnoop -q               # add "quotemarks" around arguments
    bpfts execsnoop -n main          # only print command lines containing "main"
    bpfts execsnoop -l tpkg          # only print command where arguments contain "tpkg"`,
  arguments: {
    time: { flags: ["-T", "--time"], help: "include time column on output (HH:MM:SS)" },
    timestamp: { flags: ["-t", "--timestamp"], help: "include timestamp on output" },
    fails: { flags: ["-x", "--fails"], help: "include failed exec()s" },
    cgroupmap: { flags: ["--cgroupmap"], type: "string", help: "trace cgroups in this BPF map only" },
    mntnsmap: { flags: ["--mntnsmap"], type: "string", help: "trace mount namespaces in this BPF map only" },
    cgroup: { flags: ["--cgroup"], type: "string", repeat: true, help: "trace this cgroup, by its path, only" },
    uid: { flags: ["-u", "--uid"], type: "int", metavar: "USER", help: "trace this UID only" },
    quote: { flags: ["-q", "--quote"], help: 'add quotemarks (") around arguments' },
    name: { flags: ["-n", "--name"], type: "string", help: "only print commands matching this name (regex), any arg" },
    line: { flags: ["-l", "--line"], type: "string", help: "only print commands where arg contains this line (regex)" },
    print_uid: { flags: ["-U", "--print-uid"], help: "print UID column" },
    cpu: { flags: ["-C", "--cpu"], help: "print CPU column" },
    max_args: {
      flags: ["--max-args"],
      type: "int",
      default: 20,
      help: "maximum number of arguments parsed and displayed, defaults to %(default)s",
    },
    ppid: { flags: ["-P", "--ppid"], type: process_id, help: "trace this parent PID only" },
    json: { flags: ["--json"], help: "print a JSON object a line" },
  },
});
json_output(args.json);

const ARGUMENT_BYTES = 128;

const b = new BPF({
  text: /* c */ `${filter_by_containers(args)}
enum event_type { ARGUMENT, MORE_ARGUMENTS, RESULT, UNREADABLE };

struct event_t {
    u64 ts;
    u32 pid;
    u32 ppid;
    u32 uid;
    u32 cpu;
    int ret;
    u32 type;
    char comm[TASK_COMM_LEN];
    char argument[${ARGUMENT_BYTES}];
};

BPF_PERF_OUTPUT(events);

#if ONLY_COMMAND
BPF_HASH(command_tree, u32, u8);

TRACEPOINT_PROBE(sched, sched_process_fork) {
    u32 parent = bpf_get_current_pid_tgid() >> 32, child = args->child_pid;
    u8 one = 1;
    if (command_tree.lookup(&parent))
        command_tree.update(&child, &one);
    return 0;
}
#endif

static inline int is_unwanted(u32 ppid) {
#if ONLY_COMMAND
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    if (!command_tree.lookup(&pid))
        return 1;
#endif
    if (ONLY_UID >= 0 && (u32)bpf_get_current_uid_gid() != (u32)ONLY_UID)
        return 1;
    if (ONLY_PPID && ppid != ONLY_PPID)
        return 1;
    return container_should_be_filtered();
}

static inline u32 get_ppid(void) {
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    return task->real_parent->tgid;
}

static inline int on_enter(void *ctx, const char *filename, const char *const *argv) {
    u32 ppid = get_ppid();
    if (is_unwanted(ppid))
        return 0;
    struct event_t event = { .type = ARGUMENT, .ppid = ppid };
    event.pid = bpf_get_current_pid_tgid() >> 32;
    event.ts = bpf_ktime_get_ns();
    if (bpf_probe_read_user_str(&event.argument, sizeof(event.argument), filename) < 0)
        event.type = UNREADABLE;
    events.perf_submit(ctx, &event, sizeof(event));
    if (!argv)
        return 0;
#pragma unroll
    for (int i = 1; i < MAX_ARGS; i++) {
        const char *argument = NULL;
        long missing = bpf_probe_read_user(&argument, sizeof(argument), &argv[i]);
        if (!missing && !argument)
            return 0;
        if (!missing)
            missing = bpf_probe_read_user_str(&event.argument, sizeof(event.argument), argument) < 0;
        event.type = missing ? UNREADABLE : ARGUMENT;
        events.perf_submit(ctx, &event, sizeof(event));
        // Where the list itself is not in memory, its end is not known.
        if (missing && !argument)
            return 0;
    }
    const char *next = NULL;
    bpf_probe_read_user(&next, sizeof(next), &argv[MAX_ARGS]);
    if (next) {
        event.type = MORE_ARGUMENTS;
        events.perf_submit(ctx, &event, sizeof(event));
    }
    return 0;
}

static inline int on_exit(void *ctx, long ret) {
    u32 ppid = get_ppid();
    if (is_unwanted(ppid))
        return 0;
    struct event_t event = { .type = RESULT, .ppid = ppid, .ret = ret };
    event.ts = bpf_ktime_get_ns();
    event.pid = bpf_get_current_pid_tgid() >> 32;
    event.uid = bpf_get_current_uid_gid();
    event.cpu = bpf_get_smp_processor_id();
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    events.perf_submit(ctx, &event, sizeof(event));
    return 0;
}

TRACEPOINT_PROBE(syscalls, sys_enter_execve) {
    return on_enter(args, (const char *)args->filename, (const char *const *)args->argv);
}
TRACEPOINT_PROBE(syscalls, sys_exit_execve) { return on_exit(args, args->ret); }
TRACEPOINT_PROBE(syscalls, sys_enter_execveat) {
    return on_enter(args, (const char *)args->filename, (const char *const *)args->argv);
}
TRACEPOINT_PROBE(syscalls, sys_exit_execveat) { return on_exit(args, args->ret); }
`,
  cflags: [
    `-DMAX_ARGS=${args.max_args}`,
    `-DONLY_UID=${args.uid ?? -1}`,
    `-DONLY_PPID=${args.ppid ?? 0}`,
    `-DONLY_COMMAND=${command === undefined ? 0 : 1}`,
  ],
});
if (command !== undefined) b.table<number, number>("command_tree").set(command.root_pid, 1);

const MORE_ARGUMENTS = 1;
const RESULT = 2;
/** A page of a program that nobody has touched yet is not in memory when exec() begins. */
const UNREADABLE = 3;
const unreadable = "[unreadable]";

interface ExecEvent {
  readonly ts: bigint;
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly cpu: number;
  readonly ret: number;
  readonly type: number;
  readonly comm: string;
  readonly argument: string;
}

interface ExecRow extends ExecEvent {
  readonly line: string;
}

const quote = (text: string): string => (args.quote ? `"${text.replaceAll('"', '\\"')}"` : text);
const started = { first: undefined as bigint | undefined };

const rows = new RowPrinter<ExecRow>([
  ...(args.time ? [{ head: "TIME", format: "%-9s", value: () => strftime("%H:%M:%S") }] : []),
  ...(args.timestamp
    ? [
        {
          head: "TIME(s)",
          format: "%-8.3f",
          name: "seconds",
          value: ({ ts }: ExecRow) => Number(ts - (started.first ??= ts)) / 1e9,
        },
      ]
    : []),
  ...(args.print_uid ? [{ head: "UID", format: "%-6d", value: "uid" as const }] : []),
  { head: "PCOMM", format: "%-16s", name: "comm", value: "comm" },
  { head: "PID", format: "%-7d", value: "pid" },
  { head: "PPID", format: "%-7s", name: "ppid", value: ({ ppid }) => (ppid > 0 ? ppid : "?") },
  ...(args.cpu ? [{ head: "CPU", format: "%-4d", value: "cpu" as const }] : []),
  { head: "RET", format: "%3d", value: "ret" },
  { head: "ARGS", format: "%s", value: "line" },
]);

/** The arguments of the processes that are in exec() now, by pid. */
const pending = new Map<number, string[]>();
const matches = (pattern: string | undefined, text: string): boolean =>
  pattern === undefined || new RegExp(pattern).test(text);

/** The program that was executed may still be there, and its arguments with it. The first word is its file. */
function readAgain(pid: number, words: readonly string[]): readonly string[] {
  let list: readonly string[];
  try {
    list = read_file(`/proc/${pid}/cmdline`).replace(/\0$/, "").split("\0");
  } catch {
    return words;
  }
  const given = list.slice(0, args.max_args).map(quote);
  const all = words[0] === unreadable ? given : [words[0]!, ...given.slice(1)];
  return list.length > args.max_args ? [...all, "..."] : all;
}

rows.print_header();
b.table<never, ExecEvent>("events").open_perf_buffer(
  (event) => {
    const words = pending.get(event.pid) ?? [];
    if (event.type !== RESULT) {
      const { type, argument } = event;
      words.push(type === MORE_ARGUMENTS ? "..." : type === UNREADABLE ? unreadable : quote(argument));
      pending.set(event.pid, words);
      return;
    }
    pending.delete(event.pid);
    if (event.ret !== 0 && !args.fails) return;
    const line = (event.ret === 0 && words.includes(unreadable) ? readAgain(event.pid, words) : words).join(" ");
    if (matches(args.name, event.comm) && matches(args.line, line)) rows.print({ ...event, line });
  },
  { page_cnt: 64, by_time: true },
);
for (;;) b.perf_buffer_poll();
