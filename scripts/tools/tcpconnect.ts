// Prints a line for each TCP connection that a process asks for, by connect().
// Subject: network
//
//   bpfts tcpconnect                            every connect() of every process
//   bpfts tcpconnect -P 443                     those to a port
//   bpfts -c 'curl -s example.org' tcpconnect   those of one command
//
// Source: BCC's tcpconnect, whose options and columns these are; it has no -d, which needs kprobes. The tracepoint of state changes stands for them here. With -L a row comes when the
// connection is made or refused, since the local port is chosen after the state has changed.
import {
  BPF,
  RowPrinter,
  address_text,
  elapsed_column,
  filter_by_process,
  intervals,
  is_json_output,
  is_none_of,
  json_output,
  parse_args,
  poll_events,
  port_list,
  print,
  printf,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Trace TCP connects",
  examples: `
examples:
    bpfts tcpconnect           # trace all TCP connect()s
    bpfts tcpconnect -t        # include timestamps
    bpfts tcpconnect -p 181    # only trace PID 181
    bpfts tcpconnect -P 80     # only trace port 80
    bpfts tcpconnect -P 80,81  # only trace port 80 and 81
    bpfts tcpconnect -4        # only trace IPv4 family
    bpfts tcpconnect -6        # only trace IPv6 family
    bpfts tcpconnect -U        # include UID
    bpfts tcpconnect -u 1000   # only trace UID 1000
    bpfts tcpconnect -c        # count connects per src ip and dest ip/port
    bpfts tcpconnect -L        # include LPORT while printing outputs
    bpfts tcpconnect --cgroupmap mappath  # only trace cgroups in this BPF map
    bpfts tcpconnect --mntnsmap mappath   # only trace mount namespaces in the map`,
  arguments: {
    timestamp: { flags: ["-t", "--timestamp"], help: "include timestamp on output" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    port: { flags: ["-P", "--port"], type: port_list, help: "comma-separated list of destination ports to trace." },
    ipv4: { flags: ["-4", "--ipv4"], help: "trace IPv4 family only" },
    ipv6: { flags: ["-6", "--ipv6"], help: "trace IPv6 family only" },
    lport: { flags: ["-L", "--lport"], help: "include LPORT on output" },
    print_uid: { flags: ["-U", "--print-uid"], help: "include UID on output" },
    uid: { flags: ["-u", "--uid"], type: "int", help: "trace this UID only" },
    count: { flags: ["-c", "--count"], help: "count connects per src ip and dest ip/port" },
    cgroupmap: { flags: ["--cgroupmap"], type: "string", help: "trace cgroups in this BPF map only" },
    mntnsmap: { flags: ["--mntnsmap"], type: "string", help: "trace mount namespaces in this BPF map only" },
    ...tool_options,
  },
  exclusive: [["ipv4", "ipv6"]],
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct flow_t {
    u8 saddr[16];
    u8 daddr[16];
    u16 dport;
    u16 family;
};

struct event_t {
    u64 ts;
    u32 pid;
    u32 uid;
    struct flow_t flow;
    u16 lport;
    char comm[TASK_COMM_LEN];
};

BPF_HASH(connecting, void *, struct event_t);
BPF_HASH(counts, struct flow_t, u64);
BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(sock, inet_sock_set_state) {
    void *sk = (void *)args->skaddr;
    u16 dport = args->dport;
    if (args->protocol != IPPROTO_TCP || args->family == FAMILY_UNWANTED || DPORT_UNWANTED)
        return 0;
    if (args->oldstate == TCP_SYN_SENT) {
        struct event_t *event = connecting.lookup(&sk);
        if (event) {
            event->lport = args->sport;
            events.perf_submit(args, event, sizeof(*event));
            connecting.delete(&sk);
        }
        return 0;
    }
    if (args->newstate != TCP_SYN_SENT || UID_UNWANTED || process_should_be_filtered())
        return 0;
    struct event_t event = { .ts = bpf_ktime_get_ns() };
    event.pid = bpf_get_current_pid_tgid() >> 32;
    event.uid = bpf_get_current_uid_gid();
    event.flow.family = args->family;
    event.flow.dport = dport;
    if (args->family == AF_INET) {
        __builtin_memcpy(&event.flow.saddr, args->saddr, 4);
        __builtin_memcpy(&event.flow.daddr, args->daddr, 4);
    } else {
        __builtin_memcpy(&event.flow.saddr, args->saddr_v6, 16);
        __builtin_memcpy(&event.flow.daddr, args->daddr_v6, 16);
    }
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    if (COUNT)
        counts.increment(event.flow);
    else if (WITH_LPORT)
        connecting.update(&sk, &event);
    else
        events.perf_submit(args, &event, sizeof(event));
    return 0;
}
`,
  cflags: [
    `-DFAMILY_UNWANTED=${args.ipv4 ? "AF_INET6" : args.ipv6 ? "AF_INET" : "AF_UNSPEC"}`,
    `-DDPORT_UNWANTED=${is_none_of("dport", args.port)}`,
    `-DUID_UNWANTED=${args.uid === undefined ? "0" : `((u32)bpf_get_current_uid_gid() != ${args.uid})`}`,
    `-DCOUNT=${args.count ? 1 : 0}`,
    `-DWITH_LPORT=${args.lport ? 1 : 0}`,
  ],
});

interface Flow {
  readonly saddr: Uint8Array;
  readonly daddr: Uint8Array;
  readonly dport: number;
  readonly family: number;
}

interface ConnectEvent {
  readonly ts: bigint;
  readonly pid: number;
  readonly uid: number;
  readonly flow: Flow;
  readonly lport: number;
  readonly comm: string;
}

if (!is_json_output()) print("Tracing connect ... Hit Ctrl-C to end");
if (args.count) {
  for (const _ of intervals(99999999, 1, args.duration));
  if (!is_json_output()) printf("\n");
  const rows = new RowPrinter<{ readonly flow: Flow; readonly connects: bigint }>([
    { head: "LADDR", format: "%-25s", value: ({ flow }) => address_text(flow.family, flow.saddr) },
    { head: "RADDR", format: "%-25s", value: ({ flow }) => address_text(flow.family, flow.daddr) },
    { head: "RPORT", format: "%-20d", value: ({ flow }) => flow.dport },
    { head: "CONNECTS", format: "%-10d", value: "connects" },
  ]);
  rows.print_header();
  for (const [flow, connects] of b.table<Flow, bigint>("counts").top()) rows.print({ flow, connects });
} else {
  const rows = new RowPrinter<ConnectEvent>([
    args.timestamp && elapsed_column<ConnectEvent>("%-8.3f"),
    args.print_uid && { head: "UID", format: "%-5d", value: "uid" },
    { head: "PID", format: "%-7d", value: "pid" },
    { head: "COMM", format: "%-12.12s", value: "comm" },
    { head: "IP", format: "%-2d", value: ({ flow }) => (flow.family === 2 ? 4 : 6) },
    { head: "SADDR", format: "%-16s", value: ({ flow }) => address_text(flow.family, flow.saddr) },
    args.lport && { head: "LPORT", format: "%-6d", value: "lport" },
    { head: "DADDR", format: "%-16s", value: ({ flow }) => address_text(flow.family, flow.daddr) },
    { head: "DPORT", format: "%-6d", value: ({ flow }) => flow.dport },
  ]);
  rows.print_header();
  b.table<never, ConnectEvent>("events").open_perf_buffer((event) => rows.print(event), { by_time: true });
  poll_events(args.duration);
}
