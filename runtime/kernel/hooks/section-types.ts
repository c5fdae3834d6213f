import { BPFAttachType as At, BPFProgType as Type } from "../../../sdk/abi/program-types.ts";
import { findSimilar } from "../../base/similar.ts";

/** What a section's name says that its program is loaded as. */
export interface SectionType {
  readonly type: number;
  readonly expectedAttachType: number;
  /** Source: BPF_F_XDP_HAS_FRAGS. */
  readonly flags?: number;
}

/** The flag of an XDP program that takes packets of several pages. Source: BPF_F_XDP_HAS_FRAGS of linux/bpf.h. */
export const hasFrags = 1 << 5;

/**
 * Sections of programs of networks, sockets and cgroups: one row each. They stand here since a program must load as what it says with any libbpf
 * that is installed.
 *
 * Source: libbpf's table of sections; enum bpf_prog_type, enum bpf_attach_type of linux/bpf.h.
 */
const rows: Readonly<Record<string, readonly [type: number, attachType?: number, flags?: number]>> = {
  socket: [Type.SOCKET_FILTER],
  classifier: [Type.SCHED_CLS],
  tc: [Type.SCHED_CLS],
  "tc/ingress": [Type.SCHED_CLS, At.TCX_INGRESS],
  "tc/egress": [Type.SCHED_CLS, At.TCX_EGRESS],
  "tcx/ingress": [Type.SCHED_CLS, At.TCX_INGRESS],
  "tcx/egress": [Type.SCHED_CLS, At.TCX_EGRESS],
  "netkit/primary": [Type.SCHED_CLS, At.NETKIT_PRIMARY],
  "netkit/peer": [Type.SCHED_CLS, At.NETKIT_PEER],
  action: [Type.SCHED_ACT],
  xdp: [Type.XDP, At.XDP],
  "xdp/devmap": [Type.XDP, At.XDP_DEVMAP],
  "xdp/cpumap": [Type.XDP, At.XDP_CPUMAP],
  "xdp.frags": [Type.XDP, At.XDP, hasFrags],
  "xdp.frags/devmap": [Type.XDP, At.XDP_DEVMAP, hasFrags],
  "xdp.frags/cpumap": [Type.XDP, At.XDP_CPUMAP, hasFrags],
  lwt_in: [Type.LWT_IN],
  lwt_out: [Type.LWT_OUT],
  lwt_xmit: [Type.LWT_XMIT],
  lwt_seg6local: [Type.LWT_SEG6LOCAL],
  sockops: [Type.SOCK_OPS, At.CGROUP_SOCK_OPS],
  "sk_skb/stream_parser": [Type.SK_SKB, At.SK_SKB_STREAM_PARSER],
  "sk_skb/stream_verdict": [Type.SK_SKB, At.SK_SKB_STREAM_VERDICT],
  "sk_skb/verdict": [Type.SK_SKB, At.SK_SKB_VERDICT],
  sk_skb: [Type.SK_SKB],
  sk_msg: [Type.SK_MSG, At.SK_MSG_VERDICT],
  sk_lookup: [Type.SK_LOOKUP, At.SK_LOOKUP],
  sk_reuseport: [Type.SK_REUSEPORT, At.SK_REUSEPORT_SELECT],
  "sk_reuseport/migrate": [Type.SK_REUSEPORT, At.SK_REUSEPORT_SELECT_OR_MIGRATE],
  flow_dissector: [Type.FLOW_DISSECTOR, At.FLOW_DISSECTOR],
  netfilter: [Type.NETFILTER, At.NETFILTER],
  "cgroup_skb/ingress": [Type.CGROUP_SKB, At.CGROUP_INET_INGRESS],
  "cgroup_skb/egress": [Type.CGROUP_SKB, At.CGROUP_INET_EGRESS],
  "cgroup/skb": [Type.CGROUP_SKB],
  "cgroup/sock_create": [Type.CGROUP_SOCK, At.CGROUP_INET_SOCK_CREATE],
  "cgroup/sock_release": [Type.CGROUP_SOCK, At.CGROUP_INET_SOCK_RELEASE],
  "cgroup/sock": [Type.CGROUP_SOCK, At.CGROUP_INET_SOCK_CREATE],
  "cgroup/post_bind4": [Type.CGROUP_SOCK, At.CGROUP_INET4_POST_BIND],
  "cgroup/post_bind6": [Type.CGROUP_SOCK, At.CGROUP_INET6_POST_BIND],
  "cgroup/bind4": [Type.CGROUP_SOCK_ADDR, At.CGROUP_INET4_BIND],
  "cgroup/bind6": [Type.CGROUP_SOCK_ADDR, At.CGROUP_INET6_BIND],
  "cgroup/connect4": [Type.CGROUP_SOCK_ADDR, At.CGROUP_INET4_CONNECT],
  "cgroup/connect6": [Type.CGROUP_SOCK_ADDR, At.CGROUP_INET6_CONNECT],
  "cgroup/sendmsg4": [Type.CGROUP_SOCK_ADDR, At.CGROUP_UDP4_SENDMSG],
  "cgroup/sendmsg6": [Type.CGROUP_SOCK_ADDR, At.CGROUP_UDP6_SENDMSG],
  "cgroup/recvmsg4": [Type.CGROUP_SOCK_ADDR, At.CGROUP_UDP4_RECVMSG],
  "cgroup/recvmsg6": [Type.CGROUP_SOCK_ADDR, At.CGROUP_UDP6_RECVMSG],
  "cgroup/getpeername4": [Type.CGROUP_SOCK_ADDR, At.CGROUP_INET4_GETPEERNAME],
  "cgroup/getpeername6": [Type.CGROUP_SOCK_ADDR, At.CGROUP_INET6_GETPEERNAME],
  "cgroup/getsockname4": [Type.CGROUP_SOCK_ADDR, At.CGROUP_INET4_GETSOCKNAME],
  "cgroup/getsockname6": [Type.CGROUP_SOCK_ADDR, At.CGROUP_INET6_GETSOCKNAME],
  "cgroup/sysctl": [Type.CGROUP_SYSCTL, At.CGROUP_SYSCTL],
  "cgroup/getsockopt": [Type.CGROUP_SOCKOPT, At.CGROUP_GETSOCKOPT],
  "cgroup/setsockopt": [Type.CGROUP_SOCKOPT, At.CGROUP_SETSOCKOPT],
  "cgroup/dev": [Type.CGROUP_DEVICE, At.CGROUP_DEVICE],
};

/** What a section's program is loaded as; undefined for sections that libbpf knows by itself or nobody knows. */
export function findSectionType(section: string): SectionType | undefined {
  const name = section.replace(/^\?/, "");
  const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
  if (row === undefined) return undefined;
  const [type, expectedAttachType = 0, flags] = row;
  return { type, expectedAttachType, ...(flags !== undefined && { flags }) };
}

/** Sections that libbpf knows and that have no row, for advice. */
const others =
  "kprobe kretprobe uprobe uretprobe usdt tracepoint raw_tracepoint tp_btf fentry fexit fmod_ret lsm iter perf_event syscall struct_ops freplace".split(
    " ",
  );

/** The section that was probably meant; undefined when none is close. */
export function findSimilarSection(section: string): string | undefined {
  return findSimilar(section, [...Object.keys(rows), ...others]);
}
