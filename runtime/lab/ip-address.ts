import { isIPv4, isIPv6 } from "node:net";

/** An address or a network of addresses, as a number. */
export interface IpNetwork {
  readonly family: 4 | 6;
  /** Of a network, the first address of it. */
  readonly value: bigint;
  /** How many bits of it name the network: 32 or 128 for one address. */
  readonly prefix: number;
}

/** How many bits an address of a family has. */
export function countBits(family: 4 | 6): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** Parses `10.0.0.1` or `fd00::1`; undefined for anything else. */
export function parseIpAddress(text: string): IpNetwork | undefined {
  if (isIPv4(text)) return { family: 4, value: joinGroups(text.split("."), 10, 8n), prefix: 32 };
  // A zone names a device, and an embedded IPv4 address is another way to write the last two groups.
  if (!isIPv6(text) || /[%.]/.test(text)) return undefined;
  const [head, tail] = text.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const missing = tail === undefined ? 0 : 8 - head!.length - tail.length;
  const groups = [...head!, ...Array<string>(missing).fill("0"), ...(tail ?? [])];
  return { family: 6, value: joinGroups(groups, 16, 16n), prefix: 128 };
}

/** Parses `10.0.0.0/24`; undefined for anything else, and where a bit behind the prefix is set. */
export function parseIpNetwork(text: string): IpNetwork | undefined {
  const [, address, size] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const parsed = address === undefined ? undefined : parseIpAddress(address);
  if (parsed === undefined || Number(size) > parsed.prefix) return undefined;
  const network = { ...parsed, prefix: Number(size) };
  return findFirst(network) === network.value ? network : undefined;
}

/** Whether an address lies in a network. */
export function isInNetwork(address: IpNetwork, network: IpNetwork): boolean {
  return address.family === network.family && findFirst({ ...address, prefix: network.prefix }) === network.value;
}

/** The addresses of a network that a host may have: without its own and, in IPv4, without the one of all hosts. */
export function* listHosts(network: IpNetwork): Generator<IpNetwork> {
  const bits = countBits(network.family);
  const count = 1n << BigInt(bits - network.prefix);
  const last = network.family === 4 ? count - 2n : count - 1n;
  for (let at = 1n; at <= last; at++) yield { family: network.family, value: network.value + at, prefix: bits };
}

/** The text of an address, without its prefix. Source: RFC 5952, but zeros are kept where they do no harm. */
export function renderIpAddress({ family, value }: IpNetwork): string {
  if (family === 4) return splitGroups(value, 4, 8n).join(".");
  const groups = splitGroups(value, 8, 16n).map((group) => group.toString(16));
  return groups.join(":").replace(/(?:^|:)0(?::0)+(?:$|:)/, "::");
}

/** The text of a network: `10.0.0.0/24`. */
export function renderIpNetwork(network: IpNetwork): string {
  return `${renderIpAddress(network)}/${network.prefix}`;
}

function findFirst({ family, value, prefix }: IpNetwork): bigint {
  const rest = BigInt(countBits(family) - prefix);
  return (value >> rest) << rest;
}

function joinGroups(groups: readonly string[], base: number, bits: bigint): bigint {
  return groups.reduce((value, group) => (value << bits) | BigInt(Number.parseInt(group, base)), 0n);
}

function splitGroups(value: bigint, count: number, bits: bigint): number[] {
  const mask = (1n << bits) - 1n;
  return Array.from({ length: count }, (_, at) => Number((value >> (bits * BigInt(count - 1 - at))) & mask));
}
