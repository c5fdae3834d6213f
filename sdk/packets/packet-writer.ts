import { MAX, requireInteger, requireOptions } from "../checks/check-options.ts";

/** The call that errors name. */
export const CALL = "make_packet()";

/** The largest number of each numeric field, and the names of the others. */
export interface LayerFields {
  readonly name: string;
  readonly numbers: Readonly<Record<string, number>>;
  readonly others: readonly string[];
}

const [u8, u16, u32] = [0xff, 0xffff, MAX.u32];

/** The fields of each layer that `make_packet` takes. */
export const layerFields: Readonly<
  Record<"eth" | "vlan" | "arp" | "ipv4" | "ipv6" | "extension" | "tcp" | "udp" | "icmp" | "vxlan", LayerFields>
> = {
  eth: { name: "eth", numbers: { type: u16 }, others: ["dst", "src"] },
  vlan: {
    name: "vlan",
    numbers: { id: 0x0fff, priority: 7, tag_type: u16, type: u16 },
    others: ["drop_eligible"],
  },
  arp: {
    name: "arp",
    numbers: { operation: u16 },
    others: ["sender_mac", "sender_ip", "target_mac", "target_ip"],
  },
  ipv4: {
    name: "ipv4",
    numbers: { ttl: u8, tos: u8, id: u16, fragment_offset: 0xfff8, protocol: u8, length: u16, checksum: u16 },
    others: ["src", "dst", "dont_fragment", "more_fragments", "options", "checksum_ok", "reserved"],
  },
  ipv6: {
    name: "ipv6",
    numbers: { hop_limit: u8, traffic_class: u8, flow_label: 0xfffff, protocol: u8, length: u16 },
    others: ["src", "dst", "extensions"],
  },
  extension: {
    name: "ipv6.extensions",
    numbers: { type: u8, id: u32, fragment_offset: 0xfff8, reserved: 0x3ff },
    others: ["data", "more_fragments"],
  },
  tcp: {
    name: "tcp",
    numbers: { sport: u16, dport: u16, seq: u32, ack: u32, window: u16, urgent: u16, checksum: u16, reserved: 15 },
    others: ["flags", "options", "checksum_ok"],
  },
  udp: {
    name: "udp",
    numbers: { sport: u16, dport: u16, length: u16, checksum: u16 },
    others: ["checksum_ok"],
  },
  icmp: {
    name: "icmp",
    numbers: { type: u8, code: u8, id: u16, seq: u16, checksum: u16 },
    others: ["checksum_ok"],
  },
  vxlan: { name: "vxlan", numbers: { vni: 0xffffff, flags: u8 }, others: ["inner", "reserved"] },
};

/**
 * A layer's fields as they go into a copy: what `decode_packet` hides is made anew. @throws BpfError for a field that the layer does not have, and for a number that does not fit
 */
export function requireLayer<Layer extends object>(layer: Layer, fields: LayerFields): Layer {
  requireOptions(`${CALL} with ${fields.name}`, layer, [...fields.others, ...Object.keys(fields.numbers)]);
  const copy = { ...layer };
  for (const [name, max] of Object.entries(fields.numbers))
    requireInteger(CALL, `${fields.name}.${name}`, (copy as Readonly<Record<string, unknown>>)[name], 0, max);
  return copy;
}

/** Writes a header: integers in network order, one behind the other. */
export class HeaderWriter {
  readonly bytes: Uint8Array;
  #at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  /** Writes an integer of one, two or four bytes. */
  put(size: 1 | 2 | 4, value: number): this {
    for (let shift = (size - 1) * 8; shift >= 0; shift -= 8) this.bytes[this.#at++] = (value >>> shift) & 0xff;
    return this;
  }

  putBytes(bytes: ArrayLike<number>): this {
    this.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }
}

/** One after the other. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
