import { BPFAttachType, BPFProgType } from "../../../sdk/abi/program-types.ts";

/**
 * Where programs of cgroups and sockets can sit: one row for each place.
 *
 * Source: enum bpf_attach_type and enum bpf_prog_type in include/uapi/linux/bpf.h.
 */
export interface AttachTypeRow {
  readonly type: number;
  /** In the kernel's words, small. */
  readonly name: string;
  readonly programType: number;
  readonly on: "cgroup" | "map";
}

const rows: readonly AttachTypeRow[] = [
  {
    type: BPFAttachType.CGROUP_INET_INGRESS,
    name: "cgroup_inet_ingress",
    programType: BPFProgType.CGROUP_SKB,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_INET_EGRESS,
    name: "cgroup_inet_egress",
    programType: BPFProgType.CGROUP_SKB,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_INET_SOCK_CREATE,
    name: "cgroup_inet_sock_create",
    programType: BPFProgType.CGROUP_SOCK,
    on: "cgroup",
  },
  { type: BPFAttachType.CGROUP_SOCK_OPS, name: "cgroup_sock_ops", programType: BPFProgType.SOCK_OPS, on: "cgroup" },
  {
    type: BPFAttachType.SK_SKB_STREAM_PARSER,
    name: "sk_skb_stream_parser",
    programType: BPFProgType.SK_SKB,
    on: "map",
  },
  {
    type: BPFAttachType.SK_SKB_STREAM_VERDICT,
    name: "sk_skb_stream_verdict",
    programType: BPFProgType.SK_SKB,
    on: "map",
  },
  { type: BPFAttachType.CGROUP_DEVICE, name: "cgroup_device", programType: BPFProgType.CGROUP_DEVICE, on: "cgroup" },
  { type: BPFAttachType.SK_MSG_VERDICT, name: "sk_msg_verdict", programType: BPFProgType.SK_MSG, on: "map" },
  {
    type: BPFAttachType.CGROUP_INET4_BIND,
    name: "cgroup_inet4_bind",
    programType: BPFProgType.CGROUP_SOCK_ADDR,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_INET6_BIND,
    name: "cgroup_inet6_bind",
    programType: BPFProgType.CGROUP_SOCK_ADDR,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_INET4_CONNECT,
    name: "cgroup_inet4_connect",
    programType: BPFProgType.CGROUP_SOCK_ADDR,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_INET6_CONNECT,
    name: "cgroup_inet6_connect",
    programType: BPFProgType.CGROUP_SOCK_ADDR,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_INET4_POST_BIND,
    name: "cgroup_inet4_post_bind",
    programType: BPFProgType.CGROUP_SOCK,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_INET6_POST_BIND,
    name: "cgroup_inet6_post_bind",
    programType: BPFProgType.CGROUP_SOCK,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_UDP4_SENDMSG,
    name: "cgroup_udp4_sendmsg",
    programType: BPFProgType.CGROUP_SOCK_ADDR,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_UDP6_SENDMSG,
    name: "cgroup_udp6_sendmsg",
    programType: BPFProgType.CGROUP_SOCK_ADDR,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_INET4_GETPEERNAME,
    name: "cgroup_inet4_getpeername",
    programType: BPFProgType.CGROUP_SOCK_ADDR,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_INET6_GETPEERNAME,
    name: "cgroup_inet6_getpeername",
    programType: BPFProgType.CGROUP_SOCK_ADDR,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_INET4_GETSOCKNAME,
    name: "cgroup_inet4_getsockname",
    programType: BPFProgType.CGROUP_SOCK_ADDR,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_INET6_GETSOCKNAME,
    name: "cgroup_inet6_getsockname",
    programType: BPFProgType.CGROUP_SOCK_ADDR,
    on: "cgroup",
  },
  { type: BPFAttachType.CGROUP_SYSCTL, name: "cgroup_sysctl", programType: BPFProgType.CGROUP_SYSCTL, on: "cgroup" },
  {
    type: BPFAttachType.CGROUP_UDP4_RECVMSG,
    name: "cgroup_udp4_recvmsg",
    programType: BPFProgType.CGROUP_SOCK_ADDR,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_UDP6_RECVMSG,
    name: "cgroup_udp6_recvmsg",
    programType: BPFProgType.CGROUP_SOCK_ADDR,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_GETSOCKOPT,
    name: "cgroup_getsockopt",
    programType: BPFProgType.CGROUP_SOCKOPT,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_SETSOCKOPT,
    name: "cgroup_setsockopt",
    programType: BPFProgType.CGROUP_SOCKOPT,
    on: "cgroup",
  },
  {
    type: BPFAttachType.CGROUP_INET_SOCK_RELEASE,
    name: "cgroup_inet_sock_release",
    programType: BPFProgType.CGROUP_SOCK,
    on: "cgroup",
  },
  { type: BPFAttachType.SK_SKB_VERDICT, name: "sk_skb_verdict", programType: BPFProgType.SK_SKB, on: "map" },
];

/** Finds a place by its number. */
export function findAttachType(type: number): AttachTypeRow | undefined {
  return rows.find((row) => row.type === type);
}
