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

const cgroupSkb = 8,
  cgroupSock = 9,
  sockOps = 13,
  skSkb = 14,
  cgroupDevice = 15,
  skMsg = 16,
  cgroupSockAddr = 18,
  cgroupSysctl = 23,
  cgroupSockopt = 25;

const rows: readonly AttachTypeRow[] = [
  { type: 0, name: "cgroup_inet_ingress", programType: cgroupSkb, on: "cgroup" },
  { type: 1, name: "cgroup_inet_egress", programType: cgroupSkb, on: "cgroup" },
  { type: 2, name: "cgroup_inet_sock_create", programType: cgroupSock, on: "cgroup" },
  { type: 3, name: "cgroup_sock_ops", programType: sockOps, on: "cgroup" },
  { type: 4, name: "sk_skb_stream_parser", programType: skSkb, on: "map" },
  { type: 5, name: "sk_skb_stream_verdict", programType: skSkb, on: "map" },
  { type: 6, name: "cgroup_device", programType: cgroupDevice, on: "cgroup" },
  { type: 7, name: "sk_msg_verdict", programType: skMsg, on: "map" },
  { type: 8, name: "cgroup_inet4_bind", programType: cgroupSockAddr, on: "cgroup" },
  { type: 9, name: "cgroup_inet6_bind", programType: cgroupSockAddr, on: "cgroup" },
  { type: 10, name: "cgroup_inet4_connect", programType: cgroupSockAddr, on: "cgroup" },
  { type: 11, name: "cgroup_inet6_connect", programType: cgroupSockAddr, on: "cgroup" },
  { type: 12, name: "cgroup_inet4_post_bind", programType: cgroupSock, on: "cgroup" },
  { type: 13, name: "cgroup_inet6_post_bind", programType: cgroupSock, on: "cgroup" },
  { type: 14, name: "cgroup_udp4_sendmsg", programType: cgroupSockAddr, on: "cgroup" },
  { type: 15, name: "cgroup_udp6_sendmsg", programType: cgroupSockAddr, on: "cgroup" },
  { type: 18, name: "cgroup_sysctl", programType: cgroupSysctl, on: "cgroup" },
  { type: 19, name: "cgroup_udp4_recvmsg", programType: cgroupSockAddr, on: "cgroup" },
  { type: 20, name: "cgroup_udp6_recvmsg", programType: cgroupSockAddr, on: "cgroup" },
  { type: 21, name: "cgroup_getsockopt", programType: cgroupSockopt, on: "cgroup" },
  { type: 22, name: "cgroup_setsockopt", programType: cgroupSockopt, on: "cgroup" },
  { type: 34, name: "cgroup_inet_sock_release", programType: cgroupSock, on: "cgroup" },
  { type: 38, name: "sk_skb_verdict", programType: skSkb, on: "map" },
];

/** Finds a place by its number. */
export function findAttachType(type: number): AttachTypeRow | undefined {
  return rows.find((row) => row.type === type);
}
