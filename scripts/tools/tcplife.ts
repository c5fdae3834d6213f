// Prints a line for each TCP session that ends: who had it, with whom, how long, and how much went each way.
// Subject: network
//
//   bpfts tcplife                            every session
//   bpfts tcplife -L 80,443                  those of local ports
//   bpfts -c 'curl -s example.org' tcplife   those of one command
//
// Source: BCC's tcplife, whose options and columns these are. A session is its process's that connects or closes; BCC names whoever runs when the last packet of a server that
// closed first comes.
import {
  BPF,
  RowPrinter,
  address_text,
  elapsed_column,
  filter_by_process,
  is_none_of,
  json_output,
  parse_args,
  poll_events,
  port_list,
  time_column,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Trace the lifespan of TCP sessions and summarize",
  examples: `
examples:
    bpfts tcplife           # trace all TCP connect()s
    bpfts tcplife -T        # include time column (HH:MM:SS)
    bpfts tcplife -w        # wider columns (fit IPv6)
    bpfts tcplife -stT      # csv output, with times & timestamps
    bpfts tcplife -p 181    # only trace PID 181
    bpfts tcplife -L 80     # only trace local port 80
    bpfts tcplife -L 80,81  # only trace local ports 80 and 81
    bpfts tcplife -D 80     # only trace remote port 80
    bpfts tcplife -4        # only trace IPv4 family
    bpfts tcplife -6        # only trace IPv6 family`,
  arguments: {
    time: { flags: ["-T", "--time"], help: "include time column on output (HH:MM:SS)" },
    timestamp: { flags: ["-t", "--timestamp"], help: "include timestamp on output (seconds)" },
    wide: { flags: ["-w", "--wide"], help: "wide column output (fits IPv6 addresses)" },
    csv: { flags: ["-s", "--csv"], help: "comma separated values output" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
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
struct owner_t {
    u32 pid;
    u32 is_unwanted;
    char comm[TASK_COMM_LEN];
};

struct event_t {
    u64 ts;
    u64 span_ns;
    u64 rx_bytes;
    u64 tx_bytes;
    u32 pid;
    u16 family;
    u16 lport;
    u16 rport;
    u8 laddr[16];
    u8 raddr[16];
    char comm[TASK_COMM_LEN];
};

BPF_HASH(births, void *, u64);
BPF_HASH(owners, void *, struct owner_t);
BPF_PERF_OUTPUT(events);

static inline void note_owner(struct owner_t *owner) {
    owner->pid = bpf_get_current_pid_tgid() >> 32;
    owner->is_unwanted = process_should_be_filtered();
    bpf_get_current_comm(&owner->comm, sizeof(owner->comm));
}

TRACEPOINT_PROBE(sock, inet_sock_set_state) {
    void *sk = (void *)args->skaddr;
    u64 now = bpf_ktime_get_ns();
    int state = args->newstate;
    struct owner_t me = {};
    if (args->protocol != IPPROTO_TCP || args->family == FAMILY_UNWANTED)
        return 0;
    if (state < TCP_FIN_WAIT1)
        births.update(&sk, &now);
    // Only these are states that the process itself brings about: by connect(), and by close().
    if (state == TCP_SYN_SENT || state == TCP_LAST_ACK || (state == TCP_FIN_WAIT1 && !owners.lookup(&sk))) {
        note_owner(&me);
        owners.update(&sk, &me);
    }
    if (state != TCP_CLOSE)
        return 0;

    u16 lport = args->sport, rport = args->dport;
    u64 *birth = births.lookup(&sk);
    struct owner_t *owner = owners.lookup(&sk);
    if (!owner) {
        note_owner(&me);
        owner = &me;
    }
    if (birth && !owner->is_unwanted && !LPORT_UNWANTED && !RPORT_UNWANTED) {
        struct event_t event = { .ts = now, .span_ns = now - *birth, .pid = owner->pid, .lport = lport, .rport = rport };
        struct tcp_sock *tcp = sk;
        event.rx_bytes = tcp->bytes_received;
        event.tx_bytes = tcp->bytes_acked;
        event.family = args->family;
        if (args->family == AF_INET) {
            __builtin_memcpy(&event.laddr, args->saddr, 4);
            __builtin_memcpy(&event.raddr, args->daddr, 4);
        } else {
            __builtin_memcpy(&event.laddr, args->saddr_v6, 16);
            __builtin_memcpy(&event.raddr, args->daddr_v6, 16);
        }
        __builtin_memcpy(&event.comm, owner->comm, sizeof(event.comm));
        events.perf_submit(args, &event, sizeof(event));
    }
    births.delete(&sk);
    owners.delete(&sk);
    return 0;
}
`,
  cflags: [
    `-DFAMILY_UNWANTED=${args.ipv4 ? "AF_INET6" : args.ipv6 ? "AF_INET" : "AF_UNSPEC"}`,
    `-DLPORT_UNWANTED=${is_none_of("lport", args.localport)}`,
    `-DRPORT_UNWANTED=${is_none_of("rport", args.remoteport)}`,
  ],
});

interface LifeEvent {
  readonly ts: bigint;
  readonly span_ns: bigint;
  readonly rx_bytes: bigint;
  readonly tx_bytes: bigint;
  readonly pid: number;
  readonly family: number;
  readonly lport: number;
  readonly rport: number;
  readonly laddr: Uint8Array;
  readonly raddr: Uint8Array;
  readonly comm: string;
}

const [comm, wide, port, size] = args.wide
  ? ["%-16.16s", "%-26s", "%-5d", "%6d"]
  : ["%-10.10s", "%-15s", "%-5d", "%5d"];

const rows = new RowPrinter<LifeEvent>(
  [
    args.time && time_column(),
    args.timestamp && elapsed_column<LifeEvent>(),
    { head: "PID", format: "%-5d", value: "pid" },
    { head: "COMM", format: comm, value: "comm" },
    (args.wide || args.csv || args.json) && {
      head: "IP",
      format: "%-2d",
      value: ({ family }) => (family === 2 ? 4 : 6),
    },
    { head: "LADDR", format: wide, value: ({ family, laddr }) => address_text(family, laddr) },
    { head: "LPORT", format: port, value: "lport" },
    { head: "RADDR", format: wide, value: ({ family, raddr }) => address_text(family, raddr) },
    { head: "RPORT", format: port, value: "rport" },
    { head: "TX_KB", format: size, value: ({ tx_bytes }) => tx_bytes / 1024n },
    { head: "RX_KB", format: size, value: ({ rx_bytes }) => rx_bytes / 1024n },
    { head: "MS", format: "%.2f", value: ({ span_ns }) => Number(span_ns) / 1e6 },
  ],
  { csv: args.csv },
);
rows.print_header();
b.table<never, LifeEvent>("events").open_perf_buffer((event) => rows.print(event), { page_cnt: 64, by_time: true });
poll_events(args.duration);
