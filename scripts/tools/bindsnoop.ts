// Prints a line for each bind() of a socket to an address, with the options that decide what it may do.
// Subject: network
//
//   bpfts bindsnoop               every bind that succeeds
//   bpfts bindsnoop -E -P 80,443  failed ones too, of two ports
//
// Source: BCC's bindsnoop, whose options and columns these are. It takes the tracepoints of the system call, so that no kprobes are needed; after a bind that failed ADDR and PORT are those
// that were asked for.
import {
  BPF,
  RowPrinter,
  address_text,
  elapsed_column,
  errno_name,
  files_by_descriptor,
  filter_by_process,
  intervals,
  ip_protocol_name,
  is_json_output,
  is_none_of,
  json_output,
  parse_args,
  poll_events,
  port_list,
  print,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Trace IPv4 and IPv6 binds",
  examples: `
examples:
    bpfts bindsnoop           # trace all binds
    bpfts bindsnoop -t        # include timestamps
    bpfts bindsnoop -w        # wider columns (fit IPv6)
    bpfts bindsnoop -p 181    # only trace PID 181
    bpfts bindsnoop -P 80     # only trace port 80
    bpfts bindsnoop -P 80,81  # only trace port 80 and 81
    bpfts bindsnoop -U        # include UID
    bpfts bindsnoop -u 1000   # only trace UID 1000
    bpfts bindsnoop -E        # report bind errors
    bpfts bindsnoop --count   # count binds per source address and port

OPTS has a letter for each option of the socket that was set before:
    F....  IP_FREEBIND
    .T...  IP_TRANSPARENT
    ..N..  IP_BIND_ADDRESS_NO_PORT
    ...R.  SO_REUSEADDR
    ....r  SO_REUSEPORT
IF is the number of the interface of SO_BINDTODEVICE.`,
  arguments: {
    timestamp: { flags: ["-t", "--timestamp"], help: "include timestamp on output" },
    wide: { flags: ["-w", "--wide"], help: "wide column output (fits IPv6 addresses)" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    port: { flags: ["-P", "--port"], type: port_list, help: "comma-separated list of ports to trace." },
    errors: { flags: ["-E", "--errors"], help: "include errors in the output." },
    print_uid: { flags: ["-U", "--print-uid"], help: "include UID on output" },
    uid: { flags: ["-u", "--uid"], type: "int", help: "trace this UID only" },
    count: { flags: ["--count"], help: "count binds per src ip and port" },
    cgroupmap: { flags: ["--cgroupmap"], type: "string", help: "trace cgroups in this BPF map only" },
    mntnsmap: { flags: ["--mntnsmap"], type: "string", help: "trace mount namespaces in this BPF map only" },
    ...tool_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${files_by_descriptor}
struct call_t {
    struct sock *sk;
    const void *address;
    int size;
};

struct place_t {
    u8 addr[16];
    u16 family;
    u16 port;
};

struct event_t {
    u64 ts;
    u32 pid;
    u32 uid;
    int ret;
    u32 bound_if;
    struct place_t place;
    u16 protocol;
    u8 options;
    char comm[TASK_COMM_LEN];
};

BPF_HASH(calls, u32, struct call_t);
BPF_HASH(counts, struct place_t, u64);
BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_enter_bind) {
    u32 tid = bpf_get_current_pid_tgid();
    if (UID_UNWANTED || process_should_be_filtered())
        return 0;
    struct socket *socket = socket_by_descriptor(args->fd);
    if (!socket)
        return 0;
    struct call_t call = { .sk = socket->sk, .address = (const void *)args->umyaddr, .size = args->addrlen };
    calls.update(&tid, &call);
    return 0;
}

static inline int on_bound(void *ctx, struct call_t *call, int ret) {
    struct sock *sk = call->sk;
    struct inet_sock *inet = (struct inet_sock *)sk;
    u16 family = sk->__sk_common.skc_family;
    if ((ret != 0 && !WITH_ERRORS) || (family != AF_INET && family != AF_INET6))
        return 0;
    struct event_t event = { .ts = bpf_ktime_get_ns(), .ret = ret };
    u16 port = inet->inet_sport;
    if (ret != 0) {
        // The socket has kept nothing of what it was asked for.
        struct sockaddr_in6 asked = {};
        bpf_probe_read_user(&asked, call->size < sizeof(struct sockaddr_in) ? 2 : sizeof(struct sockaddr_in), call->address);
        port = asked.sin6_port;
        if (family == AF_INET) {
            __builtin_memcpy(&event.place.addr, &asked.sin6_flowinfo, 4);
        } else if (call->size >= 24) {
            bpf_probe_read_user(&event.place.addr, 16, (void *)call->address + 8);
        }
    } else if (family == AF_INET) {
        bpf_probe_read_kernel(&event.place.addr, 4, &inet->inet_saddr);
    } else {
        bpf_probe_read_kernel(&event.place.addr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
    }
    event.place.family = family;
    event.place.port = ntohs(port);
    if (PORT_UNWANTED)
        return 0;
    if (COUNT) {
        counts.increment(event.place);
        return 0;
    }
    event.pid = bpf_get_current_pid_tgid() >> 32;
    event.uid = bpf_get_current_uid_gid();
    event.bound_if = sk->__sk_common.skc_bound_dev_if;
    event.protocol = sk->sk_protocol;
    event.options = (sk->__sk_common.skc_reuse & 1) << 3 | sk->__sk_common.skc_reuseport << 4;
#if HAS_INET_FLAGS
    // Linux 6.6 put the bits into one number. Source: INET_FLAGS_* of include/net/inet_sock.h in the kernel's tree.
    unsigned long flags = inet->inet_flags;
    event.options |= (flags >> 11 & 1) | (flags >> 15 & 1) << 1 | (flags >> 18 & 1) << 2;
#else
    event.options |= inet->freebind | inet->transparent << 1 | inet->bind_address_no_port << 2;
#endif
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    events.perf_submit(ctx, &event, sizeof(event));
    return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_bind) {
    u32 tid = bpf_get_current_pid_tgid();
    struct call_t *found = calls.lookup(&tid);
    if (!found)
        return 0;
    struct call_t call = *found;
    calls.delete(&tid);
    return on_bound(args, &call, args->ret);
}
`,
  cflags: [
    `-DUID_UNWANTED=${args.uid === undefined ? "0" : `((u32)bpf_get_current_uid_gid() != ${args.uid})`}`,
    `-DPORT_UNWANTED=${is_none_of("event.place.port", args.port)}`,
    `-DWITH_ERRORS=${args.errors ? 1 : 0}`,
    `-DCOUNT=${args.count ? 1 : 0}`,
    `-DHAS_INET_FLAGS=${BPF.kernel_struct_has_field("inet_sock", "inet_flags") === 1 ? 1 : 0}`,
  ],
});

interface Place {
  readonly addr: Uint8Array;
  readonly family: number;
  readonly port: number;
}

interface BindEvent {
  readonly ts: bigint;
  readonly pid: number;
  readonly uid: number;
  readonly ret: number;
  readonly bound_if: number;
  readonly place: Place;
  readonly protocol: number;
  readonly options: number;
  readonly comm: string;
}

const optionLetters = (options: number): string =>
  [..."FTNRr"].map((letter, bit) => ((options & (1 << bit)) === 0 ? "." : letter)).join("");

if (!is_json_output()) print("Tracing binds ... Hit Ctrl-C to end");
if (args.count) {
  for (const _ of intervals(99999999, 1, args.duration));
  if (!is_json_output()) print();
  const rows = new RowPrinter<{ readonly place: Place; readonly binds: bigint }>([
    { head: "LADDR", format: "%-32s", value: ({ place }) => address_text(place.family, place.addr) },
    { head: "LPORT", format: "%20d", value: ({ place }) => place.port },
    { head: "BINDS", format: "    %-10d", value: "binds" },
  ]);
  rows.print_header();
  for (const [place, binds] of b.table<Place, bigint>("counts").top()) rows.print({ place, binds });
} else {
  const [pid, address] = args.wide ? ["%10d", "%-39s"] : ["%8d", "%-15.15s"];
  const rows = new RowPrinter<BindEvent>([
    args.timestamp && elapsed_column<BindEvent>("%-9.6f"),
    args.print_uid && { head: "UID", format: "%6d", value: "uid" },
    args.errors && {
      head: "RC",
      format: args.wide ? "%-25s" : "%3s",
      value: ({ ret }) => (args.wide && ret !== 0 ? errno_name(ret) : ret),
    },
    { head: "PID", format: pid, value: "pid" },
    { head: "COMM", format: "%-12.12s", value: "comm" },
    { head: "PROT", format: "%-4.4s", value: ({ protocol }) => ip_protocol_name(protocol) },
    { head: "ADDR", format: address, value: ({ place }) => address_text(place.family, place.addr) },
    { head: "PORT", format: "%5d", value: ({ place }) => place.port },
    { head: "OPTS", format: "%-5s", value: ({ options }) => optionLetters(options) },
    { head: "IF", format: "%2d", value: "bound_if" },
  ]);
  rows.print_header();
  b.table<never, BindEvent>("events").open_perf_buffer((event) => rows.print(event), { by_time: true });
  poll_events(args.duration);
}
