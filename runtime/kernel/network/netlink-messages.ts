/** One message of a dump, with its attributes by number. */
export interface NetlinkMessage {
  /** Source: RTM_NEWLINK and its like. */
  readonly type: number;
  /** The struct behind the head, as long as it is said to be. */
  readonly head: DataView;
  readonly attributes: ReadonlyMap<number, Uint8Array>;
}

/** Units: bytes of struct nlmsghdr. */
const HEADER_BYTES = 16;
/** Units: bytes of struct rtattr. */
const ATTRIBUTE_BYTES = 4;
/** Bits of an attribute's type that say how it is written. Source: NLA_F_NESTED, NLA_F_NET_BYTEORDER. */
const TYPE_MASK = 0x3fff;

/** Takes the messages of a dump apart. `headBytes` is the size of the struct behind each head. Source: netlink(7), rtnetlink(7). */
export function parseNetlinkMessages(bytes: Uint8Array, headBytes: number): readonly NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const size = view.getUint32(at, true);
    const start = at + HEADER_BYTES;
    if (size < HEADER_BYTES + headBytes || at + size > bytes.length) break;
    messages.push({
      type: view.getUint16(at + 4, true),
      head: new DataView(bytes.buffer, bytes.byteOffset + start, headBytes),
      attributes: parseAttributes(bytes.subarray(start + align(headBytes), at + size)),
    });
    at += align(size);
  }
  return messages;
}

/** Takes attributes apart; of several with one number the last one counts. */
export function parseAttributes(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + ATTRIBUTE_BYTES <= bytes.length; ) {
    const size = view.getUint16(at, true);
    if (size < ATTRIBUTE_BYTES || at + size > bytes.length) break;
    found.set(view.getUint16(at + 2, true) & TYPE_MASK, bytes.subarray(at + ATTRIBUTE_BYTES, at + size));
    at += align(size);
  }
  return found;
}

/** A number of 1, 2 or 4 bytes; undefined where the attribute is missing. */
export function readNumber(bytes: Uint8Array | undefined): number | undefined {
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 4) return view.getUint32(0, true);
  return bytes.length >= 2 ? view.getUint16(0, true) : bytes[0];
}

function align(size: number): number {
  return (size + 3) & ~3;
}
