import { BPFProgType as Type } from "../abi/program-types.ts";
import type { IntLayout, Layout, MemberLayout, StructLayout } from "../wire/layout.ts";

/**
 * What a function sees of a test run beside its packet, as its C sees it: which fields there are is told by the type of the program.
 *
 * @example
 * import { print, type TestContext } from "bpfts";
 * const ctx: TestContext = { mark: 7, ingress_ifindex: 1 };
 * print(ctx.mark); // 7
 */
export interface TestContext {
  /** The mark of a packet, for tc programs and their like; so are all fields down to `hwtstamp`. */
  readonly mark?: number;
  /** The priority of a packet in a queue. */
  readonly priority?: number;
  /** The device that the packet came in through, by its number. Since: Linux 5.12; for XDP programs 5.15 */
  readonly ingress_ifindex?: number;
  /** The device that the packet is on. */
  readonly ifindex?: number;
  /** Five numbers that programs of tc hand each other. */
  readonly cb?: readonly number[];
  /** Units: nanoseconds. */
  readonly tstamp?: bigint | number;
  /** The length on the wire, for packets that are several. Units: bytes. */
  readonly wire_len?: number;
  /** How many packets it becomes. */
  readonly gso_segs?: number;
  /** How long each is. Units: bytes. */
  readonly gso_size?: number;
  /** The device's own time of it. Units: nanoseconds. */
  readonly hwtstamp?: bigint | number;
  /** Bytes of metadata at the start of the packet that is given, for XDP programs. */
  readonly data?: number;
  /** The length of the packet, for XDP programs; set where it is left out. */
  readonly data_end?: number;
  /** 0: metadata is told by `data`. */
  readonly data_meta?: number;
  /** The queue of the device that the packet came in through. */
  readonly rx_queue_index?: number;
  /** 0 but in programs of device maps, which no test run has. */
  readonly egress_ifindex?: number;
  /** 2 for IPv4, 10 for IPv6, for sk_lookup programs; so are all fields below. */
  readonly family?: number;
  /** 6 for TCP, 17 for UDP. */
  readonly protocol?: number;
  /** In network order, as in the C. */
  readonly remote_ip4?: number;
  /** Four numbers in network order. */
  readonly remote_ip6?: readonly number[];
  /** In network order, as in the C: `htons(4242)`. */
  readonly remote_port?: number;
  /** In network order, as in the C. */
  readonly local_ip4?: number;
  /** Four numbers in network order. */
  readonly local_ip6?: readonly number[];
  /** A port as people write it: 80. */
  readonly local_port?: number;
  /** In the answer: the number of the socket that the program chose, 0n for none. */
  readonly cookie?: bigint | number;
  /** BPF_FLOW_DISSECTOR_F_…, for flow dissectors. */
  readonly flags?: number;
}

/**
 * What a flow dissector found in a packet. Source: struct bpf_flow_keys of linux/bpf.h.
 *
 * @example
 * import { print, type FlowKeys } from "bpfts";
 * const is_tcp = ({ ip_proto }: Pick<FlowKeys, "ip_proto">): boolean => ip_proto === 6;
 * print(is_tcp({ ip_proto: 6 })); // true
 */
export interface FlowKeys {
  /** Where the network's header begins. Units: bytes from the start of the packet. */
  readonly nhoff: number;
  /** Where the header begins that the network's one carries. */
  readonly thoff: number;
  /** The kind of the addresses, a number of linux/if_ether.h in the machine's order: 0x0800 for IPv4. */
  readonly addr_proto: number;
  /** 1 for a fragment. */
  readonly is_frag: number;
  /** 1 for the first fragment. */
  readonly is_first_frag: number;
  /** 1 for a packet in a packet. */
  readonly is_encap: number;
  /** What the network's header carries: 6 for TCP. */
  readonly ip_proto: number;
  /** The kind of the network in network order, as in the C; so are ports and addresses. */
  readonly n_proto: number;
  /** The port that it is from. */
  readonly sport: number;
  /** The port that it is for. */
  readonly dport: number;
  /** The IPv4 address that it is from. */
  readonly ipv4_src: number;
  /** The IPv4 address that it is for. */
  readonly ipv4_dst: number;
  /** The IPv6 address that it is from, four numbers, in the place of both IPv4 addresses. */
  readonly ipv6_src: readonly number[];
  /** The IPv6 address that it is for. */
  readonly ipv6_dst: readonly number[];
  /** BPF_FLOW_DISSECTOR_F_… as they were given. */
  readonly flags: number;
  /** The label of an IPv6 flow, in network order. */
  readonly flow_label: number;
}

/** What a type of program takes and answers in a test run. */
export interface TestKind {
  /** Whether it runs on a packet. */
  readonly takesPacket: boolean;
  /** The struct of its context, or a list of numbers of 64 bits; absent where it takes none. */
  readonly context?: StructLayout | "list";
  /** Whether the kernel always takes a context, else only one that is given. */
  readonly alwaysContext?: boolean;
  /** Whether the kernel answers the context as it was left. */
  readonly keepsContext?: boolean;
  /** Names of what it returns. */
  readonly actions?: Readonly<Record<number, string>>;
}

function integer(size: IntLayout["size"]): IntLayout {
  return { kind: "int", name: `__u${size * 8}`, size, signed: false };
}

/** `"mark@8"` is a number of 32 bits, `"tstamp@152:8"` one of 8 bytes, `"cb@48:4*5"` five of them. */
function describeStruct(name: string, size: number, fields: string): StructLayout {
  const members = fields.split(" ").map((field): MemberLayout => {
    const [, fieldName, offset, bytes = "4", count] = /^(\w+)@(\d+)(?::(\d)(?:\*(\d+))?)?$/.exec(field)!;
    const element = integer(Number(bytes) as IntLayout["size"]);
    const layout: Layout =
      count === undefined
        ? element
        : { kind: "array", size: element.size * Number(count), length: Number(count), element };
    return { name: fieldName!, offset: Number(offset), layout };
  });
  return { kind: "struct", name, size, members };
}

/** The fields of struct __sk_buff that a test run takes and answers. Source: bpf_prog_test_run_skb of the kernel */
const packetContext = describeStruct(
  "__sk_buff",
  192,
  "mark@8 priority@32 ingress_ifindex@36 ifindex@40 cb@48:4*5 tstamp@152:8 wire_len@160 gso_segs@164 gso_size@176 hwtstamp@184:8",
);
/** Source: struct xdp_md of linux/bpf.h. */
const xdpContext = describeStruct(
  "xdp_md",
  24,
  "data@0 data_end@4 data_meta@8 ingress_ifindex@12 rx_queue_index@16 egress_ifindex@20",
);
/** Source: struct bpf_sk_lookup of linux/bpf.h. */
const lookupContext = describeStruct(
  "bpf_sk_lookup",
  72,
  "cookie@0:8 family@8 protocol@12 remote_ip4@16 remote_ip6@20:4*4 remote_port@36:2 local_ip4@40 local_ip6@44:4*4 local_port@60 ingress_ifindex@64",
);
/** Source: struct bpf_flow_keys of linux/bpf.h. */
const FLOW_KEYS_BYTES = 56;
const flowContext = describeStruct("bpf_flow_keys", FLOW_KEYS_BYTES, "flags@48");
/** What flow dissectors answer in the place of a packet. */
export const flowKeys: StructLayout = describeStruct(
  "bpf_flow_keys",
  FLOW_KEYS_BYTES,
  "nhoff@0:2 thoff@2:2 addr_proto@4:2 is_frag@6:1 is_first_frag@7:1 is_encap@8:1 ip_proto@9:1 n_proto@10:2 sport@12:2 dport@14:2 ipv4_src@16 ipv4_dst@20 ipv6_src@16:4*4 ipv6_dst@32:4*4 flags@48 flow_label@52",
);

/** Source: TC_ACT_ of linux/pkt_cls.h. */
const tcActions = {
  [-1]: "TC_ACT_UNSPEC",
  0: "TC_ACT_OK",
  1: "TC_ACT_RECLASSIFY",
  2: "TC_ACT_SHOT",
  3: "TC_ACT_PIPE",
  4: "TC_ACT_STOLEN",
  5: "TC_ACT_QUEUED",
  6: "TC_ACT_REPEAT",
  7: "TC_ACT_REDIRECT",
  8: "TC_ACT_TRAP",
};
/** Source: enum xdp_action. */
const xdpActions = { 0: "XDP_ABORTED", 1: "XDP_DROP", 2: "XDP_PASS", 3: "XDP_TX", 4: "XDP_REDIRECT" };
/** Source: enum bpf_ret_code. */
const routeActions = { 0: "BPF_OK", 2: "BPF_DROP", 7: "BPF_REDIRECT", 128: "BPF_LWT_REROUTE" };
const dissectorActions = { 0: "BPF_OK", 2: "BPF_DROP", 129: "BPF_FLOW_DISSECTOR_CONTINUE" };
/** Source: enum sk_action, and NF_ of linux/netfilter.h. */
const lookupActions = { 0: "SK_DROP", 1: "SK_PASS" };
const filterActions = { 0: "NF_DROP", 1: "NF_ACCEPT" };

const ofPacket = { takesPacket: true, context: packetContext, alwaysContext: true, keepsContext: true };
const ofTracepoint: TestKind = { takesPacket: false, context: "list" };

/** A row for each type of program that some kernel can run on what a script gives, but system calls. */
export const testKinds: Readonly<Record<number, TestKind>> = {
  [Type.SOCKET_FILTER]: ofPacket,
  [Type.SCHED_CLS]: { ...ofPacket, actions: tcActions },
  [Type.SCHED_ACT]: { ...ofPacket, actions: tcActions },
  [Type.CGROUP_SKB]: ofPacket,
  [Type.LWT_IN]: { ...ofPacket, actions: routeActions },
  [Type.LWT_OUT]: { ...ofPacket, actions: routeActions },
  [Type.LWT_XMIT]: { ...ofPacket, actions: routeActions },
  [Type.LWT_SEG6LOCAL]: { ...ofPacket, actions: routeActions },
  [Type.XDP]: { takesPacket: true, context: xdpContext, keepsContext: true, actions: xdpActions },
  [Type.FLOW_DISSECTOR]: { takesPacket: true, context: flowContext, actions: dissectorActions },
  [Type.NETFILTER]: { takesPacket: true, actions: filterActions },
  [Type.SK_LOOKUP]: {
    takesPacket: false,
    context: lookupContext,
    alwaysContext: true,
    keepsContext: true,
    actions: lookupActions,
  },
  [Type.RAW_TRACEPOINT]: ofTracepoint,
  [Type.RAW_TRACEPOINT_WRITABLE]: ofTracepoint,
};
