import { ArgumentError, lab_places } from "bpfts";
import { parse_cidr } from "./cidr.ts";
import type { Cidr } from "./cidr.ts";
import { reserved } from "./policy-rules.ts";

/** A container: its number, its identity, and the host's end of its veth pair. */
export interface Endpoint {
  readonly name: string;
  readonly id: number;
  readonly identity: number;
  readonly netns?: string;
  readonly dev: string;
  readonly addresses: readonly Cidr[];
}

/** Whose packets come from a network. */
export interface NetworkIdentity {
  readonly cidr: Cidr;
  readonly identity: number;
}

/** Identities below are reserved. Source: pkg/identity of Cilium */
const FIRST_IDENTITY = 256;
const LAST_IDENTITY = 2 ** 24 - 1;

function refuse(message: string): never {
  throw new ArgumentError("BPFTS_ARGUMENT", message);
}

function parse_identity(text: string, what: string): number {
  const identity = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (identity >= FIRST_IDENTITY && identity <= LAST_IDENTITY) return identity;
  return refuse(
    `${what}: '${text}' is no identity (a number from ${FIRST_IDENTITY} to ${LAST_IDENTITY}; those below are reserved)`,
  );
}

/** An identity, or the name or number of a reserved one. */
function parse_peer(text: string, what: string): number {
  const found = reserved.get(text) ?? [...reserved.values()].find((one) => one > 0 && String(one) === text);
  return found ?? parse_identity(text, what);
}

/** Reads `--endpoint NAME=IDENTITY[,DEV,ADDRESS...]`. @throws ArgumentError for what is no endpoint, and for one that cannot be told from another */
export function read_endpoints(texts: readonly string[], netns: string | undefined): readonly Endpoint[] {
  const endpoints = texts.map((text, at) => read_endpoint(text, at + 1, netns));
  for (const [at, endpoint] of endpoints.entries())
    for (const other of endpoints.slice(0, at)) refuse_twins(endpoint, other);
  return endpoints;
}

function read_endpoint(text: string, id: number, given_netns: string | undefined): Endpoint {
  const what = `--endpoint ${text}`;
  const [, name, identity, rest] = /^([\w-]+)=([^,]+)(?:,(.*))?$/.exec(text) ?? [];
  if (name === undefined || identity === undefined) return refuse(`${what}: NAME=IDENTITY is wanted`);
  if (reserved.has(name) || /^\d+$/.test(name))
    refuse(
      `${what}: rules mean something else by "${name}" (an endpoint is none of ${[...reserved.keys()].join(", ")}, and no number)`,
    );
  const place = lab_places().find((one) => one.name === name);
  const node = lab_places().find((one) => one.name === place?.node);
  const [dev = place?.host_dev, ...given] = rest?.split(",") ?? [];
  const addresses = given.length > 0 ? given : [place?.ip, place?.ip6].filter((address) => typeof address === "string");
  if (typeof dev !== "string" || dev === "" || addresses.length === 0)
    return refuse(
      `${what}: the lab has no such pod; give the host's end of its veth pair and its addresses: ${name}=${identity},veth1,10.0.0.5`,
    );
  const netns = given_netns ?? node?.netns;
  return {
    name,
    id,
    identity: parse_identity(identity, what),
    ...(netns !== undefined && { netns }),
    dev,
    addresses: addresses.map((address) => parse_address(address, identity, what)),
  };
}

const WHOLE: Readonly<Record<number, number>> = { 2: 32 + 32, 10: 32 + 128 };

/** A packet's source must be the endpoint's own address: of a network none would be. */
function parse_address(text: string, identity: string, what: string): Cidr {
  const cidr = parse_cidr(text);
  if (cidr.prefixlen === WHOLE[cidr.address.family]) return cidr;
  return refuse(
    `${what}: ${text} is a network, an endpoint has addresses; for peers of that network: --identity ${text}=${identity}`,
  );
}

function show_key({ prefixlen, address }: Cidr): string {
  return [prefixlen, address.family, ...address.bytes].join();
}

function refuse_twins(endpoint: Endpoint, other: Endpoint): void {
  const both = `the endpoints "${other.name}" and "${endpoint.name}"`;
  if (endpoint.name === other.name) refuse(`the endpoint "${endpoint.name}" is given twice`);
  if (endpoint.identity === other.identity)
    refuse(`${both} have the identity ${endpoint.identity}: rules could not tell them apart; give each its own`);
  if (endpoint.dev === other.dev && endpoint.netns === other.netns)
    refuse(`${both} have the device ${endpoint.dev}: it is the veth pair of one of them`);
  const shared = endpoint.addresses.find((one) => other.addresses.some((theirs) => show_key(one) === show_key(theirs)));
  if (shared !== undefined) refuse(`${both} have the same address: it belongs to one of them`);
}

/** Reads `--identity CIDR=IDENTITY`; what the endpoints have is in front. @throws ArgumentError for a network of two identities */
export function read_identities(texts: readonly string[], endpoints: readonly Endpoint[]): readonly NetworkIdentity[] {
  const identities = endpoints.flatMap(({ addresses, identity }) => addresses.map((cidr) => ({ cidr, identity })));
  for (const text of texts) {
    const what = `--identity ${text}`;
    const [, network, identity] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (network === undefined || identity === undefined) return refuse(`${what}: CIDR=IDENTITY is wanted`);
    const cidr = parse_cidr(network);
    const other = identities.find((one) => show_key(one.cidr) === show_key(cidr));
    if (other !== undefined) refuse(`${what}: ${network} has the identity ${other.identity} already`);
    identities.push({ cidr, identity: parse_peer(identity, what) });
  }
  return identities;
}

/** The identity of a rule's peer. Packets that come through a tunnel may have any, if there can be one. @throws ArgumentError for a peer that no packet can be from */
export function find_peer(
  peer: string,
  endpoints: readonly Endpoint[],
  identities: readonly NetworkIdentity[],
  may_have_tunnel: boolean,
): number {
  const found = endpoints.find(({ name }) => name === peer)?.identity ?? reserved.get(peer);
  if (found !== undefined) return found;
  if (/^\d+$/.test(peer)) {
    const identity = parse_peer(peer, "a rule");
    if (may_have_tunnel || [...reserved.values(), ...identities.map((one) => one.identity)].includes(identity))
      return identity;
    return refuse(
      `no packet has the identity ${peer}: give --identity CIDR=${peer} for the network that has it, or --pin where overlay brings it from another node`,
    );
  }
  const known = [...endpoints.map(({ name }) => name), ...reserved.keys()];
  return refuse(`there is no peer "${peer}": an endpoint, a number, or one of ${known.join(", ")}`);
}
