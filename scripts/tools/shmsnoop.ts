// Prints a line for each call that makes, attaches, detaches or controls System V shared memory.
// Subject: memory
//
//   bpfts shmsnoop                     every shmget(), shmat(), shmdt() and shmctl()
//   bpfts shmsnoop -n postgres         those of programs of a name
//   bpfts -c 'ipcmk -M 64' shmsnoop    those of one command
//
// Source: BCC's shmsnoop, whose options and columns these are.
import {
  BPF,
  RowPrinter,
  elapsed_column,
  filter_by_process,
  flag_names,
  json_output,
  parse_args,
  poll_events,
  sprintf,
  tool_options,
  process_id,
  thread_id,
} from "bpfts";

const args = parse_args({
  description: "Trace shm*() syscalls",
  examples: `
examples:
    bpfts shmsnoop           # trace all shm*() syscalls
    bpfts shmsnoop -T        # include timestamps
    bpfts shmsnoop -p 181    # only trace PID 181
    bpfts shmsnoop -t 123    # only trace TID 123
    bpfts shmsnoop -d 10     # trace for 10 seconds only
    bpfts shmsnoop -n main   # only print process names containing "main"`,
  arguments: {
    timestamp: { flags: ["-T", "--timestamp"], help: "include timestamp on output" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    tid: { flags: ["-t", "--tid"], type: thread_id, help: "trace this TID only" },
    name: { flags: ["-n", "--name"], type: "string", help: "only print process names containing this name" },
    ...tool_options,
    duration: { flags: ["-d", "--duration"], type: "float", help: "total duration of trace in seconds" },
  },
});
json_output(args.json);

const calls = [
  { name: "SHMGET", enter: "args->key, args->size, args->shmflg" },
  { name: "SHMAT", enter: "args->shmid, (u64)args->shmaddr, args->shmflg" },
  { name: "SHMDT", enter: "(u64)args->shmaddr, 0, 0" },
  { name: "SHMCTL", enter: "args->shmid, args->cmd, (u64)args->buf" },
];

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct event_t {
    u64 ts;
    u64 ret;
    u64 words[3];
    u32 pid;
    u32 tid;
    u32 call;
    char comm[TASK_COMM_LEN];
};

BPF_HASH(calls, u32, struct event_t);
BPF_PERF_OUTPUT(events);

static inline int on_enter(u32 call, u64 first, u64 second, u64 third) {
    u64 id = bpf_get_current_pid_tgid();
    u32 tid = id;
    struct event_t event = { .pid = id >> 32, .tid = tid, .call = call, .words = { first, second, third } };
    if (!process_should_be_filtered())
        calls.update(&tid, &event);
    return 0;
}

static inline int on_exit(void *ctx, u64 ret) {
    u32 tid = bpf_get_current_pid_tgid();
    struct event_t *event = calls.lookup(&tid);
    if (!event)
        return 0;
    event->ts = bpf_ktime_get_ns();
    event->ret = ret;
    bpf_get_current_comm(&event->comm, sizeof(event->comm));
    events.perf_submit(ctx, event, sizeof(*event));
    calls.delete(&tid);
    return 0;
}
${calls
  .map(
    ({ name, enter }, index) => `
TRACEPOINT_PROBE(syscalls, sys_enter_${name.toLowerCase()}) { return on_enter(${index}, ${enter}); }
TRACEPOINT_PROBE(syscalls, sys_exit_${name.toLowerCase()}) { return on_exit(args, args->ret); }`,
  )
  .join("")}
`,
});

interface ShmEvent {
  readonly ts: bigint;
  readonly ret: bigint;
  readonly words: readonly bigint[];
  readonly pid: number;
  readonly tid: number;
  readonly call: number;
  readonly comm: string;
}

/** Source: include/uapi/linux/ipc.h and shm.h in the kernel's tree. */
const getFlags = {
  IPC_CREAT: 0o1000,
  IPC_EXCL: 0o2000,
  SHM_HUGETLB: 0o4000,
  SHM_HUGE_1GB: 30 * 2 ** 26,
  SHM_HUGE_2MB: 21 * 2 ** 26,
  SHM_NORESERVE: 0o10000,
  SHM_EXEC: 0o100000,
};
const attachFlags = { SHM_RDONLY: 0o10000, SHM_RND: 0o20000, SHM_REMAP: 0o40000, SHM_EXEC: 0o100000 };

/** The number, and in brackets its names; what has no name is a mode, in octal digits. */
function renderFlags(value: bigint, table: Readonly<Record<string, number>>): string {
  const names = flag_names(value, table).replace(
    /0x([0-9a-f]+)$/,
    (_, digits) => `0${parseInt(digits, 16).toString(8)}`,
  );
  return value === 0n ? "0x0" : `0x${value.toString(16)} (${names})`;
}

function renderArguments({ call, words }: ShmEvent): string {
  const [first, second, third] = words as [bigint, bigint, bigint];
  if (call === 0) return sprintf("key: 0x%lx, size: %lu, shmflg: %s", first, second, renderFlags(third, getFlags));
  if (call === 1)
    return sprintf("shmid: 0x%lx, shmaddr: 0x%lx, shmflg: %s", first, second, renderFlags(third, attachFlags));
  if (call === 2) return sprintf("shmaddr: 0x%lx", first);
  return sprintf("shmid: 0x%lx, cmd: %lu, buf: 0x%lx", first, second, third);
}

const rows = new RowPrinter<ShmEvent>([
  args.timestamp && elapsed_column<ShmEvent>("%-13.9f"),
  args.tid !== undefined
    ? { head: "TID", format: "%-6d", value: "tid" as const }
    : { head: "PID", format: "%-6d", value: "pid" as const },
  { head: "COMM", format: "%-16s", value: "comm" },
  { head: "SYS", format: "%6s", value: ({ call }) => calls[call]?.name ?? "" },
  { head: "RET", format: "%16x", value: "ret" },
  { head: "ARGs", format: "%s", name: "args", value: renderArguments },
]);

rows.print_header();
b.table<never, ShmEvent>("events").open_perf_buffer(
  (event) => {
    if (args.name === undefined || event.comm.includes(args.name)) rows.print(event);
  },
  { page_cnt: 64, by_time: true },
);
poll_events(args.duration);
