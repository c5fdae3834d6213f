// Prints a line and the kernel's stack for each TCP packet that the kernel drops, with the reason where the kernel tells it.
// Subject: network
//
//   bpfts tcpdrop       every drop
//   bpfts tcpdrop -4    of IPv4 alone
//
// Source: BCC's tcpdrop, whose options and columns these are. It takes the tracepoint skb:kfree_skb alone, which has reasons since Linux 5.17; before that it
// sees packets that were dropped and packets that were only done with. Packets without a socket, such as those for a closed port, are shown with the state "-".
import {
  BPF,
  address_text,
  is_json_output,
  json_output,
  parse_args,
  poll_events,
  print,
  printf,
  strftime,
  tcp_flag_names,
  tcp_state_name,
  tool_options,
} from "bpfts";

const { duration, json } = tool_options;
const args = parse_args({
  description: "Trace TCP drops by the kernel",
  examples: `
examples:
    bpfts tcpdrop           # trace kernel TCP drops
    bpfts tcpdrop -4        # trace IPv4 family only
    bpfts tcpdrop -6        # trace IPv6 family only`,
  arguments: {
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

const hasField = (name: string): 0 | 1 =>
  BPF.kernel_struct_has_field("trace_event_raw_kfree_skb", name) === 1 ? 1 : 0;

const b = new BPF({
  text: /* c */ `
struct event_t {
    u32 pid;
    int stack_id;
    u32 reason;
    u16 family;
    u16 sport;
    u16 dport;
    u8 state;
    u8 flags;
    u8 saddr[16];
    u8 daddr[16];
};

BPF_STACK_TRACE(stacks, 1024);
BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(skb, kfree_skb) {
    struct sk_buff *skb = (struct sk_buff *)args->skbaddr;
    u16 protocol = args->protocol;
    struct event_t event = {};
#if HAS_REASON
    event.reason = args->reason;
    if (event.reason <= SKB_DROP_REASON_NOT_SPECIFIED)
        return 0;
#endif
    // Where headers were not found yet, nothing says that this is TCP.
    u16 network = skb->network_header, transport = skb->transport_header;
    if (transport == 0 || transport == 0xffff || transport <= network)
        return 0;
    unsigned char *head = skb->head;
    struct net_device *device = skb->dev;
#if HAS_RX_SK
    struct sock *sk = (struct sock *)args->rx_sk;
    if (!sk)
        sk = skb->sk;
#else
    struct sock *sk = skb->sk;
#endif
    if (ONLY_NETNS) {
        u32 netns = device ? device->nd_net.net->ns.inum : sk ? sk->__sk_common.skc_net.net->ns.inum : 0;
        if (netns != ONLY_NETNS)
            return 0;
    }
    if (protocol == ETH_P_IP && WANT_IPV4) {
        struct iphdr ip = {};
        bpf_probe_read_kernel(&ip, sizeof(ip), head + network);
        if (ip.protocol != IPPROTO_TCP)
            return 0;
        event.family = AF_INET;
        __builtin_memcpy(&event.saddr, &ip.saddr, 4);
        __builtin_memcpy(&event.daddr, &ip.daddr, 4);
    } else if (protocol == ETH_P_IPV6 && WANT_IPV6) {
        struct ipv6hdr ip = {};
        bpf_probe_read_kernel(&ip, sizeof(ip), head + network);
        if (ip.nexthdr != IPPROTO_TCP)
            return 0;
        event.family = AF_INET6;
        __builtin_memcpy(&event.saddr, &ip.saddr, 16);
        __builtin_memcpy(&event.daddr, &ip.daddr, 16);
    } else {
        return 0;
    }
    struct tcphdr tcp = {};
    bpf_probe_read_kernel(&tcp, sizeof(tcp), head + transport);
    event.sport = ntohs(tcp.source);
    event.dport = ntohs(tcp.dest);
    event.flags = ((u8 *)&tcp)[13];
    event.state = sk ? sk->__sk_common.skc_state : 0;
    event.pid = bpf_get_current_pid_tgid() >> 32;
    event.stack_id = stacks.get_stackid(args, 0);
    events.perf_submit(args, &event, sizeof(event));
    return 0;
}
`,
  cflags: [
    `-DHAS_REASON=${hasField("reason")}`,
    `-DHAS_RX_SK=${hasField("rx_sk")}`,
    `-DWANT_IPV4=${args.ipv6 ? 0 : 1}`,
    `-DWANT_IPV6=${args.ipv4 ? 0 : 1}`,
    `-DONLY_NETNS=${args.netns ?? 0}`,
  ],
});

interface DropEvent {
  readonly pid: number;
  readonly stack_id: number;
  readonly reason: number;
  readonly family: number;
  readonly sport: number;
  readonly dport: number;
  readonly state: number;
  readonly flags: number;
  readonly saddr: Uint8Array;
  readonly daddr: Uint8Array;
}

const stacks = b.get_table("stacks");
const walk = (id: number): string[] =>
  id < 0 ? [] : stacks.name_frames(id, (ip) => BPF.ksym(ip, { show_offset: true }));

if (!is_json_output())
  printf("%-8s %-7s %-2s %-20s > %-20s %s (%s)\n", "TIME", "PID", "IP", "SADDR:SPORT", "DADDR:DPORT", "STATE", "FLAGS");
b.table<never, DropEvent>("events").open_perf_buffer((event) => {
  const { pid, family, reason } = event;
  const time = strftime("%H:%M:%S");
  const [ip, state, flags] = [
    family === 2 ? 4 : 6,
    event.state === 0 ? "-" : tcp_state_name(event.state),
    tcp_flag_names(event.flags),
  ];
  const source = `${address_text(family, event.saddr)}:${event.sport}`;
  const target = `${address_text(family, event.daddr)}:${event.dport}`;
  const stack = walk(event.stack_id);
  if (is_json_output()) return print(JSON.stringify({ time, pid, ip, source, target, state, flags, reason, stack }));
  printf("%-8s %-7d %-2d %-20s > %-20s %s (%s)\n", time, pid, ip, source, target, state, flags);
  for (const name of stack) printf("\t%s\n", name);
  print("");
});
poll_events(args.duration);
