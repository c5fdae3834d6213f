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
  decode_text,
  filter_by_containers,
  json_output,
  parse_args,
  process_id,
  strftime,
} from "bpfts";
import { ring_pages } from "./parts/ring-pages.ts";

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
      help: "maximum number of arguments parsed and displayed, up to 128, defaults to %(default)s",
    },
    ppid: { flags: ["-P", "--ppid"], type: process_id, help: "trace this parent PID only" },
    json: { flags: ["--json"], help: "print a JSON object a line" },
  },
});
json_output(args.json);

/** What of an argument is shown, with its end. */
const ARGUMENT_BYTES = 128;
/** Whatever is left out is marked by three dots. */
const MAX_ARGS = Math.max(1, Math.min(args.max_args, 128));
/** Every word with what stands before it, and room for one more. Units: bytes, a multiple of 8. */
const LINE_BYTES = ((MAX_ARGS + 1) * (ARGUMENT_BYTES + 1) + 7) & ~7;
const BUFFER_PAGES = ring_pages(128);

const b = new BPF({
  text: /* c */ `${filter_by_containers(args)}
// All words of one exec() go into one event. What stands before each word is a space where the words are one text; with -q it tells what the word is, and a
// zero ends it.
#if QUOTES
#define WORD 'w'
#define UNREADABLE 'u'
#define MORE 'm'
#define END_BYTES 0
#define LINE(event) ((u8 *)&(event)->line[0])
typedef u8 line_t;
#else
#define WORD ' '
#define UNREADABLE ' '
#define MORE ' '
#define END_BYTES 1
// The space before the first word is not part of the text.
#define LINE(event) ((u8 *)&(event)->lead[3])
typedef char line_t;
#endif

struct event_t {
    u64 ts;
    u64 from;
    u32 pid;
    u32 ppid;
    u32 uid;
    u32 cpu;
    int ret;
    char comm[TASK_COMM_LEN];
    u32 used;
    u32 first_end;
    u32 is_incomplete;
    u32 words;
    u32 is_inside;
    char lead[4];
    line_t line[LINE_BYTES];
};

BPF_RINGBUF_OUTPUT(events, BUFFER_PAGES);
BPF_PERCPU_ARRAY(scratch, struct event_t, 1);
// By task: a thread that calls exec() takes over the number of its process meanwhile.
BPF_HASH(pending, u64, struct event_t, 1024);

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

static inline void add_text(struct event_t *event, char kind, const char *text, u32 size) {
    u32 at = event->used;
    if (at > LINE_BYTES - ARGUMENT_BYTES - 1)
        return;
    LINE(event)[at] = kind;
    __builtin_memcpy(&LINE(event)[at + 1], text, size);
    event->used = at + 1 + size - END_BYTES;
}

static inline void add_unreadable(struct event_t *event) {
    const char text[] = "[unreadable]";
    event->is_incomplete = 1;
    add_text(event, UNREADABLE, text, sizeof(text));
}

static inline void add_more(struct event_t *event) {
    const char text[] = "...";
    add_text(event, MORE, text, sizeof(text));
}

static inline void add_word(struct event_t *event, const char *word) {
    u32 at = event->used;
    if (at > LINE_BYTES - ARGUMENT_BYTES - 1)
        return;
    long size = bpf_probe_read_user_str(&LINE(event)[at + 1], ARGUMENT_BYTES, word);
    if (size <= 0 || size > ARGUMENT_BYTES) {
        add_unreadable(event);
        return;
    }
    LINE(event)[at] = WORD;
    event->used = at + 1 + size - END_BYTES;
}

static inline int on_enter(const char *filename, const char *const *argv) {
    u32 zero = 0;
    struct event_t *event = scratch.lookup(&zero);
    if (!event || is_unwanted(get_ppid()))
        return 0;
    u64 task = bpf_get_current_task();
    event->used = 0;
    event->is_incomplete = 0;
    add_word(event, filename);
    event->first_end = event->is_incomplete ? 0 : event->used;
    int i = 1;
    if (argv) {
        for (; i < MAX_ARGS; i++) {
            const char *argument = NULL;
            // Where the list itself is not in memory, its end is not known.
            if (bpf_probe_read_user(&argument, sizeof(argument), &argv[i])) {
                add_unreadable(event);
                break;
            }
            if (!argument)
                break;
            add_word(event, argument);
        }
        const char *next = NULL;
        if (i == MAX_ARGS)
            bpf_probe_read_user(&next, sizeof(next), &argv[MAX_ARGS]);
        if (next)
            add_more(event);
    }
    pending.update(&task, event);
    return 0;
}

// The new program has its arguments in memory, one behind the other. The first word stays the file, where that could be read.
static inline void read_again(struct event_t *event) {
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    u64 end = task->mm->arg_end;
    // What a loop keeps in a map is one state to the verifier, however often it goes round.
    event->from = task->mm->arg_start;
    event->used = event->first_end;
    event->words = 0;
    event->is_inside = 0;
    // Long words come in pieces.
    for (int i = 0; i < 2 * MAX_ARGS; i++) {
        u32 at = event->used;
        if (event->from >= end)
            return;
        if (at > LINE_BYTES - 2 * ARGUMENT_BYTES - 2 || event->words >= MAX_ARGS)
            break;
        LINE(event)[at] = event->is_inside ? LINE(event)[at] : WORD;
        at += !event->is_inside;
        long size = bpf_probe_read_user_str(&LINE(event)[at], ARGUMENT_BYTES, (const void *)event->from);
        if (size <= 0 || size > ARGUMENT_BYTES)
            return;
        u32 is_inside = size == ARGUMENT_BYTES;
        if (event->words > 0 || !event->first_end)
            event->used = at + size - (is_inside | END_BYTES);
        event->words += !is_inside;
        event->from += size - is_inside;
        event->is_inside = is_inside;
    }
    add_more(event);
}

static inline int on_exit(long ret) {
    u64 task = bpf_get_current_task();
    u32 ppid = get_ppid(), zero = 0;
    if ((ret && !WANT_FAILED) || is_unwanted(ppid)) {
        pending.delete(&task);
        return 0;
    }
    struct event_t *event = pending.lookup(&task);
    if (!event) {
        // It began before this tool did.
        event = scratch.lookup(&zero);
        if (!event)
            return 0;
        event->used = event->first_end = 0;
        event->is_incomplete = 1;
    }
    if (event->is_incomplete && !ret)
        read_again(event);
    event->ts = bpf_ktime_get_ns();
    event->pid = bpf_get_current_pid_tgid() >> 32;
    event->ppid = ppid;
    event->uid = bpf_get_current_uid_gid();
    event->cpu = bpf_get_smp_processor_id();
    event->ret = ret;
    bpf_get_current_comm(&event->comm, sizeof(event->comm));
    u32 used = event->used;
    if (used >= LINE_BYTES)
        return 0;
    LINE(event)[used] = 0;
    // Nothing follows the zero behind the last word.
    events.ringbuf_output(event, offsetof(struct event_t, line) + used + 1, 0);
    pending.delete(&task);
    return 0;
}

TRACEPOINT_PROBE(syscalls, sys_enter_execve) {
    return on_enter((const char *)args->filename, (const char *const *)args->argv);
}
TRACEPOINT_PROBE(syscalls, sys_exit_execve) { return on_exit(args->ret); }
TRACEPOINT_PROBE(syscalls, sys_enter_execveat) {
    return on_enter((const char *)args->filename, (const char *const *)args->argv);
}
TRACEPOINT_PROBE(syscalls, sys_exit_execveat) { return on_exit(args->ret); }
`,
  cflags: [
    `-DMAX_ARGS=${MAX_ARGS}`,
    `-DARGUMENT_BYTES=${ARGUMENT_BYTES}`,
    `-DLINE_BYTES=${LINE_BYTES}`,
    `-DBUFFER_PAGES=${BUFFER_PAGES}`,
    `-DWANT_FAILED=${args.fails ? 1 : 0}`,
    `-DQUOTES=${args.quote ? 1 : 0}`,
    `-DONLY_UID=${args.uid ?? -1}`,
    `-DONLY_PPID=${args.ppid ?? 0}`,
    `-DONLY_COMMAND=${command === undefined ? 0 : 1}`,
  ],
});
if (command !== undefined) b.table<number, number>("command_tree").set(command.root_pid, 1);

interface ExecEvent {
  readonly ts: bigint;
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly cpu: number;
  readonly ret: number;
  readonly comm: string;
  readonly used: number;
  /** Bytes with -q. */
  readonly line: string | Uint8Array;
}

/** The words of an event as one text. */
function join_words({ line, used }: ExecEvent): string {
  if (typeof line === "string") return line;
  const words: string[] = [];
  for (let at = 0; at < used; ) {
    const end = line.indexOf(0, at + 1);
    const word = decode_text(line.subarray(at + 1, end));
    words.push(line[at] === WORD ? `"${word.replaceAll('"', '\\"')}"` : word);
    at = end + 1;
  }
  return words.join(" ");
}
const WORD = "w".charCodeAt(0);

const started = { first: undefined as bigint | undefined };

const rows = new RowPrinter<ExecEvent>([
  ...(args.time ? [{ head: "TIME", format: "%-9s", value: () => strftime("%H:%M:%S") }] : []),
  ...(args.timestamp
    ? [
        {
          head: "TIME(s)",
          format: "%-8.3f",
          name: "seconds",
          value: ({ ts }: ExecEvent) => Number(ts - (started.first ??= ts)) / 1e9,
        },
      ]
    : []),
  ...(args.print_uid ? [{ head: "UID", format: "%-6d", value: "uid" as const }] : []),
  { head: "PCOMM", format: "%-16s", name: "comm", value: "comm" },
  { head: "PID", format: "%-7d", value: "pid" },
  { head: "PPID", format: "%-7s", value: "ppid", zero: "?" },
  ...(args.cpu ? [{ head: "CPU", format: "%-4d", value: "cpu" as const }] : []),
  { head: "RET", format: "%3d", value: "ret" },
  { head: "ARGS", format: "%s", name: "line", value: args.quote ? join_words : "line" },
]);

const matches = (pattern: string | undefined, text: string): boolean =>
  pattern === undefined || new RegExp(pattern).test(text);

rows.print_header();
const events = b.table<never, ExecEvent>("events");
if (args.name === undefined && args.line === undefined) events.print_rows(rows);
else
  events.open_ring_buffer((event) => {
    if (matches(args.name, event.comm) && matches(args.line, join_words(event))) rows.print(event);
  });
for (;;) b.ring_buffer_poll();
