// Shows again and again which TCP connections send and receive most.
// Subject: network
//
//   bpfts tcptop           every second
//   bpfts tcptop -C 1 10   ten times, without clearing the screen
//
// Source: BCC's tcptop, whose options and columns these are. Connections of both families stand in one sorted table. From Linux 6.3 on it takes tracepoints, before kernel functions; what sendfile() and splice() move is then seen
// where they send, not where they receive.
import {
  AF_INET,
  BPF,
  RowPrinter,
  TopScreen,
  address_text,
  filter_by_process,
  function_entry,
  function_return,
  intervals,
  is_json_output,
  json_output,
  loadavg_title,
  parse_args,
  positive_int,
  positive_seconds,
  printf,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Summarize TCP send/recv throughput by host",
  examples: `
examples:
    bpfts tcptop           # trace TCP send/recv by host
    bpfts tcptop -C        # don't clear the screen
    bpfts tcptop -p 181    # only trace PID 181
    bpfts tcptop -4        # trace IPv4 family only
    bpfts tcptop -6        # trace IPv6 family only`,
  arguments: {
    noclear: { flags: ["-C", "--noclear"], help: "don't clear the screen" },
    nosummary: { flags: ["-S", "--nosummary"], help: "skip system summary line" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    cgroupmap: { flags: ["--cgroupmap"], type: "string", help: "trace cgroups in this BPF map only" },
    mntnsmap: { flags: ["--mntnsmap"], type: "string", help: "trace mount namespaces in this BPF map only" },
    ipv4: { flags: ["-4", "--ipv4"], help: "trace IPv4 family only" },
    ipv6: { flags: ["-6", "--ipv6"], help: "trace IPv6 family only" },
    maxrows: { flags: ["-r", "--maxrows"], type: positive_int, default: 1000, help: "maximum rows to print" },
    interval: { type: positive_seconds, default: 1, help: "output interval, in seconds (default 1)" },
    count: { type: positive_int, optional: true, help: "number of outputs" },
    ...tool_options,
  },
  exclusive: [["ipv4", "ipv6"]],
});
json_output(args.json);

const MSG_PEEK = 2;
const tracepoints = `
RAW_TRACEPOINT_PROBE(sock_send_length) { return on_bytes((struct sock *)ctx->args[0], ctx->args[1], 0); }
RAW_TRACEPOINT_PROBE(sock_recv_length) {
    return ctx->args[2] & ${MSG_PEEK} ? 0 : on_bytes((struct sock *)ctx->args[0], ctx->args[1], 1);
}
`;

/** Functions that send, with the types of their parameters; tcp_sendpage is gone since Linux 6.5. */
const senders = [
  ["tcp_sendmsg", ["struct sock *", "struct msghdr *", "size_t"]],
  ["tcp_sendpage", ["struct sock *", "struct page *", "int", "size_t", "int"]],
] as const;

const functions = (): string => `
BPF_HASH(sending, u32, struct sock *);
${senders
  .filter(([name]) => BPF.ksymname(name) !== -1n)
  .map(
    ([name, types]) => `
${function_entry(name, "struct sock *sk")} {
    u32 tid = bpf_get_current_pid_tgid();
    if (!process_should_be_filtered())
        sending.update(&tid, &sk);
    return 0;
}
${function_return(name, types, "int")} {
    u32 tid = bpf_get_current_pid_tgid();
    struct sock **sk = sending.lookup(&tid);
    if (sk)
        on_bytes(*sk, ret, 0);
    sending.delete(&tid);
    return 0;
}`,
  )
  .join("")}
${function_entry("tcp_cleanup_rbuf", "struct sock *sk, int copied")} { return on_bytes(sk, copied, 1); }
`;

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct session_t {
    u8 laddr[16];
    u8 raddr[16];
    u32 pid;
    u16 lport;
    u16 rport;
    u16 family;
    u16 unused;
    char comm[TASK_COMM_LEN];
};

struct bytes_t {
    u64 rx;
    u64 tx;
};

BPF_HASH(sessions, struct session_t, struct bytes_t);

static inline int on_bytes(struct sock *sk, int bytes, int is_received) {
    struct session_t session = {};
    struct bytes_t zero = {};
    if (bytes <= 0 || process_should_be_filtered() || sk->sk_protocol != IPPROTO_TCP)
        return 0;
    session.family = sk->__sk_common.skc_family;
    if (session.family == FAMILY_UNWANTED)
        return 0;
    session.pid = bpf_get_current_pid_tgid() >> 32;
    session.lport = sk->__sk_common.skc_num;
    u16 rport = sk->__sk_common.skc_dport;
    session.rport = ntohs(rport);
    if (session.family == AF_INET) {
        bpf_probe_read_kernel(&session.laddr, 4, &sk->__sk_common.skc_rcv_saddr);
        bpf_probe_read_kernel(&session.raddr, 4, &sk->__sk_common.skc_daddr);
    } else {
        bpf_probe_read_kernel(&session.laddr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
        bpf_probe_read_kernel(&session.raddr, 16, &sk->__sk_common.skc_v6_daddr);
    }
    bpf_get_current_comm(&session.comm, sizeof(session.comm));
    struct bytes_t *sum = sessions.lookup_or_try_init(&session, &zero);
    if (!sum)
        return 0;
    // Threads of a process share a connection.
    if (is_received)
        lock_xadd(&sum->rx, bytes);
    else
        lock_xadd(&sum->tx, bytes);
    return 0;
}
${BPF.tracepoint_exists("sock", "sock_send_length") ? tracepoints : functions()}
`,
  cflags: [`-DFAMILY_UNWANTED=${args.ipv4 ? "AF_INET6" : args.ipv6 ? "AF_INET" : "AF_UNSPEC"}`],
});

interface Session {
  readonly laddr: Uint8Array;
  readonly raddr: Uint8Array;
  readonly pid: number;
  readonly lport: number;
  readonly rport: number;
  readonly family: number;
  readonly comm: string;
}

interface Bytes {
  readonly rx: number;
  readonly tx: number;
}

/** A table of IPv4 addresses alone fits 80 columns. */
function makeScreen(width: number): TopScreen<Session & Bytes> {
  const address = `%-${width}s`;
  const rows = new RowPrinter<Session & Bytes>([
    { head: "PID", format: "%-7d", value: "pid" },
    { head: "COMM", format: "%-12.12s", value: "comm" },
    { head: "LADDR", format: address, value: ({ family, laddr, lport }) => `${address_text(family, laddr)}:${lport}` },
    { head: "RADDR", format: address, value: ({ family, raddr, rport }) => `${address_text(family, raddr)}:${rport}` },
    { head: "RX_KB", format: "%6d", value: ({ rx }) => Math.floor(rx / 1024) },
    { head: "TX_KB", format: "%6d", value: ({ tx }) => Math.floor(tx / 1024) },
  ]);
  return new TopScreen(rows, { clear: !args.noclear, max_rows: args.maxrows });
}

const [narrow, wide] = [makeScreen(21), makeScreen(32)];
if (!is_json_output()) printf("Tracing... Output every %g secs. Hit Ctrl-C to end\n", args.interval);
const sessions = b.table<Session, Bytes>("sessions", { u64: "number" });
for (const _ of intervals(args.interval, args.count, args.duration)) {
  const list = [...sessions.items_lookup_and_delete_batch()].map(([session, bytes]) => ({ ...session, ...bytes }));
  const screen = list.every(({ family }) => family === AF_INET) ? narrow : wide;
  screen.show(list, ({ rx, tx }) => rx + tx, args.nosummary ? "" : loadavg_title());
}
