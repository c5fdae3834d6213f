import { AF_INET, AF_INET6, inet_pton } from "./ip-address.ts";
import { parseMac, renderMac, requireMac } from "./mac-address.ts";
import { parseCidr } from "./parse-cidr.ts";

/**
 * The number of an IPv4 address in network order, as a `__be32` of C holds it.
 *
 * @throws BpfError when it is none
 *
 * @example
 * import { AF_INET, inet_ntop, ipv4, print } from "bpfts";
 * print(ipv4("127.0.0.1") === 0x0100007f, inet_ntop(AF_INET, ipv4("10.0.0.7"))); // true 10.0.0.7
 */
export function ipv4(text: string): number {
  return toNumber(inet_pton(AF_INET, text));
}

/**
 * The 16 bytes of an IPv6 address.
 *
 * @throws BpfError when it is none
 *
 * @example
 * import { ipv6, print } from "bpfts";
 * print(ipv6("::1")[15]); // 1
 */
export function ipv6(text: string): Uint8Array {
  return inet_pton(AF_INET6, text);
}

/**
 * The six bytes of an Ethernet address.
 *
 * @throws BpfError when it is none
 *
 * @example
 * import { mac, print } from "bpfts";
 * print(mac("02:00:00:00:00:ff")[5]); // 255
 */
export function mac(text: string): Uint8Array {
  return parseMac(text);
}

/**
 * The text of an Ethernet address's six bytes.
 *
 * @throws BpfError when it is none
 *
 * @example
 * import { mac_text, print } from "bpfts";
 * print(mac_text([2, 0, 0, 0, 0, 255])); // 02:00:00:00:00:ff
 */
export function mac_text(bytes: Uint8Array | readonly number[]): string {
  requireMac("mac_text()", bytes);
  return renderMac(bytes);
}

/**
 * A range of addresses as a key of an LPM table of `struct { u32 prefixlen; __be32 addr; }`; of IPv6 `addr` is 16 bytes. `set_cidr` takes the text itself.
 *
 * @throws BpfError when it is none, or has bits behind its prefix
 *
 * @example
 * import { cidr, ipv4, print } from "bpfts";
 * const { prefixlen, addr } = cidr("203.0.113.0/24");
 * print(prefixlen, addr === ipv4("203.0.113.0")); // 24 true
 */
export function cidr<Text extends string>(
  text: Text,
): { readonly prefixlen: number; readonly addr: Text extends `${string}:${string}` ? Uint8Array : number } {
  const { prefixLength, bytes } = parseCidr(text);
  const addr = bytes.length === 4 ? toNumber(bytes) : bytes;
  return { prefixlen: prefixLength, addr: addr as never };
}

function toNumber(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}
