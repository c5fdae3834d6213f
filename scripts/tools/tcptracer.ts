// Prints a line for each TCP connection that a process makes, accepts or closes.
// Subject: network
//
//   bpfts tcptracer                             every one
//   bpfts -c 'curl -s example.org' tcptracer    those of one command
//
// Source: BCC's tcptracer, whose options and columns these are. It takes the tracepoints of state changes and of the system calls that accept, so that no kprobes are needed; a connection that a server accepts by io_uring has
// no line A.
import {
  AF_INET,
  BPF,
  RowPrinter,
  address_text,
  elapsed_column,
  files_by_descriptor,
  filter_by_process,
  is_json_output,
  json_output,
  monotonic_ns,
  parse_args,
  poll_events,
  print,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Trace TCP connections",
  examples: `
examples:
    bpfts tcptracer           # trace all TCP connections
    bpfts tcptracer -t        # include timestamps
    bpfts tcptracer -p 181    # only trace PID 181
    bpfts tcptracer -4        # trace IPv4 family only
    bpfts tcptracer -6        # trace IPv6 family only`,
  arguments: {
    timestamp: { flags: ["-t", "--timestamp"], help: "include timestamp on output" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    netns: {
      flags: ["-N", "--netns"],
      type: "int",
      metavar: "INODE",
      help: "trace this network namespace only, by the number of ls -Li",
    },
    cgroupmap: { flags: ["--cgroupmap"], type: "string", help: "trace cgroups in this BPF map only" },
    mntnsmap: { flags: ["--mntnsmap"], type: "string", help: "trace mount namespaces in this BPF map only" },
    ipv4: { flags: ["-4", "--ipv4"], help: "trace IPv4 family only" },
    ipv6: { flags: ["-6", "--ipv6"], help: "trace IPv6 family only" },
    verbose: { flags: ["-v", "--verbose"], help: "include Network Namespace in the output" },
    ...tool_options,
  },
  exclusive: [["ipv4", "ipv6"]],
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${files_by_descriptor}
struct owner_t {
    u32 pid;
    char comm[TASK_COMM_LEN];
};

struct event_t {
    u64 ts;
    u32 netns;
    u16 family;
    u16 sport;
    u16 dport;
    u8 type;
    u8 saddr[16];
    u8 daddr[16];
    struct owner_t owner;
};

// SHUTDOWN_MASK of include/net/sock.h in the kernel's tree.
#define BOTH_WAYS 3

BPF_HASH(connecting, struct sock *, struct owner_t);
BPF_HASH(is_reset, struct sock *, u8);
BPF_PERF_OUTPUT(events);

static inline void note_owner(struct owner_t *owner) {
    owner->pid = bpf_get_current_pid_tgid() >> 32;
    bpf_get_current_comm(&owner->comm, sizeof(owner->comm));
}

static inline int note(void *ctx, struct sock *sk, u8 type, struct owner_t *owner) {
    struct event_t event = { .ts = bpf_ktime_get_ns(), .type = type, .owner = *owner };
    event.family = sk->__sk_common.skc_family;
    event.netns = sk->__sk_common.skc_net.net->ns.inum;
    if (event.family == FAMILY_UNWANTED || (ONLY_NETNS && event.netns != ONLY_NETNS))
        return 0;
    // A socket that is closed has lost the number skc_num already.
    u16 sport = ((struct inet_sock *)sk)->inet_sport, dport = sk->__sk_common.skc_dport;
    event.sport = ntohs(sport);
    event.dport = ntohs(dport);
    if (event.family == AF_INET) {
        bpf_probe_read_kernel(&event.saddr, 4, &sk->__sk_common.skc_rcv_saddr);
        bpf_probe_read_kernel(&event.daddr, 4, &sk->__sk_common.skc_daddr);
    } else if (event.family == AF_INET6) {
        bpf_probe_read_kernel(&event.saddr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
        bpf_probe_read_kernel(&event.daddr, 16, &sk->__sk_common.skc_v6_daddr);
    } else {
        return 0;
    }
    events.perf_submit(ctx, &event, sizeof(event));
    return 0;
}

TRACEPOINT_PROBE(sock, inet_sock_set_state) {
    struct sock *sk = (struct sock *)args->skaddr;
    int from = args->oldstate, to = args->newstate;
    struct owner_t me = {};
    if (args->protocol != IPPROTO_TCP)
        return 0;
    if (from == TCP_SYN_SENT) {
        // The answer may come while any process runs.
        struct owner_t *owner = connecting.lookup(&sk);
        if (owner && to == TCP_ESTABLISHED)
            note(args, sk, 'C', owner);
        connecting.delete(&sk);
        return 0;
    }
    u8 shutdown = sk->sk_shutdown;
    u8 one = 1;
    int is_open = from == TCP_ESTABLISHED || from == TCP_CLOSE_WAIT;
    if (is_open && to == TCP_CLOSE && shutdown != BOTH_WAYS) {
        // Reset by the other end, while any process runs; its own process closes it later.
        is_reset.update(&sk, &one);
        return 0;
    }
    if (process_should_be_filtered())
        return 0;
    note_owner(&me);
    if (to == TCP_SYN_SENT)
        connecting.update(&sk, &me);
    // By close(), or by shutdown() before: both ways and without a FIN when something was not read.
    else if (is_open && (to == TCP_CLOSE || to == (from == TCP_ESTABLISHED ? TCP_FIN_WAIT1 : TCP_LAST_ACK)))
        note(args, sk, 'X', &me);
    return 0;
}

TRACEPOINT_PROBE(tcp, tcp_destroy_sock) {
    struct sock *sk = (struct sock *)args->skaddr;
    struct owner_t me = {};
    if (is_reset.lookup(&sk) && !process_should_be_filtered()) {
        note_owner(&me);
        note(args, sk, 'X', &me);
    }
    is_reset.delete(&sk);
    return 0;
}

static inline int on_accepted(void *ctx, long fd) {
    struct owner_t me = {};
    struct socket *socket = fd < 0 || process_should_be_filtered() ? NULL : socket_by_descriptor(fd);
    struct sock *sk = socket ? socket->sk : NULL;
    if (!sk || sk->sk_protocol != IPPROTO_TCP)
        return 0;
    note_owner(&me);
    return note(ctx, sk, 'A', &me);
}
TRACEPOINT_PROBE(syscalls, sys_exit_accept) { return on_accepted(args, args->ret); }
TRACEPOINT_PROBE(syscalls, sys_exit_accept4) { return on_accepted(args, args->ret); }
`,
  cflags: [
    `-DFAMILY_UNWANTED=${args.ipv4 ? "AF_INET6" : args.ipv6 ? "AF_INET" : "AF_UNSPEC"}`,
    `-DONLY_NETNS=${args.netns ?? 0}`,
  ],
});

interface TcpEvent {
  readonly ts: bigint;
  readonly netns: number;
  readonly family: number;
  readonly sport: number;
  readonly dport: number;
  readonly type: number;
  readonly saddr: Uint8Array;
  readonly daddr: Uint8Array;
  readonly owner: { readonly pid: number; readonly comm: string };
}

const types: Readonly<Record<string, string>> = { C: "connect", A: "accept", X: "close" };
const address = (family: number, field: Uint8Array): string =>
  family === AF_INET || args.json ? address_text(family, field) : `[${address_text(family, field)}]`;
const started = monotonic_ns();

const rows = new RowPrinter<TcpEvent>([
  args.timestamp &&
    (args.verbose
      ? { head: "TIME(ns)", format: "%-13d", name: "ns", value: ({ ts }) => ts - started }
      : elapsed_column<TcpEvent>("%-8.3f")),
  args.verbose || args.json
    ? { head: "TYPE", format: "%-12s", value: ({ type }) => types[String.fromCharCode(type)] }
    : { head: "T", format: "%-2s", value: ({ type }) => String.fromCharCode(type) },
  { head: "PID", format: "%-6d", value: ({ owner }) => owner.pid },
  { head: "COMM", format: "%-16s", value: ({ owner }) => owner.comm },
  { head: "IP", format: "%-2d", value: ({ family }) => (family === AF_INET ? 4 : 6) },
  { head: "SADDR", format: "%-16s", value: ({ family, saddr }) => address(family, saddr) },
  { head: "DADDR", format: "%-16s", value: ({ family, daddr }) => address(family, daddr) },
  { head: "SPORT", format: "%-6d", value: "sport" },
  { head: "DPORT", format: "%-6d", value: "dport" },
  args.verbose && args.netns === undefined && { head: "NETNS", format: "%-8d", value: "netns" },
]);
if (!is_json_output()) print("Tracing TCP established connections. Ctrl-C to end.");
rows.print_header();
b.table<never, TcpEvent>("events").open_perf_buffer((event) => rows.print(event), { by_time: true });
poll_events(args.duration);
