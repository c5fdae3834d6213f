import { BPF, decode_packet, strftime } from "bpfts";
import type { CapturedPacket, Packet } from "bpfts";
import { drop_reasons, hubble_reasons } from "./drop-reasons.ts";
import { join_port } from "./join-port.ts";
import { find_pins } from "./pins.ts";
import type { NoticeNames } from "./notice-names.ts";
import { hex, icmp_types, list_flags, list_layers } from "./packet-layers.ts";

/** What a program tells of a packet: `struct net_notice` of bpfts_notice.h. */
export interface NoticeHead {
  readonly type: number;
  readonly subtype: number;
  readonly is_egress: number;
  readonly is_audited: number;
  readonly state: number;
  readonly match: number;
  readonly endpoint: number;
  readonly source_identity: number;
  readonly destination_identity: number;
  readonly rule: number;
  readonly service: number;
  readonly backend: number;
  readonly line: number;
  readonly captured: number;
  readonly bytes: number;
  readonly hash: number;
  readonly ifindex: number;
  readonly mark: number;
  readonly node: number;
  readonly file: number;
  readonly time_ns: bigint;
}

/** A notice with its packet, and with names in the place of numbers. */
export interface Notice {
  readonly head: NoticeHead;
  readonly cpu: number;
  readonly packet: Packet;
  readonly names: NoticeNames;
  readonly are_numbers: boolean;
}

/** Opens the events of a name. @throws MapError where nothing is pinned */
export function open_notices(name: string) {
  return new BPF({
    text: /* c */ `
#include "bpfts_notice.h"
struct notice {
    struct net_notice head;
    u8 packet[];
};
BPF_PERF_OUTPUT(notices);
/* It is never attached: it says what the buffer carries. */
int describe(struct __sk_buff *skb) {
    struct notice notice = {};
    notices.perf_submit_skb(skb, 64, &notice, sizeof(notice));
    return 0;
}
`,
    pins: { notices: { path: `${find_pins(name)}/events`, create: false } },
  });
}

/** Types by the words of `-t`. Source: pkg/monitor/api/types.go of Cilium */
export const notice_types: ReadonlyMap<string, number> = new Map([
  ["drop", 1],
  ["trace", 4],
  ["policy-verdict", 5],
]);

/** Source: pkg/monitor/api/types.go of Cilium */
const points: Readonly<Record<number, string>> = {
  0: "to-endpoint",
  3: "to-stack",
  4: "to-overlay",
  5: "from-endpoint",
  9: "from-overlay",
  10: "from-network",
  11: "to-network",
};
/** Whose line a notice names. Source: bpfts_notice.h */
const files: Readonly<Record<number, string>> = {
  1: "policy-program.ts",
  2: "service-program.ts",
  3: "overlay-program.ts",
};
const states: Readonly<Record<number, string>> = { 0: "new", 1: "established", 2: "reply", 255: "unknown" };
const matches: Readonly<Record<number, string>> = {
  0: "none",
  1: "L3-Only",
  2: "L3-L4",
  3: "L4-Only",
  4: "all",
  5: "L3-Proto",
  6: "Proto-Only",
};
/** Decodes what came. */
export function read_notice(
  event: { readonly head: NoticeHead; readonly packet: Uint8Array },
  cpu: number,
  names: NoticeNames,
  are_numbers: boolean,
): Notice {
  return {
    head: event.head,
    cpu,
    packet: decode_packet(event.packet.subarray(0, event.head.captured)),
    names,
    are_numbers,
  };
}

/** What the programs of a device's two hooks return for a packet that is dropped, and for one that goes on. Source: linux/pkt_cls.h */
const TC_ACT_SHOT = 2;
const TC_ACT_UNSPEC = -1;

/** A notice as a packet of a capture: which device of which node, whether it was dropped, and why. */
export function describe_capture(notice: Notice, packet: Uint8Array): CapturedPacket {
  const { head, names } = notice;
  const node = names.find_node(head.node, head.ifindex);
  const place = node?.netns ?? names.find_endpoint(head.endpoint)?.netns;
  // What an endpoint sends is what the host's end of its veth pair takes in.
  const is_out = node === undefined ? head.is_egress === 0 : head.is_egress !== 0;
  return {
    data: packet,
    len: head.bytes,
    ifname: [place, show_interface({ ...notice, are_numbers: false })].filter((part) => part).join("/"),
    direction: is_out ? "out" : "in",
    time_ns: head.time_ns,
    ...(head.type !== 5 && { verdict: { tc: head.type === 1 ? TC_ACT_SHOT : TC_ACT_UNSPEC } }),
    comment: render_line(notice),
  };
}

function find_reason(reason: number): string {
  return drop_reasons[reason] ?? String(reason);
}

/** What the protocol says of itself: `tcp SYN`, `icmp EchoRequest`. */
function show_protocol(packet: Packet): string {
  const { tcp, udp, icmp, icmp6, ipv4, ipv6, arp } = packet;
  if (tcp) return `tcp ${list_flags(packet).join(", ")}`.trim();
  if (udp) return "udp";
  if (icmp) return `icmp ${icmp_types[`4 ${icmp.type}`] ?? `type ${icmp.type}`}`;
  if (icmp6) return `icmp6 ${icmp_types[`6 ${icmp6.type}`] ?? `type ${icmp6.type}`}`;
  if (arp) return "arp";
  const protocol = ipv4?.protocol ?? ipv6?.protocol;
  return protocol === undefined ? "frame" : `protocol ${protocol}`;
}

/** The two ends, with ports where there are any. */
function list_ends({ ipv4, ipv6, tcp, udp }: Packet): readonly [string, string] {
  const ip = ipv4 ?? ipv6;
  const ports = tcp ?? udp;
  if (ip === undefined) return ["?", "?"];
  return ports === undefined ? [ip.src, ip.dst] : [join_port(ip.src, ports.sport), join_port(ip.dst, ports.dport)];
}

function show_connection(packet: Packet): string {
  return `${list_ends(packet).join(" -> ")} ${show_protocol(packet)}`;
}

function show_identity(identity: number, { names, are_numbers }: Notice): string {
  return identity === 0 ? "unknown" : are_numbers ? String(identity) : names.name_identity(identity);
}

function show_identities(notice: Notice): string {
  const { source_identity, destination_identity } = notice.head;
  return `identity ${show_identity(source_identity, notice)}->${show_identity(destination_identity, notice)}`;
}

function show_interface({ head, names, are_numbers }: Notice): string {
  if (are_numbers) return String(head.ifindex);
  const known = names.find_node(head.node, head.ifindex) ?? names.find_endpoint(head.endpoint);
  return known?.dev ?? String(head.ifindex);
}

/** Cilium's monitor is one of a node; here several nodes may tell on one buffer. */
function show_node({ head, names }: Notice): string {
  const node = names.find_node(head.node, head.ifindex);
  return node === undefined ? "" : `, node ${node.name}`;
}

function find_file({ head }: Notice): string {
  return files[head.file] ?? String(head.file);
}

/** Which rule decided; which service it was where it was one. */
function find_decider({ head, names }: Notice): string | undefined {
  if (head.endpoint !== 0) return names.name_rule(head.rule);
  return head.service === 0 ? undefined : `service ${names.name_service(head.service)}`;
}

function show_backend({ head, names }: Notice): string {
  const backend = names.find_backend(head.backend);
  if (head.service === 0) return "";
  return `, service ${names.name_service(head.service)}${backend === undefined ? "" : ` to ${backend}`}`;
}

function name_action({ is_audited, subtype }: NoticeHead): string {
  return subtype === 0 ? "allow" : is_audited ? "audit" : "deny";
}

function find_protocol_number({ ipv4, ipv6 }: Packet): number {
  return (ipv4 ?? ipv6)?.protocol ?? 0;
}

/** A notice in a line of `cilium monitor`; what Cilium tells of an error of the helper is here the rule that dropped. */
export function render_line(notice: Notice): string {
  const { head, packet } = notice;
  const flow = `flow ${hex(head.hash)}`;
  if (head.type === 1)
    return `xx drop (${find_reason(head.subtype)}) ${flow} to endpoint ${head.is_egress ? 0 : head.endpoint}, ifindex ${show_interface(notice)}, file ${find_file(notice)}:${head.line}, ${find_decider(notice) ?? ""}, ${show_identities(notice)}: ${show_connection(packet)}${show_node(notice)}`;
  if (head.type === 5) {
    const remote = head.is_egress ? head.destination_identity : head.source_identity;
    return `Policy verdict log: ${flow} local EP ID ${head.endpoint}, remote ID ${show_identity(remote, notice)}, proto ${find_protocol_number(packet)}, ${head.is_egress ? "egress" : "ingress"}, action ${name_action(head)}, auth: disabled, match ${matches[head.match] ?? head.match}, ${show_connection(packet)}`;
  }
  const point = points[head.subtype] ?? String(head.subtype);
  const [way, place] = point.split("-");
  return `${way === "from" ? "<-" : "->"} ${place === "endpoint" ? `endpoint ${head.endpoint}` : place} ${flow} ${show_identities(notice)} state ${states[head.state]} ifindex ${show_interface(notice)} orig-ip 0.0.0.0: ${show_connection(packet)}${show_backend(notice)}${show_node(notice)}`;
}

/** A notice in the words of `cilium monitor -v`, and with `-vv` its layers behind. */
export function render_verbose(notice: Notice, has_layers: boolean): string {
  const { head, packet, cpu } = notice;
  const from = `CPU ${String(cpu).padStart(2, "0")}: MARK ${hex(head.hash)} FROM ${head.endpoint}`;
  const decider = find_decider(notice);
  const said = decider === undefined ? "" : `, ${decider}`;
  const identities = show_identities(notice);
  const captured = `${head.bytes} bytes (${head.captured} captured)`;
  const first =
    head.type === 1
      ? `${from} DROP: ${head.bytes} bytes, reason ${find_reason(head.subtype)}, ${identities}, to endpoint ${head.is_egress ? 0 : head.endpoint}, file ${find_file(notice)}:${head.line}${said}${show_node(notice)}`
      : head.type === 5
        ? `${from} POLICY-VERDICT: ${head.bytes} bytes, ${head.is_egress ? "egress" : "ingress"}, action ${name_action(head)}, match ${matches[head.match] ?? head.match}, ${identities}${said}`
        : `${from} ${points[head.subtype] ?? head.subtype}: ${captured}, state ${states[head.state]}, interface ${show_interface(notice)}, ${identities}, orig-ip 0.0.0.0${show_backend(notice)}${show_node(notice)}`;
  return ["-".repeat(78), first, ...(has_layers ? list_layers(packet) : [show_connection(packet)])].join("\n");
}

/** What was decided about the packet. Source: enum Verdict of Hubble */
function find_verdict({ type, subtype, is_audited }: NoticeHead): string {
  if (type === 1) return "DROPPED";
  return type === 4 || subtype === 0 ? "FORWARDED" : is_audited ? "AUDIT" : "DROPPED";
}

function describe_l4(packet: Packet) {
  const { tcp, udp, icmp, icmp6 } = packet;
  if (tcp)
    return {
      TCP: {
        source_port: tcp.sport,
        destination_port: tcp.dport,
        flags: Object.fromEntries(list_flags(packet).map((flag) => [flag, true])),
      },
    };
  if (udp) return { UDP: { source_port: udp.sport, destination_port: udp.dport } };
  if (icmp) return { ICMPv4: { type: icmp.type, code: icmp.code } };
  return icmp6 && { ICMPv6: { type: icmp6.type, code: icmp6.code } };
}

/** A notice with the names of Hubble's flows. */
export function describe_flow(notice: Notice) {
  const { head, packet, names } = notice;
  const { eth, ipv4, ipv6 } = packet;
  const ip = ipv4 ?? ipv6;
  const l4 = describe_l4(packet);
  const describe_end = (identity: number, is_local: boolean) => {
    const endpoint = is_local ? names.find_endpoint(head.endpoint) : undefined;
    const pod = endpoint?.name ?? names.find_endpoint_of(identity);
    return { ...(endpoint && { ID: head.endpoint }), identity, ...(pod !== undefined && { pod_name: pod }) };
  };
  const rule = head.endpoint !== 0 && head.type !== 4 ? names.name_rule(head.rule) : undefined;
  const backend = names.find_backend(head.backend);
  const node = names.find_node(head.node, head.ifindex);
  const dev = node?.dev ?? names.find_endpoint(head.endpoint)?.dev;
  const reason = head.type === 1 || head.type === 5 ? head.subtype : 0;
  return {
    time: strftime("%Y-%m-%dT%H:%M:%S%z"),
    verdict: find_verdict(head),
    ...(reason !== 0 && { drop_reason: reason, drop_reason_desc: hubble_reasons[reason] }),
    ...(eth && { ethernet: { source: eth.src, destination: eth.dst } }),
    ...(ip && { IP: { source: ip.src, destination: ip.dst, ipVersion: ipv4 ? "IPv4" : "IPv6" } }),
    ...(l4 && { l4 }),
    source: describe_end(head.source_identity, head.is_egress !== 0),
    destination: describe_end(head.destination_identity, head.is_egress === 0),
    Type: "L3_L4",
    ...(node && { node_name: node.name }),
    ...(packet.vxlan && { tunnel: { protocol: "VXLAN", vni: packet.vxlan.vni } }),
    event_type: { type: head.type, ...(head.subtype !== 0 && { sub_type: head.subtype }) },
    traffic_direction: head.is_egress ? "EGRESS" : "INGRESS",
    ...(head.type === 5 && { policy_match_type: head.match }),
    ...(head.type === 4 && {
      trace_observation_point: points[head.subtype]?.toUpperCase().replace("-", "_"),
      is_reply: head.state === 2,
    }),
    interface: { index: head.ifindex, ...(dev !== undefined && { name: dev }) },
    ...(rule !== undefined && { rule }),
    ...(head.service !== 0 && { service: names.name_service(head.service) }),
    ...(backend !== undefined && { backend }),
    file: { name: find_file(notice), line: head.line },
    Summary: show_protocol(packet),
  };
}

/** A notice in a line of `hubble observe`. */
export function render_compact(notice: Notice): string {
  const { head, packet } = notice;
  const { source_identity, destination_identity } = head;
  const [source, destination] = list_ends(packet);
  const ends = [
    `${source} (${show_identity(source_identity, notice)})`,
    `${destination} (${show_identity(destination_identity, notice)})`,
  ];
  // An answer's ends are shown as those of its connection.
  const is_reply = head.type === 4 && head.state === 2;
  const arrow = is_reply ? "<-" : head.state === 255 ? "<>" : "->";
  const direction = head.is_egress ? "EGRESS" : "INGRESS";
  const [type, verdict] =
    head.type === 1
      ? [find_reason(head.subtype), "DROPPED"]
      : head.type === 5
        ? [
            `policy-verdict:${matches[head.match] ?? head.match} ${direction}`,
            head.subtype === 0 ? "ALLOWED" : head.is_audited ? "AUDITED" : "DENIED",
          ]
        : [points[head.subtype] ?? String(head.subtype), "FORWARDED"];
  const decider = head.type === 4 ? undefined : find_decider(notice);
  return `${strftime("%b %e %H:%M:%S")}: ${(is_reply ? ends.reverse() : ends).join(` ${arrow} `)} ${type} ${verdict} (${show_protocol(packet)})${decider === undefined ? "" : ` ${decider}`}`;
}
