import { BPFProgType as Type } from "../../../sdk/abi/program-types.ts";
import { AttachError, UnsupportedFeatureError } from "../../base/errors.ts";
import { errno, renderErrno } from "../door/errno.ts";
import type { Status } from "../door/port.ts";

/** A type of program that the kernel can run on a packet or a context of ours. */
interface TestKind {
  readonly title: string;
  readonly since: string;
}

/** Source: the functions `test_run` of struct bpf_prog_ops in the kernel. */
const testKinds: Readonly<Record<number, TestKind>> = {
  [Type.SOCKET_FILTER]: { title: "socket filters", since: "4.12" },
  [Type.SCHED_CLS]: { title: "tc programs", since: "4.12" },
  [Type.SCHED_ACT]: { title: "tc actions", since: "4.12" },
  [Type.XDP]: { title: "XDP programs", since: "4.12" },
  [Type.CGROUP_SKB]: { title: "programs for the packets of cgroups", since: "4.12" },
  [Type.LWT_IN]: { title: "programs of routes", since: "4.12" },
  [Type.LWT_OUT]: { title: "programs of routes", since: "4.12" },
  [Type.LWT_XMIT]: { title: "programs of routes", since: "4.12" },
  [Type.LWT_SEG6LOCAL]: { title: "programs of routes", since: "4.18" },
  [Type.FLOW_DISSECTOR]: { title: "flow dissectors", since: "5.1" },
  [Type.RAW_TRACEPOINT]: { title: "programs of raw tracepoints", since: "5.10" },
  [Type.RAW_TRACEPOINT_WRITABLE]: { title: "programs of raw tracepoints", since: "5.10" },
  [Type.SK_LOOKUP]: { title: "sk_lookup programs", since: "5.13" },
  [Type.SYSCALL]: { title: "system call programs", since: "5.14" },
  [Type.NETFILTER]: { title: "netfilter programs", since: "6.4" },
};

/** Programs of sockets and cgroups, which see what processes do. */
const ofSockets: ReadonlySet<number> = new Set([
  Type.CGROUP_SOCK,
  Type.CGROUP_SOCK_ADDR,
  Type.CGROUP_SOCKOPT,
  Type.CGROUP_SYSCTL,
  Type.CGROUP_DEVICE,
  Type.SOCK_OPS,
  Type.SK_SKB,
  Type.SK_MSG,
  Type.SK_REUSEPORT,
]);

/** A test run that the kernel was asked for. */
export interface TestRequest {
  readonly functionName: string;
  /** Source: enum bpf_prog_type. */
  readonly type: number;
  readonly packet: Uint8Array;
  readonly hasContext: boolean;
}

/** Looks whether any kernel can run programs of a type on what a script gives. @throws AttachError */
export function requireTestKind({ functionName, type }: TestRequest): void {
  if (testKinds[type] !== undefined) return;
  const name =
    Object.entries(Type)
      .find(([, number]) => number === type)?.[0]
      .toLowerCase() ?? `type ${type}`;
  throw new AttachError(`Cannot run "${functionName}": no kernel has a test run for ${name} programs`, {
    hint: ofSockets.has(type)
      ? "attach it to a cgroup of the test's own and let a process there use a socket"
      : "attach it and let what it waits for happen",
  });
}

/** Units: bytes. Source: ETH_HLEN, and the headers of IP without options. */
const linkHead = 14,
  ipv4Head = 20,
  ipv6Head = 40;
/** The types of IP in an Ethernet header. Source: linux/if_ether.h */
const ipHeads: Readonly<Record<number, readonly [name: string, size: number]>> = {
  2048: ["IPv4", ipv4Head],
  34525: ["IPv6", ipv6Head],
};
/** What surely fits into the one page that a packet has. Units: bytes */
const onePage = 3500;

/** Says why the kernel did not run a function. */
export function describeTestFailure(request: TestRequest, status: Status): Error {
  const { functionName, type, packet } = request;
  const action = `Cannot run "${functionName}"`;
  const kind = testKinds[type];
  if (status === errno.ENOTSUPP && kind !== undefined)
    return new UnsupportedFeatureError("test_run", `${action}: this kernel has no test run for ${kind.title}`, {
      since: kind.since,
      hint: `Linux ${kind.since} or later has it: bpfts vm run`,
    });
  const [reason, hint] = findReason(request, status) ?? [renderErrno(status)];
  return new AttachError(`${action}${packet.length > 0 ? ` on a packet of ${packet.length} bytes` : ""}: ${reason}`, {
    errno: -status,
    ...(hint !== undefined && { hint }),
  });
}

function findReason(
  { type, packet, hasContext }: TestRequest,
  status: Status,
): readonly [reason: string, hint?: string] | undefined {
  if (status === errno.ENOSPC)
    return [
      "it made the packet longer than 65,536 bytes more, for which bpfts has no room",
      "the maps are as the program left them",
    ];
  if (status === errno.ENODEV)
    return [
      "there is no network device of that number",
      "ctx.ifindex and ctx.ingress_ifindex name devices of bpfts' own network namespace",
    ];
  if (status === errno.E2BIG) return ["this kernel knows fewer fields of ctx than are set"];
  if (status === errno.ERANGE && type === Type.SK_LOOKUP) return ["local_port is a port from 0 to 65535"];
  if (status === errno.EOPNOTSUPP && type === Type.SK_LOOKUP)
    return ["it chose a socket of a reuseport group, which a test run has not"];
  if (type === Type.SK_LOOKUP && (status === errno.EAFNOSUPPORT || status === errno.EPROTONOSUPPORT))
    return [
      "the kernel asks no program about such sockets",
      "family is 2 (IPv4) or 10 (IPv6), protocol 6 (TCP) or 17 (UDP)",
    ];
  if (status !== errno.EINVAL) return undefined;
  if (type === Type.RAW_TRACEPOINT || type === Type.RAW_TRACEPOINT_WRITABLE)
    return ["it reads more arguments than ctx has", "give ctx as a list with every argument of the tracepoint"];
  if (type === Type.SK_LOOKUP)
    return ["the kernel does not take this ctx", "give family, protocol, addresses and ports; cookie is its answer"];
  if (packet.length < linkHead)
    return [
      `the kernel takes ${linkHead} bytes or more`,
      "a packet begins with its Ethernet header: two addresses of 6 bytes and a type of 2",
    ];
  const [name, size] = ipHeads[(packet[12]! << 8) | packet[13]!] ?? [];
  if (type !== Type.XDP && size !== undefined && packet.length < linkHead + size)
    return [`its type says ${name}, whose header ends at byte ${linkHead + size}`];
  if (packet.length > onePage)
    return [
      "the kernel takes what fits into one page beside its own data",
      type === Type.XDP ? 'larger ones are for SEC("xdp.frags"), since Linux 5.18' : "give a shorter packet",
    ];
  if (type === Type.XDP && hasContext)
    return [
      "the kernel does not take this ctx",
      "data is the length of the metadata in front (a multiple of 4, at most 32), data_meta 0, and data_end the length of the packet; before Linux 5.15 there is no ctx",
    ];
  if (hasContext) return ["the kernel does not take this ctx", "Linux 5.10 takes no ingress_ifindex"];
  return undefined;
}
