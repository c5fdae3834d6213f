import { requireByteValues } from "../checks/check-bytes.ts";
import { MAX, requireInteger, requireText } from "../checks/check-options.ts";
import { makeArgumentError } from "../wire/errors.ts";

const MIN_I32 = -(2 ** 31);

/**
 * Address families, as `AF_*` in C. Source: include/linux/socket.h in the kernel's tree.
 *
 * @example
 * import { AF_INET, inet_ntop, print } from "bpfts";
 * print(inet_ntop(AF_INET, 0x0100007f)); // 127.0.0.1
 */
export const AF_INET = 2;
/**
 * IPv6.
 *
 * @example
 * import { AF_INET6, inet_pton, print } from "bpfts";
 * print(inet_pton(AF_INET6, "::1").length); // 16
 */
export const AF_INET6 = 10;

/**
 * The text of an address. `address` is what a program read: a `u32` in network order or 4 bytes for IPv4, 16 bytes or a
 * 128-bit integer for IPv6.
 *
 * Source: Python's socket.inet_ntop, RFC 5952. @throws BpfError for another family or length, and for what is no address
 *
 * @example
 * import { AF_INET, inet_ntop, print } from "bpfts";
 * print(inet_ntop(AF_INET, 0x0100007f)); // 127.0.0.1
 */
export function inet_ntop(family: number, address: number | bigint | Uint8Array | readonly number[]): string {
  const size = family === AF_INET ? 4 : family === AF_INET6 ? 16 : 0;
  if (size === 0)
    throw makeArgumentError(
      `Cannot write an address of family ${family}: only AF_INET (2) and AF_INET6 (10) are known`,
    );
  requireAddress(address, size);
  const bytes =
    typeof address === "number" || typeof address === "bigint" ? readLittleEndian(BigInt(address), size) : address;
  if (bytes.length !== size)
    throw makeArgumentError(`Cannot write an address of family ${family} from ${bytes.length} bytes: it has ${size}`);
  return size === 4 ? `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}` : renderIpv6(bytes);
}

/**
 * The text of an address of either family in a field that has room for both, `u8 saddr[16]`: one of IPv4 lies in the first four bytes.
 *
 * @throws BpfError for another family
 *
 * @example
 * import { AF_INET, address_text, print } from "bpfts";
 * const saddr = new Uint8Array(16);
 * saddr.set([10, 0, 0, 7]);
 * print(address_text(AF_INET, saddr)); // 10.0.0.7
 */
export function address_text(family: number, field: Uint8Array): string {
  return inet_ntop(family, family === AF_INET ? field.subarray(0, 4) : field);
}

/**
 * The bytes of an address's text.
 *
 * @throws BpfError when it is none
 *
 * @example
 * import { AF_INET, inet_pton, print } from "bpfts";
 * print(inet_pton(AF_INET, "10.0.0.7").join(" ")); // 10 0 0 7
 */
export function inet_pton(family: number, text: string): Uint8Array {
  requireText("inet_pton()", "an address", text);
  const bytes = family === AF_INET ? parseIpv4(text) : family === AF_INET6 ? parseIpv6(text) : undefined;
  if (bytes === undefined) throw makeArgumentError(`"${text}" is no ${family === AF_INET ? "IPv4" : "IPv6"} address`);
  return Uint8Array.from(bytes);
}

/** Looks whether a number has at most the bits of an address, and whether bytes are bytes. */
function requireAddress(address: unknown, size: number): void {
  if (typeof address === "number") requireInteger("inet_ntop()", "an address", address, MIN_I32, MAX.u32);
  else if (typeof address === "bigint") {
    const bits = size * 8;
    if (BigInt.asUintN(bits, address) !== address && BigInt.asIntN(bits, address) !== address)
      throw makeArgumentError(`inet_ntop() takes an address of ${bits} bits, got ${address}n`);
  } else requireByteValues("inet_ntop()", "an address", address);
}

function readLittleEndian(value: bigint, size: number): number[] {
  const unsigned = BigInt.asUintN(size * 8, value);
  return Array.from({ length: size }, (_, index) => Number((unsigned >> BigInt(index * 8)) & 0xffn));
}

function renderIpv6(bytes: Uint8Array | readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[index * 2]! << 8) | bytes[index * 2 + 1]!);
  const [start, length] = findZeros(groups);
  // Addresses that hold one of IPv4: mapped ones, and those that are called compatible.
  const prefix =
    start > 0 ? undefined : length === 5 && groups[5] === 0xffff ? "::ffff:" : length === 6 ? "::" : undefined;
  if (prefix !== undefined) return `${prefix}${bytes.slice(12).join(".")}`;
  const render = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  return length < 2 ? render(groups) : `${render(groups.slice(0, start))}::${render(groups.slice(start + length))}`;
}

/** The first of the longest runs of zeros. */
function findZeros(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best[1]) best = [start, end - start];
    start = Math.max(start, end - 1);
  }
  return best;
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split(".");
  const valid = parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return valid ? parts.map(Number) : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, index) => parseGroups(half, index === halves.length - 1));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 16 - head.length - (tail?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])];
}

/** Groups between colons as bytes; at the address's end the last may be an IPv4 address. */
function parseGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    const ipv4 = isEnd && index === groups.length - 1 ? parseIpv4(group) : undefined;
    if (ipv4 !== undefined) bytes.push(...ipv4);
    else if (/^[0-9a-fA-F]{1,4}$/.test(group)) bytes.push(parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff);
    else return undefined;
  }
  return bytes;
}
