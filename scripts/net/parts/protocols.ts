/** Protocols by the names that rules have for them. Source: linux/in.h */
export const protocol_numbers: ReadonlyMap<string, number> = new Map([
  ["icmp", 1],
  ["tcp", 6],
  ["udp", 17],
  ["icmp6", 58],
  ["sctp", 132],
]);

/** The names by their numbers. */
export const protocol_names: ReadonlyMap<number, string> = new Map(
  [...protocol_numbers].map(([name, number]) => [number, name]),
);

/** Whether packets of a protocol have ports. */
export function has_ports(protocol: string): boolean {
  return protocol === "tcp" || protocol === "udp" || protocol === "sctp";
}

/** How Hubble names the protocols that it knows. Source: message Layer4 in api/v1/flow/flow.proto of Cilium */
export const hubble_protocols: ReadonlyMap<number, string> = new Map([
  [1, "ICMPv4"],
  [6, "TCP"],
  [17, "UDP"],
  [58, "ICMPv6"],
  [132, "SCTP"],
]);
