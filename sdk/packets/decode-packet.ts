import { AF_INET, AF_INET6, inet_ntop } from "../addresses/ip-address.ts";
import { renderMac } from "../addresses/mac-address.ts";
import { checkSum, sumPseudoHeader } from "./internet-checksum.ts";
import type { PseudoHeader } from "./internet-checksum.ts";
import type { Ipv6Extension, Packet, VlanLayer } from "./packet-layers.ts";
import {
  VXLAN_HAS_NUMBER,
  checksumAt,
  etherTypes,
  extensionTypes,
  headBytes,
  protocols,
  tcpFlags,
  vxlanPorts,
} from "./packet-numbers.ts";

type Draft = { -readonly [Key in keyof Packet]: Packet[Key] };

/** What a transport needs to know of the IP packet that it is in. */
interface Carrier {
  readonly family: 4 | 6;
  readonly pseudo: PseudoHeader;
  /** Whether all bytes of the transport are there. */
  readonly isWhole: boolean;
}

/** Packets in packets that are taken apart: each goes one call deeper. */
const MAX_DEPTH = 8;

/** Takes a packet apart, as far as it goes. */
export function decodePacket(bytes: Uint8Array, depth = 0): Packet {
  const packet: Draft = {};
  if (!haveHead(packet, bytes, "Ethernet", headBytes.eth)) return packet;
  const type = readU16(bytes, 12);
  const eth = { dst: renderMac(bytes, 0), src: renderMac(bytes, 6) };
  packet.eth = eth as Packet["eth"] & object;
  settle(eth, "type", type, decodeTyped(type, bytes.subarray(headBytes.eth), packet, depth));
  return packet;
}

/** Answers whether what follows became a layer that says its type. */
function decodeTyped(type: number, bytes: Uint8Array, packet: Draft, depth: number): boolean {
  switch (type) {
    case etherTypes.vlan:
    case etherTypes.outerVlan:
      return decodeVlan(type, bytes, packet, depth);
    case etherTypes.arp:
      return decodeArp(bytes, packet);
    case etherTypes.ipv4:
      return decodeIpv4(bytes, packet, depth);
    case etherTypes.ipv6:
      return decodeIpv6(bytes, packet, depth);
    default:
      keepRest(packet, bytes);
      return false;
  }
}

function decodeVlan(tagType: number, bytes: Uint8Array, packet: Draft, depth: number): boolean {
  if (!haveHead(packet, bytes, "VLAN", headBytes.vlan)) return false;
  const tag = readU16(bytes, 0);
  const layer = {
    id: tag & 0x0fff,
    priority: tag >> 13,
    drop_eligible: (tag & 0x1000) !== 0,
    tag_type: tagType,
  } as VlanLayer;
  packet.vlan = [...(packet.vlan ?? []), layer];
  const type = readU16(bytes, 2);
  settle(layer, "type", type, decodeTyped(type, bytes.subarray(headBytes.vlan), packet, depth));
  return true;
}

function decodeArp(bytes: Uint8Array, packet: Draft): boolean {
  if (!haveHead(packet, bytes, "ARP", headBytes.arp)) return false;
  if (readU32(bytes, 0) !== 0x00010800 || readU16(bytes, 4) !== 0x0604)
    return stop(packet, bytes, "ARP: it is not about IPv4 addresses on Ethernet");
  packet.arp = {
    operation: readU16(bytes, 6),
    sender_mac: renderMac(bytes, 8),
    sender_ip: inet_ntop(AF_INET, bytes.subarray(14, 18)),
    target_mac: renderMac(bytes, 18),
    target_ip: inet_ntop(AF_INET, bytes.subarray(24, 28)),
  };
  keepTrailer(packet, bytes.subarray(headBytes.arp));
  return true;
}

function decodeIpv4(bytes: Uint8Array, packet: Draft, depth: number): boolean {
  if (!haveHead(packet, bytes, "IPv4", headBytes.ipv4)) return false;
  if (bytes[0]! >> 4 !== 4) return stop(packet, bytes, `IPv4: its version is ${bytes[0]! >> 4}`);
  const headEnd = (bytes[0]! & 0x0f) * 4;
  if (headEnd < headBytes.ipv4)
    return stop(packet, bytes, `IPv4: its header says ${headEnd} bytes, it has at least 20`);
  if (!haveHead(packet, bytes, "IPv4 with options", headEnd)) return false;
  const length = readU16(bytes, 2);
  const fragment = readU16(bytes, 6);
  const body = cutBody(packet, bytes, "IPv4", headEnd, length);
  const layer = {
    src: inet_ntop(AF_INET, bytes.subarray(12, 16)),
    dst: inet_ntop(AF_INET, bytes.subarray(16, 20)),
    ttl: bytes[8]!,
    tos: bytes[1]!,
    id: readU16(bytes, 4),
    dont_fragment: (fragment & 0x4000) !== 0,
    more_fragments: (fragment & 0x2000) !== 0,
    fragment_offset: (fragment & 0x1fff) * 8,
    ...(headEnd > headBytes.ipv4 && { options: bytes.slice(headBytes.ipv4, headEnd) }),
    ...((fragment & 0x8000) !== 0 && { reserved: true }),
  };
  packet.ipv4 = layer as Packet["ipv4"] & object;
  settle(layer, "length", length, length === headEnd + body.length);
  settleChecksum(layer, bytes, checksumAt.ipv4, headEnd, 0, true);
  const protocol = bytes[9]!;
  const isWhole = length === headEnd + body.length && !layer.more_fragments;
  const pseudo = { src: bytes.subarray(12, 16), dst: bytes.subarray(16, 20), protocol };
  const isKnown =
    layer.fragment_offset > 0
      ? keepRest(packet, body)
      : decodeTransport(body, packet, { family: 4, pseudo, isWhole }, depth);
  settle(layer, "protocol", protocol, isKnown);
  return true;
}

function decodeIpv6(bytes: Uint8Array, packet: Draft, depth: number): boolean {
  if (!haveHead(packet, bytes, "IPv6", headBytes.ipv6)) return false;
  if (bytes[0]! >> 4 !== 6) return stop(packet, bytes, `IPv6: its version is ${bytes[0]! >> 4}`);
  const length = readU16(bytes, 4);
  const body = cutBody(packet, bytes, "IPv6", headBytes.ipv6, headBytes.ipv6 + length);
  const { extensions, protocol, rest, isPart, isRouted } = decodeExtensions(packet, bytes[6]!, body);
  const layer = {
    src: inet_ntop(AF_INET6, bytes.subarray(8, 24)),
    dst: inet_ntop(AF_INET6, bytes.subarray(24, 40)),
    hop_limit: bytes[7]!,
    traffic_class: (readU16(bytes, 0) >> 4) & 0xff,
    flow_label: readU32(bytes, 0) & 0xfffff,
    extensions,
  };
  packet.ipv6 = layer as unknown as Packet["ipv6"] & object;
  settle(layer, "length", length, length === body.length);
  const isWhole = length === body.length && !isPart && !isRouted;
  const pseudo = { src: bytes.subarray(8, 24), dst: bytes.subarray(24, 40), protocol };
  const last = extensions.at(-1);
  const isKnown =
    (last?.fragment_offset ?? 0) > 0
      ? keepRest(packet, rest)
      : decodeTransport(rest, packet, { family: 6, pseudo, isWhole }, depth);
  settle(layer, "protocol", protocol, isKnown);
  return true;
}

interface Extensions {
  readonly extensions: readonly Ipv6Extension[];
  readonly protocol: number;
  readonly rest: Uint8Array;
  /** Whether it is a fragment of a packet. */
  readonly isPart: boolean;
  /** Whether it is on its way to another address than the checksum knows. */
  readonly isRouted: boolean;
}

const extensionNumbers: ReadonlySet<number> = new Set(Object.values(extensionTypes));

function decodeExtensions(packet: Draft, first: number, body: Uint8Array): Extensions {
  const extensions: Ipv6Extension[] = [];
  let [type, rest, isPart, isRouted] = [first, body, false, false];
  while (extensionNumbers.has(type)) {
    const size = measureExtension(type, rest);
    if (rest.length < size) {
      tell(packet, `IPv6: its extension ${type} has ${size} bytes, ${rest.length} are there`);
      break;
    }
    const next = rest[0]!;
    if (type === extensionTypes.fragment) {
      const place = readU16(rest, 2);
      const reserved = (rest[1]! << 2) | ((place >> 1) & 3);
      const more_fragments = (place & 1) === 1;
      const fragment_offset = place & 0xfff8;
      extensions.push({
        type,
        id: readU32(rest, 4),
        fragment_offset,
        more_fragments,
        ...(reserved > 0 && { reserved }),
      });
      isPart ||= more_fragments || fragment_offset > 0;
    } else {
      extensions.push({ type, data: rest.slice(2, size) });
      // A routing header counts the addresses that are still to be visited.
      isRouted ||= type === extensionTypes.routing && rest[3]! > 0;
    }
    [type, rest] = [next, rest.subarray(size)];
    if ((extensions.at(-1)!.fragment_offset ?? 0) > 0) break;
  }
  return { extensions, protocol: type, rest, isPart, isRouted };
}

/** Units: bytes; eight where not even the length is there. */
function measureExtension(type: number, bytes: Uint8Array): number {
  const count = bytes[1] ?? 0;
  if (type === extensionTypes.fragment) return 8;
  return type === extensionTypes.authentication ? Math.max(8, (count + 2) * 4) : (count + 1) * 8;
}

function decodeTransport(bytes: Uint8Array, packet: Draft, carrier: Carrier, depth: number): boolean {
  const { family, pseudo } = carrier;
  if (pseudo.protocol === protocols.tcp) return decodeTcp(bytes, packet, carrier);
  if (pseudo.protocol === protocols.udp) return decodeUdp(bytes, packet, carrier, depth);
  if (pseudo.protocol === (family === 4 ? protocols.icmp : protocols.icmp6)) return decodeIcmp(bytes, packet, carrier);
  return keepRest(packet, bytes);
}

function decodeTcp(bytes: Uint8Array, packet: Draft, { pseudo, isWhole }: Carrier): boolean {
  if (!haveHead(packet, bytes, "TCP", headBytes.tcp)) return false;
  const headEnd = (bytes[12]! >> 4) * 4;
  if (headEnd < headBytes.tcp) return stop(packet, bytes, `TCP: its header says ${headEnd} bytes, it has at least 20`);
  if (!haveHead(packet, bytes, "TCP with options", headEnd)) return false;
  const reserved = bytes[12]! & 0x0f;
  const layer = {
    sport: readU16(bytes, 0),
    dport: readU16(bytes, 2),
    seq: readU32(bytes, 4),
    ack: readU32(bytes, 8),
    flags: Array.from(tcpFlags, (letter, bit) => ((bytes[13]! >> bit) & 1 ? letter : "")).join(""),
    window: readU16(bytes, 14),
    urgent: readU16(bytes, 18),
    ...(headEnd > headBytes.tcp && { options: bytes.slice(headBytes.tcp, headEnd) }),
    ...(reserved > 0 && { reserved }),
  };
  packet.tcp = layer as Packet["tcp"] & object;
  settleChecksum(layer, bytes, checksumAt.tcp, bytes.length, sumPseudoHeader(pseudo, bytes.length), isWhole);
  keepRest(packet, bytes.subarray(headEnd));
  return true;
}

function decodeUdp(bytes: Uint8Array, packet: Draft, { family, pseudo, isWhole }: Carrier, depth: number): boolean {
  if (!haveHead(packet, bytes, "UDP", headBytes.udp)) return false;
  const length = readU16(bytes, 4);
  const layer = { sport: readU16(bytes, 0), dport: readU16(bytes, 2) };
  packet.udp = layer as Packet["udp"] & object;
  const isRight = length === bytes.length;
  settle(layer, "length", length, isRight);
  if (!isRight && isWhole) tell(packet, `UDP says ${length} bytes, ${bytes.length} are there`);
  const isChecked = isWhole && isRight && (family === 6 || readU16(bytes, checksumAt.udp) !== 0);
  settleChecksum(layer, bytes, checksumAt.udp, bytes.length, sumPseudoHeader(pseudo, length), isChecked);
  const body = bytes.subarray(headBytes.udp);
  // A part of a datagram, or one that was captured in part, carries what its beginning says.
  const hasBeginning = !isWhole && length > bytes.length && body.length >= headBytes.vxlan + headBytes.eth;
  const isVxlan =
    (isRight || hasBeginning) &&
    vxlanPorts.includes(layer.dport) &&
    body.length >= headBytes.vxlan &&
    (body[0]! & VXLAN_HAS_NUMBER) !== 0;
  if (isVxlan && depth < MAX_DEPTH) decodeVxlan(body, packet, depth);
  else keepRest(packet, body);
  return true;
}

function decodeVxlan(bytes: Uint8Array, packet: Draft, depth: number): void {
  const reserved: readonly [number, number] = [readU32(bytes, 0) & 0xffffff, bytes[7]!];
  packet.vxlan = {
    vni: readU32(bytes, 4) >>> 8,
    inner: decodePacket(bytes.subarray(headBytes.vxlan), depth + 1),
    flags: bytes[0]!,
    ...((reserved[0] > 0 || reserved[1] > 0) && { reserved }),
  };
}

function decodeIcmp(bytes: Uint8Array, packet: Draft, { family, pseudo, isWhole }: Carrier): boolean {
  if (!haveHead(packet, bytes, family === 4 ? "ICMP" : "ICMPv6", headBytes.icmp)) return false;
  const layer = { type: bytes[0]!, code: bytes[1]!, id: readU16(bytes, 4), seq: readU16(bytes, 6) };
  packet[family === 4 ? "icmp" : "icmp6"] = layer as Packet["icmp"] & object;
  const outside = family === 4 ? 0 : sumPseudoHeader(pseudo, bytes.length);
  settleChecksum(layer, bytes, checksumAt.icmp, bytes.length, outside, isWhole);
  keepRest(packet, bytes.subarray(headBytes.icmp));
  return true;
}

/** What an IP header says that belongs to it; what follows on that is the trailer. */
function cutBody(packet: Draft, bytes: Uint8Array, name: string, headEnd: number, end: number): Uint8Array {
  if (end > bytes.length) tell(packet, `${name} says ${end} bytes, ${bytes.length} are there`);
  if (end < headEnd) tell(packet, `${name} says ${end} bytes, its header alone has ${headEnd}`);
  if (end < headEnd || end >= bytes.length) return bytes.subarray(headEnd);
  keepTrailer(packet, bytes.subarray(end));
  return bytes.subarray(headEnd, end);
}

/** Puts a field into a layer, out of the way of copies where it is made anyway. */
function settle(layer: object, name: string, value: unknown, isMade: boolean): void {
  if (isMade) Object.defineProperty(layer, name, { value, enumerable: false, writable: true, configurable: true });
  else (layer as Record<string, unknown>)[name] = value;
}

/** Puts a checksum into a layer and whether it is right, where all that it covers is there: `end` bytes and what has the sum `outside`. */
function settleChecksum(
  layer: object,
  bytes: Uint8Array,
  at: number,
  end: number,
  outside: number,
  isCovered: boolean,
): void {
  const value = readU16(bytes, at);
  if (!isCovered) return settle(layer, "checksum", value, false);
  const covered = bytes.subarray(0, end);
  const { wanted, isRight } = checkSum(covered, at, outside);
  // In UDP 0 says that there is none.
  settle(layer, "checksum", value, value === (wanted || (at === checksumAt.udp ? 0xffff : 0)));
  settle(layer, "checksum_ok", isRight, false);
}

/** Whether a header is there; where not, says so, and what is there is the payload. */
function haveHead(packet: Draft, bytes: Uint8Array, name: string, size: number): boolean {
  if (bytes.length >= size) return true;
  return stop(packet, bytes, `the header of ${name} has ${size} bytes, ${bytes.length} are there`);
}

function stop(packet: Draft, bytes: Uint8Array, problem: string): false {
  tell(packet, problem);
  return keepRest(packet, bytes);
}

/** The first problem counts: what follows is its consequence. */
function tell(packet: Draft, problem: string): void {
  packet.problem ??= problem;
}

function keepRest(packet: Draft, bytes: Uint8Array): false {
  if (bytes.length > 0) packet.payload = bytes.slice();
  return false;
}

function keepTrailer(packet: Draft, bytes: Uint8Array): void {
  if (bytes.length > 0) packet.trailer = bytes.slice();
}

function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function readU32(bytes: Uint8Array, at: number): number {
  return ((readU16(bytes, at) << 16) | readU16(bytes, at + 2)) >>> 0;
}
