import type { PacketMessage } from "../../sdk/wire/packet-message.ts";
import { encodeUtf8 } from "../../sdk/wire/utf8.ts";

/** The types of blocks. Source: draft-ietf-opsawg-pcapng, section 4 */
const blockTypes = { section: 0x0a0d0d0a, interface: 1, packet: 6 } as const;
/** The codes of options. Source: the same, sections 3.5, 4.1, 4.2 and 4.3 */
const optionCodes = {
  comment: 1,
  application: 4,
  interfaceName: 2,
  timeResolution: 9,
  flags: 2,
  packetId: 5,
  queue: 6,
  verdict: 7,
} as const;
/** Whose verdict it is: the first byte of that option. */
const verdictKinds = { tc: 1, xdp: 2 } as const;
/** Bits 0 and 1 of the flags. */
const directions = { in: 1, out: 2 } as const;
const ETHERNET = 1;
/** Times are in units of 10 to the power of minus nine seconds. */
const NANOSECONDS = 9;

type Option = readonly [code: number, value: Uint8Array];

/** The block that a file begins with; its numbers are written lowest byte first. */
export function encodeSection(application: string): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(0x1a2b3c4d, 0);
  head.writeUInt16LE(1, 4);
  // How long the section becomes nobody knows yet.
  head.writeBigInt64LE(-1n, 8);
  return encodeBlock(blockTypes.section, head, [[optionCodes.application, encodeUtf8(application)]]);
}

/** The block that describes an interface: Ethernet, packets of any length, times in nanoseconds. Interfaces count from 0 in their order. */
export function encodeInterface(name: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(ETHERNET, 0);
  return encodeBlock(blockTypes.interface, head, [
    [optionCodes.interfaceName, encodeUtf8(name)],
    [optionCodes.timeResolution, Uint8Array.of(NANOSECONDS)],
  ]);
}

/** The block of a packet. Units: nanoseconds since 1970 for `timeNs` */
export function encodePacket(message: PacketMessage, data: Uint8Array, interfaceId: number, timeNs: bigint): Buffer {
  const { direction, packetId, queue, verdict, comment } = message;
  const head = Buffer.alloc(20 + padded(data.length));
  head.writeUInt32LE(interfaceId, 0);
  head.writeUInt32LE(Number((timeNs >> 32n) & 0xffffffffn), 4);
  head.writeUInt32LE(Number(timeNs & 0xffffffffn), 8);
  head.writeUInt32LE(data.length, 12);
  head.writeUInt32LE(message.length, 16);
  head.set(data, 20);
  const options: Option[] = [];
  if (direction !== null) options.push([optionCodes.flags, encodeNumber(4, BigInt(directions[direction]))]);
  if (packetId !== null) options.push([optionCodes.packetId, encodeNumber(8, BigInt(packetId))]);
  if (queue !== null) options.push([optionCodes.queue, encodeNumber(4, BigInt(queue))]);
  if (verdict !== null)
    options.push([
      optionCodes.verdict,
      Buffer.concat([Uint8Array.of(verdictKinds[verdict.kind]), encodeNumber(8, BigInt(verdict.action))]),
    ]);
  if (comment !== null) options.push([optionCodes.comment, encodeUtf8(comment)]);
  return encodeBlock(blockTypes.packet, head, options);
}

function encodeBlock(type: number, head: Buffer, options: readonly Option[]): Buffer {
  const list = options.map(([code, value]) => {
    const option = Buffer.alloc(4 + padded(value.length));
    option.writeUInt16LE(code, 0);
    option.writeUInt16LE(value.length, 2);
    option.set(value, 4);
    return option;
  });
  // The list of options ends with one of code 0; where there is none, there is no list.
  const end = Buffer.alloc(options.length === 0 ? 0 : 4);
  const length = 12 + head.length + list.reduce((sum, option) => sum + option.length, 0) + end.length;
  const [before, behind] = [Buffer.alloc(8), Buffer.alloc(4)];
  before.writeUInt32LE(type, 0);
  before.writeUInt32LE(length, 4);
  behind.writeUInt32LE(length, 0);
  return Buffer.concat([before, head, ...list, end, behind]);
}

/** Units: bytes for `size`. Negative numbers are written as their complement. */
function encodeNumber(size: 4 | 8, value: bigint): Buffer {
  const bytes = Buffer.alloc(size);
  if (size === 4) bytes.writeUInt32LE(Number(value), 0);
  else bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 0);
  return bytes;
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}
