import { has_ports, protocol_numbers } from "./protocols.ts";

/** A rule of an endpoint: whom it may be reached by, or may reach. */
export interface PolicyRule {
  readonly action: "allow" | "deny";
  /** As the user wrote it. */
  readonly text: string;
  readonly endpoint: string;
  readonly direction: "ingress" | "egress";
  readonly peer: string;
  /** 0 for every protocol. */
  readonly protocol: number;
  /** Every port unless given. */
  readonly ports?: readonly [first: number, last: number];
}

/** An entry of the policy table: how many bits behind the identity count. Source: struct policy_key of Cilium, without its bit fields. */
export interface PolicyEntry {
  readonly identity: number;
  readonly protocol: number;
  readonly port: number;
  /** 8 for all of a direction, 16 for a protocol, up to 32 for a port. */
  readonly bits: number;
  readonly action: "allow" | "deny";
  /** Its rule's number among all. */
  readonly rule: number;
}

/** Identities that every cluster has. Source: pkg/identity of Cilium. */
export const reserved: ReadonlyMap<string, number> = new Map([
  ["any", 0],
  ["host", 1],
  ["world", 2],
  ["remote-node", 6],
]);

/** Parses `pod2 from pod1 tcp/8080` or `pod1 to any`. @throws Error that says what is wrong */
export function parse_rule(text: string, action: "allow" | "deny"): PolicyRule {
  const wanted = `invalid rule: '${text}' (pod2 from pod1 tcp/8080, pod1 to any, pod2 from world icmp, pod2 from any tcp/8000-8099)`;
  const [, endpoint, word, peer, protocol, first, last] =
    /^\s*([\w.-]+)\s+(from|to)\s+([\w.-]+)(?:\s+([a-z]+6?)(?:\/(\d{1,5})(?:-(\d{1,5}))?)?)?\s*$/.exec(text) ?? [];
  if (endpoint === undefined || peer === undefined) throw new Error(wanted);
  const number = protocol === undefined ? 0 : protocol_numbers.get(protocol);
  if (number === undefined)
    throw new Error(
      `invalid rule: '${text}' (there is no protocol '${protocol}': ${[...protocol_numbers.keys()].join(", ")})`,
    );
  const ports = first === undefined ? undefined : ([Number(first), Number(last ?? first)] as const);
  if (ports !== undefined && !has_ports(protocol!))
    throw new Error(`invalid rule: '${text}' (${protocol} has no ports)`);
  if (ports !== undefined && (ports[0] < 1 || ports[1] > 65535 || ports[0] > ports[1]))
    throw new Error(`invalid rule: '${text}' (ports go from 1 to 65535)`);
  return {
    action,
    text: text.trim().replace(/\s+/g, " "),
    endpoint,
    direction: word === "from" ? "ingress" : "egress",
    peer,
    protocol: number,
    ...(ports !== undefined && { ports }),
  };
}

/** The prefixes of 16 bits that together are a range of ports: a table of longest prefixes knows no ranges. */
export function split_ports(first: number, last: number): readonly (readonly [port: number, bits: number])[] {
  const parts: (readonly [number, number])[] = [];
  for (let at = first; at <= last; ) {
    let size = 1;
    while (at % (size * 2) === 0 && at + size * 2 - 1 <= last) size *= 2;
    parts.push([at, 16 - Math.log2(size)]);
    at += size;
  }
  return parts;
}

/**
 * The entries of one endpoint's table for one direction. A deny beats every allow, but the table finds the longest entry; so an allow that lies within a deny is left out.
 * `find_identity` answers the number of a peer's name.
 */
export function list_entries(
  rules: readonly (PolicyRule & { readonly number: number })[],
  find_identity: (peer: string) => number,
): readonly PolicyEntry[] {
  const entries = rules.flatMap((rule) => {
    const { action, number, protocol, ports } = rule;
    const parts = ports === undefined ? [[0, 0] as const] : split_ports(...ports);
    const identity = find_identity(rule.peer);
    return parts.map(([port, bits]) => ({
      identity,
      protocol,
      port,
      bits: protocol === 0 ? 8 : 16 + bits,
      action,
      rule: number,
    }));
  });
  const denies = entries.filter(({ action }) => action === "deny");
  const kept = entries.filter((entry) => entry.action === "deny" || !denies.some((deny) => covers(deny, entry)));
  // Of several with one key the first rule counts.
  const seen = new Set<string>();
  return kept.filter(({ identity, protocol, port, bits, action }) => {
    const key = [identity, protocol, port, bits, action].join();
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}

function covers(deny: PolicyEntry, allow: PolicyEntry): boolean {
  if (deny.identity !== 0 && deny.identity !== allow.identity) return false;
  if (deny.bits > allow.bits) return false;
  const mask = (0xffffff << (32 - deny.bits)) & 0xffffff;
  const key = ({ protocol, port }: PolicyEntry): number => ((protocol << 16) | port) & mask;
  return key(deny) === key(allow);
}
