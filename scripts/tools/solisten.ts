// Prints a line for each listen() of a TCP socket, with its address, port and backlog.
// Subject: network
//
//   bpfts solisten                 every listen() of every process
//   bpfts solisten --show-netns    with the network namespace of each
//
// Source: BCC's solisten, whose options and columns these are. It takes the tracepoint of the system call, so that no kprobes are needed.
import {
  BPF,
  RowPrinter,
  address_text,
  files_by_descriptor,
  filter_by_process,
  json_output,
  parse_args,
  poll_events,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Stream sockets listen",
  examples: `
examples:
    bpfts solisten                 # stream socket listen
    bpfts solisten -p 1234         # for specified PID only
    bpfts solisten --netns 4242    # for the specified network namespace ID only
    bpfts solisten --show-netns    # show network namespace ID (useful for containers)`,
  arguments: {
    show_netns: { flags: ["--show-netns"], help: "show network namespace" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    netns: {
      flags: ["-n", "--netns"],
      type: "int",
      metavar: "INODE",
      help: "trace this network namespace only, by the number of ls -Li",
    },
    ...tool_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${files_by_descriptor}
struct event_t {
    u32 pid;
    u32 netns;
    int backlog;
    u16 family;
    u16 port;
    u8 addr[16];
    char comm[TASK_COMM_LEN];
};

BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_enter_listen) {
    struct socket *socket = process_should_be_filtered() ? NULL : socket_by_descriptor(args->fd);
    if (!socket || socket->type != SOCK_STREAM)
        return 0;
    struct sock *sk = socket->sk;
    struct event_t event = { .pid = bpf_get_current_pid_tgid() >> 32, .backlog = args->backlog };
    event.family = sk->__sk_common.skc_family;
    event.port = sk->__sk_common.skc_num;
    event.netns = sk->__sk_common.skc_net.net->ns.inum;
    if (ONLY_NETNS && event.netns != ONLY_NETNS)
        return 0;
    if (event.family == AF_INET)
        bpf_probe_read_kernel(&event.addr, 4, &sk->__sk_common.skc_rcv_saddr);
    else if (event.family == AF_INET6)
        bpf_probe_read_kernel(&event.addr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
    else
        return 0;
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    events.perf_submit(args, &event, sizeof(event));
    return 0;
}
`,
  cflags: [`-DONLY_NETNS=${args.netns ?? 0}`],
});

interface ListenEvent {
  readonly pid: number;
  readonly netns: number;
  readonly backlog: number;
  readonly family: number;
  readonly port: number;
  readonly addr: Uint8Array;
  readonly comm: string;
}

const rows = new RowPrinter<ListenEvent>([
  { head: "PID", format: "%-7d", value: "pid" },
  { head: "COMM", format: "%-12.12s", value: "comm" },
  args.show_netns && { head: "NETNS", format: "%-12d", value: "netns" },
  { head: "PROTO", format: "%-6s", value: ({ family }) => (family === 2 ? "TCPv4" : "TCPv6") },
  { head: "BACKLOG", format: "%-8d", value: "backlog" },
  { head: "PORT", format: "%-5d", value: "port" },
  { head: "ADDR", format: "%-39s", value: ({ family, addr }) => address_text(family, addr) },
]);
rows.print_header();
b.table<never, ListenEvent>("events").open_perf_buffer((event) => rows.print(event), { by_time: true });
poll_events(args.duration);
