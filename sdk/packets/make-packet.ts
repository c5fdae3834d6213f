import { requireOptions } from "../checks/check-options.ts";
import { parseMac } from "../addresses/mac-address.ts";
import { AF_INET, AF_INET6, inet_pton } from "../addresses/ip-address.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { encodeUtf8 } from "../wire/utf8.ts";
import { findChecksum } from "./internet-checksum.ts";
import { makeTransport } from "./make-transport.ts";
import type { Ipv4Layer, Ipv6Extension, Ipv6Layer, PacketFields } from "./packet-layers.ts";
import { checksumAt, etherTypes, extensionTypes, headBytes, protocols } from "./packet-numbers.ts";
import { CALL, HeaderWriter, concatBytes, layerFields, requireField, requireLayer } from "./packet-writer.ts";

const fieldNames: readonly (keyof PacketFields)[] = [
  "eth",
  "vlan",
  "arp",
  "ipv4",
  "ipv6",
  "tcp",
  "udp",
  "icmp",
  "icmp6",
  "vxlan",
  "payload",
  "trailer",
  "problem",
];

/** What an Ethernet header carries, and its type. */
interface Carried {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** Makes the bytes of a packet. @throws BpfError for layers that do not fit together, and fields that do not fit */
export function makePacket(fields: PacketFields): Uint8Array {
  requireOptions(CALL, fields, fieldNames);
  requireLayers(fields);
  if (fields.trailer !== undefined) requireField("trailer", "bytes", fields.trailer);
  const { eth = {}, vlan = [], trailer = new Uint8Array(0) } = fields;
  const header = requireLayer(eth, layerFields.eth);
  let carried = makeCarried(fields);
  const tags = (Array.isArray(vlan) ? vlan : [vlan]) as readonly (PacketFields["vlan"] & object)[];
  for (const tag of [...tags].reverse()) carried = makeVlan(tag, carried);
  const head = new HeaderWriter(headBytes.eth)
    .putBytes(parseMac(header.dst ?? noMac))
    .putBytes(parseMac(header.src ?? noMac))
    .put(2, header.type ?? carried.type);
  return concatBytes(head.bytes, carried.bytes, trailer);
}

const noMac = "00:00:00:00:00:00";

/** Layers of which a packet has at most one each. */
const alternatives: readonly (readonly (keyof PacketFields)[])[] = [
  ["arp", "ipv4", "ipv6"],
  ["tcp", "udp", "icmp", "icmp6"],
  ["vxlan", "payload"],
];

function requireLayers(fields: PacketFields): void {
  const have = (name: keyof PacketFields): boolean => fields[name] !== undefined;
  for (const names of alternatives) {
    const given = names.filter(have);
    if (given.length > 1)
      throw makeArgumentError(
        `${CALL} takes one of ${given.join(" and ")}`,
        "a packet in a packet is made by vxlan: { inner: … }",
      );
  }
  const transport = alternatives[1]!.find(have) ?? (have("vxlan") ? "vxlan" : undefined);
  if (transport !== undefined && !have("ipv4") && !have("ipv6"))
    throw makeArgumentError(
      `${CALL} with ${transport} needs an IP header`,
      "give ipv4: { src, dst } or ipv6: { src, dst }",
    );
  if (have("icmp") && have("ipv6")) throw makeArgumentError(`${CALL}: icmp belongs to ipv4`, "that of ipv6 is icmp6");
  if (have("icmp6") && have("ipv4")) throw makeArgumentError(`${CALL}: icmp6 belongs to ipv6`, "that of ipv4 is icmp");
  if (have("vxlan") && ["tcp", "icmp", "icmp6"].some((name) => have(name as keyof PacketFields)))
    throw makeArgumentError(`${CALL}: vxlan goes into a datagram of udp`);
  if (have("arp") && have("payload"))
    throw makeArgumentError(`${CALL}: nothing follows on arp`, "zeros that fill up a frame are its trailer");
}

function makeVlan(fields: PacketFields["vlan"] & object, { type, bytes }: Carried): Carried {
  const tag = requireLayer(
    fields as { id?: number; priority?: number; drop_eligible?: boolean; tag_type?: number; type?: number },
    layerFields.vlan,
  );
  const head = new HeaderWriter(headBytes.vlan)
    .put(2, ((tag.priority ?? 0) << 13) | (tag.drop_eligible === true ? 0x1000 : 0) | (tag.id ?? 0))
    .put(2, tag.type ?? type);
  return { type: tag.tag_type ?? etherTypes.vlan, bytes: concatBytes(head.bytes, bytes) };
}

function makeCarried(fields: PacketFields): Carried {
  const { arp, ipv4, ipv6, vxlan, payload = "" } = fields;
  if (arp !== undefined) return { type: etherTypes.arp, bytes: makeArp(arp) };
  if (typeof payload !== "string" && !(payload instanceof Uint8Array))
    throw makeArgumentError(`${CALL} takes payload as bytes (Uint8Array) or as a text`);
  const data = vxlan === undefined ? (typeof payload === "string" ? encodeUtf8(payload) : payload) : makeVxlan(vxlan);
  if (ipv4 !== undefined) return { type: etherTypes.ipv4, bytes: makeIpv4(ipv4, fields, data) };
  if (ipv6 !== undefined) return { type: etherTypes.ipv6, bytes: makeIpv6(ipv6, fields, data) };
  return { type: 0, bytes: data };
}

function makeArp(fields: PacketFields["arp"] & object): Uint8Array {
  const arp = requireLayer(fields, layerFields.arp);
  return new HeaderWriter(headBytes.arp)
    .put(4, 0x00010800)
    .put(2, 0x0604)
    .put(2, arp.operation ?? 1)
    .putBytes(parseMac(arp.sender_mac ?? noMac))
    .putBytes(inet_pton(AF_INET, arp.sender_ip ?? "0.0.0.0"))
    .putBytes(parseMac(arp.target_mac ?? noMac))
    .putBytes(inet_pton(AF_INET, arp.target_ip ?? "0.0.0.0")).bytes;
}

function makeVxlan(fields: PacketFields["vxlan"] & object): Uint8Array {
  const vxlan = requireLayer(fields, layerFields.vxlan);
  const [before, behind] = vxlan.reserved ?? [0, 0];
  const head = new HeaderWriter(headBytes.vxlan)
    .put(1, vxlan.flags ?? 8)
    .put(1, before >>> 16)
    .put(2, before & 0xffff)
    .put(4, ((vxlan.vni ?? 0) << 8) | behind);
  return concatBytes(head.bytes, vxlan.inner === undefined ? new Uint8Array(0) : makePacket(vxlan.inner));
}

function makeIpv4(fields: Partial<Ipv4Layer>, layers: PacketFields, data: Uint8Array): Uint8Array {
  const ip = requireLayer(fields, layerFields.ipv4);
  const options = padBytes(ip.options, 4);
  const headEnd = headBytes.ipv4 + options.length;
  if (headEnd > 60) throw makeArgumentError(`${CALL} takes ipv4.options of at most 40 bytes, got ${options.length}`);
  const [src, dst] = [inet_pton(AF_INET, ip.src ?? "0.0.0.0"), inet_pton(AF_INET, ip.dst ?? "0.0.0.0")];
  const { protocol, bytes } = makeTransport(layers, data, { src, dst });
  const fragment =
    (ip.reserved === true ? 0x8000 : 0) |
    (ip.dont_fragment === true ? 0x4000 : 0) |
    (ip.more_fragments === true ? 0x2000 : 0) |
    countOfEight("ipv4.fragment_offset", ip.fragment_offset);
  const head = new HeaderWriter(headEnd)
    .put(1, 0x40 | (headEnd / 4))
    .put(1, ip.tos ?? 0)
    .put(2, ip.length ?? requireLength("ipv4", headEnd + bytes.length))
    .put(2, ip.id ?? 0)
    .put(2, fragment)
    .put(1, ip.ttl ?? 64)
    .put(1, ip.protocol ?? protocol ?? 0)
    .put(2, 0)
    .putBytes(src)
    .putBytes(dst)
    .putBytes(options).bytes;
  const checksum = ip.checksum ?? findChecksum(head, checksumAt.ipv4, 0);
  head.set([checksum >> 8, checksum & 0xff], checksumAt.ipv4);
  return concatBytes(head, bytes);
}

function makeIpv6(fields: Partial<Ipv6Layer>, layers: PacketFields, data: Uint8Array): Uint8Array {
  const ip = requireLayer(fields, layerFields.ipv6);
  const [src, dst] = [inet_pton(AF_INET6, ip.src ?? "::"), inet_pton(AF_INET6, ip.dst ?? "::")];
  const { protocol, bytes } = makeTransport(layers, data, { src, dst });
  let [next, body] = [ip.protocol ?? protocol ?? protocols.none, bytes];
  for (const extension of [...(ip.extensions ?? [])].reverse()) {
    body = concatBytes(makeExtension(requireLayer(extension, layerFields.extension), next), body);
    next = extension.type;
  }
  const head = new HeaderWriter(headBytes.ipv6)
    .put(4, (0x60000000 | ((ip.traffic_class ?? 0) << 20) | (ip.flow_label ?? 0)) >>> 0)
    .put(2, ip.length ?? requireLength("ipv6", body.length))
    .put(1, next)
    .put(1, ip.hop_limit ?? 64)
    .putBytes(src)
    .putBytes(dst);
  return concatBytes(head.bytes, body);
}

/** What only a fragment has, and what it has not. */
const fragmentFields = ["id", "fragment_offset", "more_fragments", "reserved"] as const;
const fragmentStrangers = ["data"] as const;

function makeExtension(extension: Ipv6Extension, next: number): Uint8Array {
  const { type, data = new Uint8Array(0), id = 0, fragment_offset, more_fragments, reserved = 0 } = extension;
  const strangers = type === extensionTypes.fragment ? fragmentStrangers : fragmentFields;
  const stranger = strangers.find((name) => extension[name] !== undefined);
  if (stranger !== undefined)
    throw makeArgumentError(
      `${CALL} takes no ipv6.extensions.${stranger} with the type ${type}`,
      `the extension of type ${extensionTypes.fragment} has ${fragmentFields.join(", ")}, every other has data`,
    );
  if (type === extensionTypes.fragment) {
    const place = countOfEight("ipv6.extensions.fragment_offset", fragment_offset) * 8;
    return new HeaderWriter(8)
      .put(1, next)
      .put(1, reserved >> 2)
      .put(2, place | ((reserved & 3) << 1) | (more_fragments === true ? 1 : 0))
      .put(4, id).bytes;
  }
  if (!Object.values<number>(extensionTypes).includes(type))
    throw makeArgumentError(
      `${CALL} knows no extension of IPv6 of type ${type}`,
      `types are ${Object.values(extensionTypes).join(", ")}`,
    );
  const isAuthentication = type === extensionTypes.authentication;
  const size = Math.max(8, Math.ceil((data.length + 2) / (isAuthentication ? 4 : 8)) * (isAuthentication ? 4 : 8));
  const count = isAuthentication ? size / 4 - 2 : size / 8 - 1;
  if (count > 0xff)
    throw makeArgumentError(`${CALL} takes ipv6.extensions.data of at most 2046 bytes, got ${data.length}`);
  return new HeaderWriter(size).put(1, next).put(1, count).putBytes(data).bytes;
}

function countOfEight(name: string, bytes = 0): number {
  if (bytes % 8 !== 0) throw makeArgumentError(`${CALL} takes ${name} as a multiple of 8 bytes, got ${bytes}`);
  return bytes / 8;
}

function padBytes(bytes: Uint8Array = new Uint8Array(0), unit: number): Uint8Array {
  const padded = new Uint8Array(Math.ceil(bytes.length / unit) * unit);
  padded.set(bytes);
  return padded;
}

function requireLength(name: string, length: number): number {
  if (length <= 0xffff) return length;
  throw makeArgumentError(`${CALL}: the packet of ${name} has ${length} bytes, 65535 fit`);
}
