import { MAX, requireInteger, requireOptions, showValue } from "../checks/check-options.ts";
import { makeArgumentError } from "../wire/errors.ts";

/** The call that errors name. */
export const CALL = "make_packet()";

/** What a field is: a whole number up to this one, or a kind. */
type FieldKind = number | KindName;
type KindName = "text" | "bit" | "bytes" | "list" | "pair" | "layer";

/** The fields of a layer that `make_packet` takes. */
export interface LayerFields {
  readonly name: string;
  readonly fields: Readonly<Record<string, FieldKind>>;
}

const [u8, u16, u32] = [0xff, 0xffff, MAX.u32];

/** Looks whether a value is of a kind; `what` is the field's name. */
type Check = (what: string, value: unknown) => void;

function requireKind(isRight: (value: unknown) => boolean, wanted: string, hint?: string): Check {
  return (what, value) => {
    if (!isRight(value)) throw makeArgumentError(`${CALL} takes ${what} as ${wanted}, got ${showValue(value)}`, hint);
  };
}

const kinds: Readonly<Record<KindName, Check>> = {
  text: requireKind((value) => typeof value === "string", "a text"),
  bit: requireKind((value) => typeof value === "boolean", "true or false"),
  bytes: requireKind(
    (value) => value instanceof Uint8Array,
    "bytes (Uint8Array)",
    "Uint8Array.of(1, 1, 0) makes bytes of numbers",
  ),
  list: requireKind(Array.isArray, "a list"),
  /** The reserved bits of VXLAN: those before the number of the network, and those behind it. */
  pair: (what, value) => {
    const isPair = Array.isArray(value) && value.length === 2 && !value.includes(undefined);
    if (!isPair) throw makeArgumentError(`${CALL} takes ${what} as two numbers, got ${showValue(value)}`);
    for (const [at, max] of [0xffffff, u8].entries()) requireInteger(CALL, `${what}[${at}]`, value[at], 0, max);
  },
  /** What the layer itself is looked at for. */
  layer: () => undefined,
};

/** The fields of each layer that `make_packet` takes. */
export const layerFields: Readonly<
  Record<
    "eth" | "vlan" | "arp" | "ipv4" | "ipv6" | "extension" | "tcp" | "udp" | "icmp" | "icmp6" | "vxlan",
    LayerFields
  >
> = {
  eth: { name: "eth", fields: { dst: "text", src: "text", type: u16 } },
  vlan: { name: "vlan", fields: { id: 0x0fff, priority: 7, drop_eligible: "bit", tag_type: u16, type: u16 } },
  arp: {
    name: "arp",
    fields: { operation: u16, sender_mac: "text", sender_ip: "text", target_mac: "text", target_ip: "text" },
  },
  ipv4: {
    name: "ipv4",
    fields: {
      ...{ src: "text", dst: "text", ttl: u8, tos: u8, id: u16, dont_fragment: "bit", more_fragments: "bit" },
      ...{ fragment_offset: 0xfff8, protocol: u8, length: u16, checksum: u16, options: "bytes", checksum_ok: "bit" },
      reserved: "bit",
    },
  },
  ipv6: {
    name: "ipv6",
    fields: {
      ...{ src: "text", dst: "text", hop_limit: u8, traffic_class: u8, flow_label: 0xfffff, protocol: u8 },
      ...{ length: u16, extensions: "list" },
    },
  },
  extension: {
    name: "ipv6.extensions",
    fields: { type: u8, data: "bytes", id: u32, fragment_offset: 0xfff8, more_fragments: "bit", reserved: 0x3ff },
  },
  tcp: {
    name: "tcp",
    fields: {
      ...{ sport: u16, dport: u16, seq: u32, ack: u32, flags: "text", window: u16, urgent: u16, checksum: u16 },
      ...{ options: "bytes", checksum_ok: "bit", reserved: 15 },
    },
  },
  udp: { name: "udp", fields: { sport: u16, dport: u16, length: u16, checksum: u16, checksum_ok: "bit" } },
  icmp: { name: "icmp", fields: icmpFields() },
  icmp6: { name: "icmp6", fields: icmpFields() },
  vxlan: { name: "vxlan", fields: { vni: 0xffffff, inner: "layer", flags: u8, reserved: "pair" } },
};

function icmpFields(): LayerFields["fields"] {
  return { type: u8, code: u8, id: u16, seq: u16, checksum: u16, checksum_ok: "bit" };
}

/**
 * A layer's fields as they go into a copy: what `decode_packet` hides is made anew. @throws BpfError for a field that the layer does not have, and for a value that is none of the field's
 */
export function requireLayer<Layer extends object>(layer: Layer, { name, fields }: LayerFields): Layer {
  requireOptions(`${CALL} with ${name}`, layer, Object.keys(fields));
  const copy = { ...layer };
  for (const [field, value] of Object.entries(copy)) {
    if (value === undefined) continue;
    requireField(`${name}.${field}`, fields[field]!, value);
  }
  return copy;
}

/** @throws BpfError for a value of another kind, and for a number that does not fit */
export function requireField(what: string, kind: FieldKind, value: unknown): void {
  if (typeof kind === "number") requireInteger(CALL, what, value, 0, kind);
  else kinds[kind](what, value);
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
