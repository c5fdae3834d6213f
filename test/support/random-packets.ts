import type { Ipv6Extension, PacketFields } from "../../sdk/packets/packet-layers.ts";

/** Numbers that look random and are the same each time. Source: the generator mulberry32. */
export function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A packet of any layers that `make_packet` knows, with fields of all sizes. */
export function makeRandomFields(random: (below: number) => number, depth = 0): PacketFields {
  const bytes = (most: number): Uint8Array => Uint8Array.from({ length: random(most + 1) }, () => random(256));
  const chance = (one: number): boolean => random(one) === 0;
  const mac = (): string => Array.from({ length: 6 }, () => random(256).toString(16).padStart(2, "0")).join(":");
  const ip4 = (): string => Array.from({ length: 4 }, () => random(256)).join(".");
  const ip6 = (): string => Array.from({ length: 8 }, () => (chance(2) ? 0 : random(65536)).toString(16)).join(":");
  const eth = { dst: mac(), src: mac() };
  const tag = () => ({ id: random(4096), priority: random(8), drop_eligible: chance(2) });
  const vlan = chance(3) ? Array.from({ length: 1 + random(2) }, tag) : undefined;
  const trailer = chance(5) ? new Uint8Array(1 + random(20)) : undefined;
  const outer = { eth, ...(vlan && { vlan }) };
  if (chance(12)) {
    const arp = {
      operation: 1 + random(2),
      sender_mac: mac(),
      sender_ip: ip4(),
      target_mac: mac(),
      target_ip: ip4(),
    };
    return { ...outer, arp, ...(trailer && { trailer }) };
  }
  const isIpv4 = chance(2);
  const extension = (): Ipv6Extension => {
    const type = [0, 43, 44, 51, 60][random(5)]!;
    if (type === 44) return { type, id: random(2 ** 32), fragment_offset: 0, more_fragments: false };
    // No addresses are left to be visited: the checksum is about the one that stands there.
    if (type === 43) return { type, data: Uint8Array.from([0, 0, ...bytes(20)]) };
    if (type === 51) return { type, data: Uint8Array.from([0, 0, ...bytes(20), ...new Uint8Array(8)]) };
    // An option that fills up, of any length.
    const length = random(20);
    return { type, data: Uint8Array.from([1, length, ...new Uint8Array(length)]) };
  };
  const network: PacketFields = isIpv4
    ? {
        ipv4: {
          src: ip4(),
          dst: ip4(),
          ttl: random(256),
          tos: random(256),
          id: random(65536),
          dont_fragment: chance(2),
          ...(chance(4) && { options: Uint8Array.from({ length: 4 * (1 + random(10)) }, () => 1) }),
        },
      }
    : {
        ipv6: {
          src: ip6(),
          dst: ip6(),
          hop_limit: random(256),
          traffic_class: random(256),
          flow_label: random(2 ** 20),
          ...(chance(3) && { extensions: Array.from({ length: 1 + random(2) }, extension) }),
        },
      };
  const ports = { sport: random(65536), dport: random(4000) };
  const tcp = {
    ...ports,
    seq: random(2 ** 32),
    ack: random(2 ** 32),
    flags: Array.from("FSRPAUEC", (letter) => (chance(2) ? letter : "")).join(""),
    window: random(65536),
    urgent: random(65536),
    ...(chance(3) && { options: Uint8Array.from({ length: 4 * (1 + random(10)) }, () => 1) }),
  };
  const icmp = { type: isIpv4 ? 8 : 128, code: 0, id: random(65536), seq: random(65536) };
  const transports: (() => PacketFields)[] = [
    () => ({ tcp, payload: bytes(200) }),
    () => ({ udp: ports, payload: bytes(200) }),
    () => (isIpv4 ? { icmp, payload: bytes(60) } : { icmp6: icmp, payload: bytes(60) }),
    () =>
      depth > 2 ? { udp: ports } : { vxlan: { vni: random(2 ** 24), inner: makeRandomFields(random, depth + 1) } },
  ];
  return { ...outer, ...network, ...transports[random(4)]!(), ...(trailer && { trailer }) };
}
