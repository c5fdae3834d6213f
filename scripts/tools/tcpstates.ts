// Prints a line for each change of a TCP session's state, with the time that it spent in the state before.
// Subject: network
//
//   bpfts tcpstates                            every change
//   bpfts tcpstates -D 443                     of sessions with a remote port
//   bpfts -c 'curl -s example.org' tcpstates   of those of one command
//
// Source: BCC's tcpstates, whose options and columns these are. A script reaches no journal: there is no -Y.
import {
  BPF,
  RowPrinter,
  command,
  address_text,
  elapsed_column,
  filter_by_process,
  have_container_filter,
  is_none_of,
  json_output,
  parse_args,
  poll_events,
  port_list,
  time_column,
  tcp_state_name,
  tool_options,
} from "bpfts";

const args = parse_args({
  description: "Trace TCP session state changes and durations",
  examples: `
examples:
    bpfts tcpstates           # trace all TCP state changes
    bpfts tcpstates -t        # include timestamp column
    bpfts tcpstates -T        # include time column (HH:MM:SS)
    bpfts tcpstates -w        # wider columns (fit IPv6)
    bpfts tcpstates -stT      # csv output, with times & timestamps
    bpfts tcpstates -L 80     # only trace local port 80
    bpfts tcpstates -L 80,81  # only trace local ports 80 and 81
    bpfts tcpstates -D 80     # only trace remote port 80
    bpfts tcpstates -4        # trace IPv4 family only
    bpfts tcpstates -6        # trace IPv6 family only`,
  arguments: {
    time: { flags: ["-T", "--time"], help: "include time column on output (HH:MM:SS)" },
    timestamp: { flags: ["-t", "--timestamp"], help: "include timestamp on output (seconds)" },
    wide: { flags: ["-w", "--wide"], help: "wide column output (fits IPv6 addresses)" },
    csv: { flags: ["-s", "--csv"], help: "comma separated values output" },
    localport: { flags: ["-L", "--localport"], type: port_list, help: "comma-separated list of local ports to trace." },
    remoteport: {
      flags: ["-D", "--remoteport"],
      type: port_list,
      help: "comma-separated list of remote ports to trace.",
    },
    ipv4: { flags: ["-4", "--ipv4"], help: "trace IPv4 family only" },
    ipv6: { flags: ["-6", "--ipv6"], help: "trace IPv6 family only" },
    ...tool_options,
  },
  exclusive: [["ipv4", "ipv6"]],
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct event_t {
    u64 ts;
    u64 skaddr;
    u64 span_ns;
    u32 pid;
    int oldstate;
    int newstate;
    u16 family;
    u16 lport;
    u16 rport;
    u8 laddr[16];
    u8 raddr[16];
    char comm[TASK_COMM_LEN];
};

BPF_HASH(last, u64, u64);
BPF_HASH(followed, u64, u8);
BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(sock, inet_sock_set_state) {
    u64 sk = (u64)args->skaddr, now = bpf_ktime_get_ns();
    u16 lport = args->sport, rport = args->dport;
    u8 one = 1;
    if (args->protocol != IPPROTO_TCP || args->family == FAMILY_UNWANTED || LPORT_UNWANTED || RPORT_UNWANTED)
        return 0;
    // Many changes are made by whoever runs when a packet comes: a socket is followed from the first one that a wanted process makes.
    if (ONLY_SOME && !followed.lookup(&sk)) {
        if (process_should_be_filtered())
            return 0;
        followed.update(&sk, &one);
    }
    u64 *before = last.lookup(&sk);
    struct event_t event = { .ts = now, .skaddr = sk, .lport = lport, .rport = rport };
    event.span_ns = before ? now - *before : 0;
    event.pid = bpf_get_current_pid_tgid() >> 32;
    event.oldstate = args->oldstate;
    event.newstate = args->newstate;
    event.family = args->family;
    if (args->family == AF_INET) {
        __builtin_memcpy(&event.laddr, args->saddr, 4);
        __builtin_memcpy(&event.raddr, args->daddr, 4);
    } else {
        __builtin_memcpy(&event.laddr, args->saddr_v6, 16);
        __builtin_memcpy(&event.raddr, args->daddr_v6, 16);
    }
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    events.perf_submit(args, &event, sizeof(event));
    if (args->newstate == TCP_CLOSE) {
        last.delete(&sk);
        followed.delete(&sk);
    } else {
        last.update(&sk, &now);
    }
    return 0;
}
`,
  cflags: [
    `-DFAMILY_UNWANTED=${args.ipv4 ? "AF_INET6" : args.ipv6 ? "AF_INET" : "AF_UNSPEC"}`,
    `-DLPORT_UNWANTED=${is_none_of("lport", args.localport)}`,
    `-DRPORT_UNWANTED=${is_none_of("rport", args.remoteport)}`,
    `-DONLY_SOME=${command !== undefined || have_container_filter({ cgroup: args.cgroup }) ? 1 : 0}`,
  ],
});

interface StateEvent {
  readonly ts: bigint;
  readonly skaddr: bigint;
  readonly span_ns: bigint;
  readonly pid: number;
  readonly oldstate: number;
  readonly newstate: number;
  readonly family: number;
  readonly lport: number;
  readonly rport: number;
  readonly laddr: Uint8Array;
  readonly raddr: Uint8Array;
  readonly comm: string;
}

const [comm, wide] = args.wide ? ["%-16.16s", "%-26s"] : ["%-10.10s", "%-15s"];

const rows = new RowPrinter<StateEvent>(
  [
    args.time && time_column(),
    args.timestamp && elapsed_column<StateEvent>(),
    { head: "SKADDR", format: "%-16s", value: ({ skaddr }) => skaddr.toString(16) },
    { head: "C-PID", format: "%-5d", name: "pid", value: "pid" },
    { head: "C-COMM", format: comm, name: "comm", value: "comm" },
    (args.wide || args.csv || args.json) && {
      head: "IP",
      format: "%-2d",
      value: ({ family }) => (family === 2 ? 4 : 6),
    },
    { head: "LADDR", format: wide, value: ({ family, laddr }) => address_text(family, laddr) },
    { head: "LPORT", format: "%-5d", value: "lport" },
    { head: "RADDR", format: wide, value: ({ family, raddr }) => address_text(family, raddr) },
    { head: "RPORT", format: "%-5d", value: "rport" },
    { head: "OLDSTATE", format: "%-11s", value: ({ oldstate }) => tcp_state_name(oldstate) },
    { head: "NEWSTATE", format: "-> %-11s", value: ({ newstate }) => tcp_state_name(newstate) },
    { head: "MS", format: "%.3f", value: ({ span_ns }) => Number(span_ns) / 1e6 },
  ],
  { csv: args.csv },
);
rows.print_header();
b.table<never, StateEvent>("events").open_perf_buffer((event) => rows.print(event), { page_cnt: 64, by_time: true });
poll_events(args.duration);
