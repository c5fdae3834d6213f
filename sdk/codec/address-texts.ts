import { AF_INET, AF_INET6, inet_pton } from "../addresses/ip-address.ts";
import { parseMac } from "../addresses/mac-address.ts";
import type { Layout } from "../wire/layout.ts";

type ParseAddress = (text: string) => Uint8Array;

const parseIpv4: ParseAddress = (text) => inet_pton(AF_INET, text);
const parseIpv6: ParseAddress = (text) => inet_pton(AF_INET6, text);

/** Units: bytes. */
const macBytes = 6,
  ipv6Bytes = 16;

/**
 * What turns a text into the bytes of a type that holds an address of networks: `__be32`, `struct in6_addr`, `__be32[4]`, `u8[16]` and `u8[6]`. Undefined for other types: a `u32` may
 * be in the machine's order.
 */
export function findAddressParser(layout: Layout): ParseAddress | undefined {
  if (layout.kind === "int") return layout.name === "__be32" ? parseIpv4 : undefined;
  if (layout.kind === "struct") return layout.name === "in6_addr" ? parseIpv6 : undefined;
  if (layout.kind !== "array" || layout.element.kind !== "int") return undefined;
  const { name, size, encoding } = layout.element;
  if (size === 1 && encoding === undefined && layout.length === macBytes) return parseMac;
  const isIpv6 = layout.size === ipv6Bytes && ((size === 1 && encoding === undefined) || name === "__be32");
  return isIpv6 ? parseIpv6 : undefined;
}

/** What to do with the text of an IPv4 address that stands in the place of a number; undefined for other texts. */
export function adviseAddress(value: unknown): string | undefined {
  return typeof value === "string" && /^\d{1,3}(?:\.\d{1,3}){3}$/.test(value)
    ? `declare it as __be32, which takes addresses as text, or write ipv4("${value}")`
    : undefined;
}
