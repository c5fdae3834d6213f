// Prints a line for each look-up of a host's name, with how long it took.
// Subject: network
//
//   bpfts gethostlatency                         every look-up by libc
//   bpfts -c 'curl -s example.org' gethostlatency
//
// Source: BCC's gethostlatency, whose options and columns these are. -l takes another library, for programs that have their own.
import {
  BPF,
  RowPrinter,
  filter_by_process,
  json_output,
  parse_args,
  poll_events,
  time_column,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Show latency for getaddrinfo/gethostbyname[2] calls",
  examples: `
examples:
    bpfts gethostlatency                   # time getaddrinfo/gethostbyname[2] calls
    bpfts gethostlatency -p 181            # only trace PID 181
    bpfts gethostlatency -l /opt/libc.so   # trace the functions of another library`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    lib: { flags: ["-l", "--lib"], type: "string", default: "c", help: "the library, by path or name (default c)" },
    ...tool_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct call_t {
    u64 ts;
    const char *host;
};

struct event_t {
    u64 span_ns;
    u32 pid;
    char comm[TASK_COMM_LEN];
    char host[256];
};

BPF_HASH(calls, u32, struct call_t);
BPF_PERF_OUTPUT(events);

int on_entry(struct pt_regs *ctx) {
    u32 tid = bpf_get_current_pid_tgid();
    struct call_t call = { .ts = bpf_ktime_get_ns(), .host = (const char *)PT_REGS_PARM1(ctx) };
    if (call.host && !process_should_be_filtered())
        calls.update(&tid, &call);
    return 0;
}

int on_return(struct pt_regs *ctx) {
    u64 id = bpf_get_current_pid_tgid();
    u32 tid = id;
    struct call_t *call = calls.lookup(&tid);
    if (!call)
        return 0;
    struct event_t event = { .span_ns = bpf_ktime_get_ns() - call->ts, .pid = id >> 32 };
    bpf_probe_read_user_str(&event.host, sizeof(event.host), call->host);
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    events.perf_submit(ctx, &event, sizeof(event));
    calls.delete(&tid);
    return 0;
}
`,
});
const place = {
  name: args.lib,
  sym_re: "^(getaddrinfo|gethostbyname|gethostbyname2)$",
  ...(args.pid !== undefined && { pid: args.pid }),
};
b.attach_uprobe({ ...place, fn_name: "on_entry" });
b.attach_uretprobe({ ...place, fn_name: "on_return" });

interface HostEvent {
  readonly span_ns: bigint;
  readonly pid: number;
  readonly comm: string;
  readonly host: string;
}

const rows = new RowPrinter<HostEvent>([
  time_column("%-9s"),
  { head: "PID", format: "%-7d", value: "pid" },
  { head: "COMM", format: "%-16s", value: "comm" },
  { head: "LATms", format: "%10.2f", name: "ms", value: ({ span_ns }) => Number(span_ns) / 1e6 },
  { head: "HOST", format: "%s", value: "host" },
]);
rows.print_header();
b.table<never, HostEvent>("events").open_perf_buffer((event) => rows.print(event), { by_time: true });
poll_events(args.duration);
