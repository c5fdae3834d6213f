import { makeArgumentError } from "../wire/errors.ts";
import { findChecksum, sumPseudoHeader } from "./internet-checksum.ts";
import type { IcmpLayer, PacketFields, TcpLayer, UdpLayer } from "./packet-layers.ts";
import { checksumAt, headBytes, protocols, tcpFlags, vxlanPorts } from "./packet-numbers.ts";
import { CALL, HeaderWriter, concatBytes, layerFields, requireLayer } from "./packet-writer.ts";

/** The addresses of the IP packet around it. */
interface Addresses {
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
}

/** What an IP packet carries, and its number; undefined for bytes that say nothing of themselves. */
interface Transport {
  readonly protocol: number | undefined;
  readonly bytes: Uint8Array;
}

/** Makes the header of the transport that a packet has, in front of its data. */
export function makeTransport(layers: PacketFields, data: Uint8Array, addresses: Addresses): Transport {
  const { tcp, icmp, icmp6 } = layers;
  const udp = layers.udp === undefined && layers.vxlan !== undefined ? { dport: vxlanPorts[0]! } : layers.udp;
  if (tcp !== undefined) return { protocol: protocols.tcp, bytes: makeTcp(tcp, data, addresses) };
  if (udp !== undefined) return { protocol: protocols.udp, bytes: makeUdp(udp, data, addresses) };
  if (icmp !== undefined)
    return { protocol: protocols.icmp, bytes: makeIcmp(requireLayer(icmp, layerFields.icmp), 8, data, undefined) };
  if (icmp6 !== undefined)
    return { protocol: protocols.icmp6, bytes: makeIcmp(requireLayer(icmp6, layerFields.icmp6), 128, data, addresses) };
  return { protocol: undefined, bytes: data };
}

function makeTcp(fields: Partial<TcpLayer>, data: Uint8Array, addresses: Addresses): Uint8Array {
  const tcp = requireLayer(fields, layerFields.tcp);
  const options = tcp.options ?? new Uint8Array(0);
  const headEnd = headBytes.tcp + Math.ceil(options.length / 4) * 4;
  if (headEnd > 60) throw makeArgumentError(`${CALL} takes tcp.options of at most 40 bytes, got ${options.length}`);
  const head = new HeaderWriter(headEnd)
    .put(2, tcp.sport ?? 0)
    .put(2, tcp.dport ?? 0)
    .put(4, tcp.seq ?? 0)
    .put(4, tcp.ack ?? 0)
    .put(1, ((headEnd / 4) << 4) | (tcp.reserved ?? 0))
    .put(1, readFlags(tcp.flags ?? "S"))
    .put(2, tcp.window ?? 64240)
    .put(2, 0)
    .put(2, tcp.urgent ?? 0)
    .putBytes(options);
  const whole = concatBytes(head.bytes, data);
  const outside = sumPseudoHeader({ ...addresses, protocol: protocols.tcp }, whole.length);
  return putChecksum(whole, checksumAt.tcp, tcp.checksum ?? findChecksum(whole, checksumAt.tcp, outside));
}

function readFlags(text: string): number {
  return Array.from(text).reduce((flags, letter) => {
    const bit = tcpFlags.indexOf(letter);
    if (bit < 0)
      throw makeArgumentError(
        `${CALL}: ${JSON.stringify(letter)} is no flag of TCP`,
        'flags are letters: F(IN) S(YN) R(ST) P(SH) A(CK) U(RG) E(CE) C(WR), for example "SA"',
      );
    return flags | (1 << bit);
  }, 0);
}

function makeUdp(fields: Partial<UdpLayer>, data: Uint8Array, addresses: Addresses): Uint8Array {
  const udp = requireLayer(fields, layerFields.udp);
  const size = headBytes.udp + data.length;
  if (udp.length === undefined && size > 0xffff)
    throw makeArgumentError(`${CALL}: the datagram of udp has ${size} bytes, 65535 fit`);
  const length = udp.length ?? size;
  const head = new HeaderWriter(headBytes.udp)
    .put(2, udp.sport ?? 0)
    .put(2, udp.dport ?? 0)
    .put(2, length)
    .put(2, 0);
  const whole = concatBytes(head.bytes, data);
  const outside = sumPseudoHeader({ ...addresses, protocol: protocols.udp }, length);
  // 0 would say that there is none.
  const checksum = udp.checksum ?? (findChecksum(whole, checksumAt.udp, outside) || 0xffff);
  return putChecksum(whole, checksumAt.udp, checksum);
}

/** The checksum of ICMP covers nothing of IPv4, that of ICMPv6 covers the addresses. */
function makeIcmp(
  icmp: Partial<IcmpLayer>,
  echo: number,
  data: Uint8Array,
  addresses: Addresses | undefined,
): Uint8Array {
  const head = new HeaderWriter(headBytes.icmp)
    .put(1, icmp.type ?? echo)
    .put(1, icmp.code ?? 0)
    .put(2, 0)
    .put(2, icmp.id ?? 0)
    .put(2, icmp.seq ?? 0);
  const whole = concatBytes(head.bytes, data);
  const outside =
    addresses === undefined ? 0 : sumPseudoHeader({ ...addresses, protocol: protocols.icmp6 }, whole.length);
  return putChecksum(whole, checksumAt.icmp, icmp.checksum ?? findChecksum(whole, checksumAt.icmp, outside));
}

function putChecksum(bytes: Uint8Array, at: number, checksum: number): Uint8Array {
  bytes.set([checksum >> 8, checksum & 0xff], at);
  return bytes;
}
