// Prints a line for each segment that TCP sends again, or counts them by connection.
// Subject: network
//
//   bpfts tcpretrans       every retransmit
//   bpfts tcpretrans -s    with sequence numbers
//   bpfts tcpretrans -c    counts by connection, at the end
//
// Source: BCC's tcpretrans, whose options and columns these are. -l, which shows tail loss probes, needs kprobes or fentry.
import {
  BPF,
  RowPrinter,
  address_text,
  function_entry,
  intervals,
  is_json_output,
  json_output,
  parse_args,
  poll_events,
  print,
  printf,
  tcp_state_name,
  time_column,
  tool_options,
} from "bpfts";

const { duration, json } = tool_options;
const args = parse_args({
  description: "Trace TCP retransmits",
  examples: `
examples:
    bpfts tcpretrans           # trace TCP retransmits
    bpfts tcpretrans -l        # include TLP attempts
    bpfts tcpretrans -4        # trace IPv4 family only
    bpfts tcpretrans -6        # trace IPv6 family only`,
  arguments: {
    sequence: { flags: ["-s", "--sequence"], help: "display TCP sequence numbers" },
    lossprobe: { flags: ["-l", "--lossprobe"], help: "include tail loss probe attempts" },
    count: { flags: ["-c", "--count"], help: "count occurred retransmits per flow" },
    ipv4: { flags: ["-4", "--ipv4"], help: "trace IPv4 family only" },
    ipv6: { flags: ["-6", "--ipv6"], help: "trace IPv6 family only" },
    netns: {
      flags: ["--netns"],
      type: "int",
      metavar: "INODE",
      help: "trace this network namespace only, by the number of ls -Li",
    },
    duration,
    json,
  },
  exclusive: [["ipv4", "ipv6"]],
});
json_output(args.json);

const instead = "without -l it shows every retransmit, those of tail loss probes too";

const b = new BPF({
  text: /* c */ `
struct flow_t {
    u8 laddr[16];
    u8 raddr[16];
    u16 lport;
    u16 rport;
    u16 family;
};

struct event_t {
    struct flow_t flow;
    u32 pid;
    u32 state;
    u32 seq;
    u32 is_probe;
};

BPF_HASH(counts, struct flow_t, u64);
BPF_PERF_OUTPUT(events);

static inline int note(void *ctx, struct sock *sk, struct sk_buff *skb, u32 is_probe) {
    struct event_t event = { .is_probe = is_probe };
    u16 family = sk->__sk_common.skc_family, rport = sk->__sk_common.skc_dport;
    if (family == FAMILY_UNWANTED || (ONLY_NETNS && sk->__sk_common.skc_net.net->ns.inum != ONLY_NETNS))
        return 0;
    event.pid = bpf_get_current_pid_tgid() >> 32;
    event.state = sk->__sk_common.skc_state;
    if (skb) {
        struct tcp_skb_cb *control = (struct tcp_skb_cb *)&skb->cb[0];
        event.seq = control->seq;
    }
    event.flow.family = family;
    event.flow.lport = sk->__sk_common.skc_num;
    event.flow.rport = ntohs(rport);
    if (family == AF_INET) {
        bpf_probe_read_kernel(&event.flow.laddr, 4, &sk->__sk_common.skc_rcv_saddr);
        bpf_probe_read_kernel(&event.flow.raddr, 4, &sk->__sk_common.skc_daddr);
    } else if (family == AF_INET6) {
        bpf_probe_read_kernel(&event.flow.laddr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
        bpf_probe_read_kernel(&event.flow.raddr, 16, &sk->__sk_common.skc_v6_daddr);
    } else {
        return 0;
    }
    if (COUNT)
        counts.increment(event.flow);
    else
        events.perf_submit(ctx, &event, sizeof(event));
    return 0;
}

TRACEPOINT_PROBE(tcp, tcp_retransmit_skb) {
    return note(args, (struct sock *)args->skaddr, (struct sk_buff *)args->skbaddr, 0);
}
${args.lossprobe ? `${function_entry("tcp_send_loss_probe", "struct sock *sk", { instead })} { return note(ctx, sk, NULL, 1); }` : ""}
`,
  cflags: [
    `-DFAMILY_UNWANTED=${args.ipv4 ? "AF_INET6" : args.ipv6 ? "AF_INET" : "AF_UNSPEC"}`,
    `-DONLY_NETNS=${args.netns ?? 0}`,
    `-DCOUNT=${args.count ? 1 : 0}`,
  ],
});

interface Flow {
  readonly laddr: Uint8Array;
  readonly raddr: Uint8Array;
  readonly lport: number;
  readonly rport: number;
  readonly family: number;
}

interface RetransmitEvent {
  readonly flow: Flow;
  readonly pid: number;
  readonly state: number;
  readonly seq: number;
  readonly is_probe: number;
}

if (!is_json_output()) print("Tracing retransmits ... Hit Ctrl-C to end");
if (args.count) {
  for (const _ of intervals(99999999, 1, args.duration));
  if (!is_json_output()) printf("\n%-25s %-25s %-10s\n", "LADDR:LPORT", "RADDR:RPORT", "RETRANSMITS");
  const rows = new RowPrinter<{ readonly flow: Flow; readonly retransmits: bigint }>([
    {
      head: "",
      name: "local",
      format: "%-20s",
      value: ({ flow }) => `[${address_text(flow.family, flow.laddr)}]#${flow.lport}`,
    },
    {
      head: "",
      name: "remote",
      format: "<-> %-20s",
      value: ({ flow }) => `[${address_text(flow.family, flow.raddr)}]#${flow.rport}`,
    },
    { head: "", name: "retransmits", format: "%10d", value: "retransmits" },
  ]);
  for (const [flow, retransmits] of [...b.table<Flow, bigint>("counts").top()].reverse())
    rows.print({ flow, retransmits });
} else {
  const rows = new RowPrinter<RetransmitEvent>([
    time_column(),
    { head: "PID", format: "%-7d", value: "pid" },
    { head: "IP", format: "%-2d", value: ({ flow }) => (flow.family === 2 ? 4 : 6) },
    {
      head: "LADDR:LPORT",
      format: "%-20s",
      name: "local",
      value: ({ flow }) => `${address_text(flow.family, flow.laddr)}:${flow.lport}`,
    },
    { head: "T", format: "%1s>", name: "type", value: ({ is_probe }) => (is_probe === 0 ? "R" : "L") },
    {
      head: "RADDR:RPORT",
      format: "%-20s",
      name: "remote",
      value: ({ flow }) => `${address_text(flow.family, flow.raddr)}:${flow.rport}`,
    },
    { head: "STATE", format: args.sequence ? "%-12s" : "%s", value: ({ state }) => tcp_state_name(state) },
    args.sequence && { head: "SEQ", format: "%u", value: "seq" },
  ]);
  rows.print_header();
  b.table<never, RetransmitEvent>("events").open_perf_buffer((event) => rows.print(event), { by_time: true });
  poll_events(args.duration);
}
