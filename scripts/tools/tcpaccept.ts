// Prints a line for each TCP connection that a process accepts.
// Subject: network
//
//   bpfts tcpaccept                every accept
//   bpfts tcpaccept -t -P 80,443   with times, of two local ports
//
// Source: BCC's tcpaccept, whose options and columns these are. Where the kernel's functions cannot be probed it takes the tracepoints of the system calls, which do not see what io_uring accepts.
import {
  AF_INET,
  AF_INET6,
  BPF,
  RowPrinter,
  address_text,
  elapsed_column,
  files_by_descriptor,
  filter_by_process,
  function_return,
  have_function_probes,
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
  description: "Trace TCP accepts",
  examples: `
examples:
    bpfts tcpaccept           # trace all TCP accept()s
    bpfts tcpaccept -t        # include timestamps
    bpfts tcpaccept -P 80,81  # only trace port 80 and 81
    bpfts tcpaccept -p 181    # only trace PID 181
    bpfts tcpaccept -4        # trace IPv4 family only
    bpfts tcpaccept -6        # trace IPv6 family only`,
  arguments: {
    time: { flags: ["-T", "--time"], help: "include time column on output (HH:MM:SS)" },
    timestamp: { flags: ["-t", "--timestamp"], help: "include timestamp on output" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    port: { flags: ["-P", "--port"], type: port_list, help: "comma-separated list of local ports to trace" },
    ipv4: { flags: ["-4", "--ipv4"], help: "trace IPv4 family only" },
    ipv6: { flags: ["-6", "--ipv6"], help: "trace IPv6 family only" },
    cgroupmap: { flags: ["--cgroupmap"], type: "string", help: "trace cgroups in this BPF map only" },
    mntnsmap: { flags: ["--mntnsmap"], type: "string", help: "trace mount namespaces in this BPF map only" },
    ...tool_options,
  },
  exclusive: [["ipv4", "ipv6"]],
});
json_output(args.json);

const families = [...(args.ipv6 ? [] : [4]), ...(args.ipv4 ? [] : [6])];

/** Linux 6.10 put the parameters into a struct. */
const functions = (): string => {
  const isStruct = BPF.kernel_struct_has_field("proto_accept_arg", "flags") === 1;
  const types = isStruct ? ["struct sock *", "void *"] : ["struct sock *", "int", "int *", "bool"];
  return `${function_return("inet_csk_accept", types, "struct sock *")} { return on_accepted(ctx, ret); }`;
};
const tracepoints = `${files_by_descriptor}
static inline int on_descriptor(void *ctx, long fd) {
    struct socket *socket = fd < 0 ? NULL : socket_by_descriptor(fd);
    return socket ? on_accepted(ctx, socket->sk) : 0;
}
TRACEPOINT_PROBE(syscalls, sys_exit_accept) { return on_descriptor(args, args->ret); }
TRACEPOINT_PROBE(syscalls, sys_exit_accept4) { return on_descriptor(args, args->ret); }
`;

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
#include <net/sock.h>

struct event_t {
    u64 ts;
    u32 pid;
    u32 ip;
    u16 lport;
    u16 rport;
    u8 saddr[16];
    u8 daddr[16];
    char comm[TASK_COMM_LEN];
};

BPF_PERF_OUTPUT(events);

static inline int on_accepted(void *ctx, struct sock *sk) {
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    if (!sk || process_should_be_filtered() || sk->sk_protocol != IPPROTO_TCP)
        return 0;
    u16 family = sk->__sk_common.skc_family, lport = sk->__sk_common.skc_num;
    if (UNWANTED_PORT)
        return 0;
    struct event_t event = { .pid = pid, .lport = lport };
    event.ts = bpf_ktime_get_ns();
    u16 rport = sk->__sk_common.skc_dport;
    event.rport = ntohs(rport);
    if (family == AF_INET && WANT_IPV4) {
        event.ip = 4;
        bpf_probe_read_kernel(&event.saddr, 4, &sk->__sk_common.skc_rcv_saddr);
        bpf_probe_read_kernel(&event.daddr, 4, &sk->__sk_common.skc_daddr);
    } else if (family == AF_INET6 && WANT_IPV6) {
        event.ip = 6;
        bpf_probe_read_kernel(&event.saddr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
        bpf_probe_read_kernel(&event.daddr, 16, &sk->__sk_common.skc_v6_daddr);
    } else {
        return 0;
    }
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    events.perf_submit(ctx, &event, sizeof(event));
    return 0;
}

${have_function_probes() ? functions() : tracepoints}
`,
  cflags: [
    `-DUNWANTED_PORT=${is_none_of("lport", args.port)}`,
    `-DWANT_IPV4=${families.includes(4) ? 1 : 0}`,
    `-DWANT_IPV6=${families.includes(6) ? 1 : 0}`,
  ],
});

interface AcceptEvent {
  readonly ts: bigint;
  readonly pid: number;
  readonly ip: number;
  readonly lport: number;
  readonly rport: number;
  readonly saddr: Uint8Array;
  readonly daddr: Uint8Array;
  readonly comm: string;
}

const address = (ip: number, bytes: Uint8Array): string => address_text(ip === 4 ? AF_INET : AF_INET6, bytes);

const rows = new RowPrinter<AcceptEvent>([
  args.time && time_column(),
  args.timestamp && elapsed_column<AcceptEvent>("%-8.3f"),
  { head: "PID", format: "%-7d", value: "pid" },
  { head: "COMM", format: "%-12.12s", value: "comm" },
  { head: "IP", format: "%-2d", value: "ip" },
  { head: "RADDR", format: "%-16s", value: ({ ip, daddr }) => address(ip, daddr) },
  { head: "RPORT", format: "%-5d", value: "rport" },
  { head: "LADDR", format: "%-16s", value: ({ ip, saddr }) => address(ip, saddr) },
  { head: "LPORT", format: "%-5d", value: "lport" },
]);
rows.print_header();
b.table<never, AcceptEvent>("events").open_perf_buffer((event) => rows.print(event), { by_time: true });
poll_events(args.duration);
