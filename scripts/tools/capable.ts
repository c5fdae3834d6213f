// Prints a line for each check of a capability, with the stack that asked on request.
// Subject: security
//
//   bpfts capable                  every check that is of a kind that audit hears of
//   bpfts capable -K -U --unique   with stacks, each once
//
// Source: BCC's capable, whose options and columns these are. Where the kernel's functions cannot be probed it takes the
// tracepoint of Linux 6.14, which tells neither AUDIT nor INSETID. BCC prints the thread as PID.
import {
  BPF,
  RowPrinter,
  capability_name,
  eprint,
  errno_number,
  filter_by_process,
  have_container_filter,
  function_entry,
  have_function_probes,
  is_json_output,
  json_output,
  parse_args,
  poll_events,
  print,
  printf,
  time_column,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Trace security capability checks",
  examples: `
examples:
    bpfts capable             # trace capability checks
    bpfts capable -v          # verbose: include non-audit checks
    bpfts capable -p 181      # only trace PID 181
    bpfts capable -K          # add kernel stacks to trace
    bpfts capable -U          # add user-space stacks to trace
    bpfts capable -x          # extra fields: show TID and INSETID columns
    bpfts capable --unique    # don't repeat stacks for the same pid or cgroup`,
  arguments: {
    verbose: { flags: ["-v", "--verbose"], help: "include non-audit checks" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    kernel_stack: { flags: ["-K", "--kernel-stack"], help: "output kernel stack trace" },
    user_stack: { flags: ["-U", "--user-stack"], help: "output user stack trace" },
    extra: { flags: ["-x", "--extra"], help: "show extra fields in TID and INSETID columns" },
    cgroupmap: { flags: ["--cgroupmap"], type: "string", help: "trace cgroups in this BPF map only" },
    mntnsmap: { flags: ["--mntnsmap"], type: "string", help: "trace mount namespaces in this BPF map only" },
    unique: { flags: ["--unique"], help: "don't repeat stacks for the same pid or cgroup" },
    ...tool_options,
  },
});
json_output(args.json);

/** The tracepoint says less, but needs neither kprobes nor fentry. */
const isTold = have_function_probes() || !BPF.tracepoint_exists("capability", "cap_capable");
if (!isTold && !args.verbose)
  eprint("capable: this kernel's tracepoint does not tell which checks audit hears of, so all are shown, as with -v");
const withStacks = args.kernel_stack || args.user_stack;

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct event_t {
    u32 tgid;
    u32 pid;
    u32 uid;
    int cap;
    int audit;
    int insetid;
    int kernel_stack_id;
    int user_stack_id;
    char comm[TASK_COMM_LEN];
};

struct repeat_t {
    u64 owner;
    int cap;
    int kernel_stack_id;
    int user_stack_id;
    u32 unused;
};

BPF_HASH(seen, struct repeat_t, u8);
BPF_STACK_TRACE(stacks, 2048);
BPF_PERF_OUTPUT(events);

static inline int on_check(void *ctx, int cap, int audit, int insetid) {
    if (process_should_be_filtered() || (!VERBOSE && !audit))
        return 0;
    u64 id = bpf_get_current_pid_tgid();
    struct event_t event = { .tgid = id >> 32, .pid = id, .cap = cap, .audit = audit, .insetid = insetid };
    event.uid = bpf_get_current_uid_gid();
    event.kernel_stack_id = KERNEL_STACKS ? stacks.get_stackid(ctx, 0) : -1;
    event.user_stack_id = USER_STACKS ? stacks.get_stackid(ctx, BPF_F_USER_STACK) : -1;
    if (UNIQUE) {
        struct repeat_t repeat = { .cap = cap, .kernel_stack_id = event.kernel_stack_id, .user_stack_id = event.user_stack_id };
        repeat.owner = BY_CGROUP ? bpf_get_current_cgroup_id() : event.tgid;
        u8 one = 1;
        if (seen.lookup(&repeat))
            return 0;
        seen.update(&repeat, &one);
    }
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    events.perf_submit(ctx, &event, sizeof(event));
    return 0;
}

${
  isTold
    ? `${function_entry("cap_capable", "const struct cred *cred, struct user_namespace *ns, int cap, unsigned int options")} {
    return on_check(ctx, cap, !(options & 2), (options & 4) != 0);
}`
    : "TRACEPOINT_PROBE(capability, cap_capable) { return on_check(args, args->cap, -1, -1); }"
}
`,
  cflags: [
    `-DVERBOSE=${args.verbose ? 1 : 0}`,
    `-DKERNEL_STACKS=${args.kernel_stack ? 1 : 0}`,
    `-DUSER_STACKS=${args.user_stack ? 1 : 0}`,
    `-DUNIQUE=${args.unique ? 1 : 0}`,
    `-DBY_CGROUP=${have_container_filter({ cgroup: args.cgroup, cgroupmap: args.cgroupmap }) ? 1 : 0}`,
  ],
});

interface CheckEvent {
  readonly tgid: number;
  readonly pid: number;
  readonly uid: number;
  readonly cap: number;
  readonly audit: number;
  readonly insetid: number;
  readonly kernel_stack_id: number;
  readonly user_stack_id: number;
  readonly comm: string;
}

const stacks = b.get_table("stacks");
const untold = args.json ? null : "N/A";
const told = (value: number): unknown => (value === -1 ? untold : value);

function nameStack(wanted: boolean, id: number, pid: number): string[] {
  if (!wanted) return [];
  // A thread of the kernel has no stack of a program.
  if (id < 0) return id === -(errno_number("EFAULT") ?? 14) ? [] : ["[Missed stack]"];
  return stacks.name_frames(id, (address) => BPF.sym(address, pid, { show_module: true, show_offset: true }));
}

const rows = new RowPrinter<CheckEvent>([
  time_column("%-9s"),
  { head: "UID", format: "%-6d", value: "uid" },
  { head: "PID", format: "%-6d", value: "tgid", name: "pid" },
  args.extra && { head: "TID", format: "%-6d", value: "pid", name: "tid" },
  { head: "COMM", format: "%-16s", value: "comm" },
  { head: "CAP", format: "%-4d", value: "cap" },
  { head: "NAME", format: "%-20s", value: ({ cap }) => capability_name(cap) },
  { head: "AUDIT", format: "%-6s", value: ({ audit }) => told(audit) },
  args.extra && { head: "INSETID", format: "%s", value: ({ insetid }) => told(insetid) },
]);
rows.print_header();
b.table<never, CheckEvent>("events").open_perf_buffer(
  (event) => {
    if (!rows.wants(event)) return;
    const kernel_stack = nameStack(args.kernel_stack, event.kernel_stack_id, -1);
    const user_stack = nameStack(args.user_stack, event.user_stack_id, event.tgid);
    if (is_json_output() && withStacks) return print(rows.render(event, { kernel_stack, user_stack }));
    rows.print(event);
    for (const name of [...kernel_stack, ...user_stack]) printf("        %s\n", name);
  },
  { by_time: true },
);
poll_events(args.duration);
