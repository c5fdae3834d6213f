// Prints a line for each thread that a program starts by pthread_create(), with the function that it begins with.
// Subject: processes
//
//   bpfts threadsnoop            every thread of programs that use libc
//   bpfts -c 'node -v' threadsnoop
//
// Source: BCC's threadsnoop, whose columns these are; it has no options. -l takes another library, for programs that have their own.
import {
  BPF,
  RowPrinter,
  filter_by_process,
  json_output,
  parse_args,
  poll_events,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "List new thread creation",
  examples: `
examples:
    bpfts threadsnoop           # trace pthread_create()
    bpfts threadsnoop -p 181    # only trace PID 181`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    lib: { flags: ["-l", "--lib"], type: "string", help: "the library, by path or name (default pthread or c)" },
    ...tool_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct event_t {
    u64 ts;
    u64 start;
    u32 pid;
    char comm[TASK_COMM_LEN];
};

BPF_PERF_OUTPUT(events);

int on_create(struct pt_regs *ctx) {
    struct event_t event = { .ts = bpf_ktime_get_ns(), .start = PT_REGS_PARM3(ctx) };
    if (process_should_be_filtered())
        return 0;
    event.pid = bpf_get_current_pid_tgid() >> 32;
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    events.perf_submit(ctx, &event, sizeof(event));
    return 0;
}
`,
});

/** glibc 2.34 took it into libc; the other library may still lie about, without the function. */
const library = args.lib ?? ["pthread", "c"].find(hasCreate) ?? "c";
b.attach_uprobe({
  name: library,
  sym: "pthread_create",
  fn_name: "on_create",
  ...(args.pid !== undefined && { pid: args.pid }),
});

function hasCreate(name: string): boolean {
  return BPF.find_library(name) !== undefined && BPF.get_user_functions(name, "^pthread_create$").length > 0;
}

interface ThreadEvent {
  readonly ts: bigint;
  readonly start: bigint;
  readonly pid: number;
  readonly comm: string;
}

let first: bigint | undefined;
const nameFunction = ({ start, pid }: ThreadEvent): string => {
  const name = BPF.sym(start, pid);
  return name === "[unknown]" ? `0x${start.toString(16)}` : name;
};
const rows = new RowPrinter<ThreadEvent>([
  { head: "TIME(ms)", format: "%-10d", name: "ms", value: ({ ts }) => Number(ts - (first ??= ts)) / 1e6 },
  { head: "PID", format: "%-7d", value: "pid" },
  { head: "COMM", format: "%-16s", value: "comm" },
  { head: "FUNC", format: "%s", value: nameFunction },
]);
rows.print_header();
b.table<never, ThreadEvent>("events").open_perf_buffer((event) => rows.print(event), { by_time: true });
poll_events(args.duration);
