/**
 * An Ethernet header. Addresses are text: `"02:00:00:00:00:01"`.
 *
 * @example
 * import { decode_packet, make_packet, print, type EthernetLayer } from "bpfts";
 * const eth: Partial<EthernetLayer> = { dst: "02:00:00:00:00:01", src: "02:00:00:00:00:02" };
 * print(decode_packet(make_packet({ eth, ipv4: {}, udp: {} })).eth?.dst); // 02:00:00:00:00:01
 */
export interface EthernetLayer {
  /** The address that it is for. */
  readonly dst: string;
  /** The address that it is from. */
  readonly src: string;
  /** What follows: 0x0800 for IPv4. Made from the layers unless given. */
  readonly type: number;
}

/**
 * A VLAN tag.
 *
 * @example
 * import { decode_packet, make_packet, print, type VlanLayer } from "bpfts";
 * const vlan: Partial<VlanLayer> = { id: 42 };
 * print(decode_packet(make_packet({ eth: {}, vlan, ipv4: {}, udp: {} })).vlan?.[0]?.id); // 42
 */
export interface VlanLayer {
  /** The number of the VLAN. */
  readonly id: number;
  /** Its priority. */
  readonly priority: number;
  /** Whether it may be dropped first. */
  readonly drop_eligible: boolean;
  /** The type that announces it: 0x8100, 0x88a8 for the outer one of two. */
  readonly tag_type: number;
  /** What follows. Made from the layers unless given. */
  readonly type: number;
}

/**
 * A message of ARP about IPv4 addresses on Ethernet.
 *
 * @example
 * import { decode_packet, make_packet, print, type ArpLayer } from "bpfts";
 * const asks: Partial<ArpLayer> = { operation: 1, sender_ip: "10.0.0.1", target_ip: "10.0.0.2" };
 * print(decode_packet(make_packet({ eth: {}, arp: asks })).arp?.target_ip); // 10.0.0.2
 */
export interface ArpLayer {
  /** 1 asks, 2 answers. */
  readonly operation: number;
  /** The Ethernet address of who sends it. */
  readonly sender_mac: string;
  /** The IPv4 address of who sends it. */
  readonly sender_ip: string;
  /** The Ethernet address that is asked for or told to. */
  readonly target_mac: string;
  /** The IPv4 address that is asked about. */
  readonly target_ip: string;
}

/**
 * An IPv4 header.
 *
 * @example
 * import { decode_packet, make_packet, print, type Ipv4Layer } from "bpfts";
 * const ipv4: Partial<Ipv4Layer> = { src: "10.0.0.1", dst: "10.0.0.2", ttl: 3 };
 * print(decode_packet(make_packet({ eth: {}, ipv4, udp: {} })).ipv4?.ttl); // 3
 */
export interface Ipv4Layer {
  /** The address that it is from: `"10.0.0.1"`. */
  readonly src: string;
  /** The address that it is for. */
  readonly dst: string;
  /** Routers that it may pass. */
  readonly ttl: number;
  /** The type of service, all 8 bits. */
  readonly tos: number;
  /** The number that its fragments share. */
  readonly id: number;
  /** Whether no router may take it apart. */
  readonly dont_fragment: boolean;
  /** Whether fragments follow. */
  readonly more_fragments: boolean;
  /** Where a fragment belongs. Units: bytes, a multiple of 8. */
  readonly fragment_offset: number;
  /** What follows: 6 for TCP. Made from the layers unless given. */
  readonly protocol: number;
  /** Bytes with header and all that follows. Made unless given. */
  readonly length: number;
  /** Made unless given. */
  readonly checksum: number;
  /** Options, a multiple of 4 bytes. */
  readonly options?: Uint8Array;
  /** Whether the checksum is right; undefined where that cannot be told. */
  readonly checksum_ok?: boolean;
  /** The bit that nobody may set, where it is set. */
  readonly reserved?: boolean;
}

/**
 * A header between that of IPv6 and what it carries.
 *
 * @example
 * import { decode_packet, make_packet, print, type Ipv6Extension } from "bpfts";
 * const options: Ipv6Extension = { type: 60, data: new Uint8Array(6) };
 * const bytes = make_packet({ eth: {}, ipv6: { src: "fd00::1", dst: "fd00::2", extensions: [options] }, udp: {} });
 * print(decode_packet(bytes).ipv6?.extensions[0]?.type); // 60
 */
export interface Ipv6Extension {
  /** 0 hop by hop, 43 routing, 44 fragment, 51 authentication, 60 destination. */
  readonly type: number;
  /** What stands behind its type and length, filled up with zeros to a multiple of 8 bytes in all; a fragment has none. */
  readonly data?: Uint8Array;
  /** The number that fragments share. */
  readonly id?: number;
  /** Where a fragment belongs. Units: bytes, a multiple of 8. */
  readonly fragment_offset?: number;
  /** Whether fragments follow. */
  readonly more_fragments?: boolean;
  /** Reserved bits of a fragment, where some are set. */
  readonly reserved?: number;
}

/**
 * An IPv6 header with what extends it.
 *
 * @example
 * import { decode_packet, make_packet, print, type Ipv6Layer } from "bpfts";
 * const ipv6: Partial<Ipv6Layer> = { src: "fd00::1", dst: "fd00::2", hop_limit: 4 };
 * print(decode_packet(make_packet({ eth: {}, ipv6, udp: {} })).ipv6?.hop_limit); // 4
 */
export interface Ipv6Layer {
  /** The address that it is from: `"fd00::1"`. */
  readonly src: string;
  /** The address that it is for. */
  readonly dst: string;
  /** Routers that it may pass. */
  readonly hop_limit: number;
  /** All 8 bits. */
  readonly traffic_class: number;
  /** What its flow is known by. */
  readonly flow_label: number;
  /** Headers before what it carries. */
  readonly extensions: readonly Ipv6Extension[];
  /** What follows on the extensions: 6 for TCP. Made from the layers unless given. */
  readonly protocol: number;
  /** Bytes behind its first 40. Made unless given. */
  readonly length: number;
}

/**
 * A TCP header.
 *
 * @example
 * import { decode_packet, make_packet, print, type TcpLayer } from "bpfts";
 * const tcp: Partial<TcpLayer> = { sport: 40000, dport: 80, flags: "S" };
 * print(decode_packet(make_packet({ eth: {}, ipv4: {}, tcp })).tcp?.flags); // S
 */
export interface TcpLayer {
  /** The port that it is from. */
  readonly sport: number;
  /** The port that it is for. */
  readonly dport: number;
  /** The number of its first byte. */
  readonly seq: number;
  /** The byte that its sender waits for. */
  readonly ack: number;
  /** The letters of the flags that are set: F(IN) S(YN) R(ST) P(SH) A(CK) U(RG) E(CE) C(WR). */
  readonly flags: string;
  /** What its sender can take. */
  readonly window: number;
  /** Where urgent data ends. */
  readonly urgent: number;
  /** Made unless given. */
  readonly checksum: number;
  /** Options, a multiple of 4 bytes. */
  readonly options?: Uint8Array;
  /** Whether the checksum is right; undefined where that cannot be told. */
  readonly checksum_ok?: boolean;
  /** Reserved bits, where some are set. */
  readonly reserved?: number;
}

/**
 * A UDP header.
 *
 * @example
 * import { decode_packet, make_packet, print, type UdpLayer } from "bpfts";
 * const udp: Partial<UdpLayer> = { sport: 40000, dport: 53 };
 * print(decode_packet(make_packet({ eth: {}, ipv4: {}, udp })).udp?.dport); // 53
 */
export interface UdpLayer {
  /** The port that it is from. */
  readonly sport: number;
  /** The port that it is for. */
  readonly dport: number;
  /** Bytes with the header. Made unless given. */
  readonly length: number;
  /** Made unless given; 0 is none. */
  readonly checksum: number;
  /** Whether the checksum is right; undefined where that cannot be told. */
  readonly checksum_ok?: boolean;
}

/**
 * A header of ICMP or ICMPv6.
 *
 * @example
 * import { decode_packet, make_packet, print, type IcmpLayer } from "bpfts";
 * const echo: Partial<IcmpLayer> = { type: 8, id: 7, seq: 1 };
 * print(decode_packet(make_packet({ eth: {}, ipv4: {}, icmp: echo })).icmp?.id); // 7
 */
export interface IcmpLayer {
  /** 8 (ICMPv6: 128) asks for an echo. */
  readonly type: number;
  /** More about the type. */
  readonly code: number;
  /** The first half of what depends on the type: for echoes the number of who asks. */
  readonly id: number;
  /** The second half: for echoes which question it is. */
  readonly seq: number;
  /** Made unless given. */
  readonly checksum: number;
  /** Whether the checksum is right; undefined where that cannot be told. */
  readonly checksum_ok?: boolean;
}

/**
 * A header of VXLAN and the packet in it.
 *
 * @example
 * import { decode_packet, make_packet, print, type PacketFields, type VxlanLayer } from "bpfts";
 * const vxlan: Partial<VxlanLayer<PacketFields>> = { vni: 77, inner: { eth: {}, ipv4: { dst: "10.77.1.2" }, udp: {} } };
 * print(decode_packet(make_packet({ eth: {}, ipv4: {}, udp: { dport: 4789 }, vxlan })).vxlan?.vni); // 77
 */
export interface VxlanLayer<Inner> {
  /** The number of the virtual network. */
  readonly vni: number;
  /** The packet that is carried. */
  readonly inner: Inner;
  /** All 8 bits; 8 says that there is a number. */
  readonly flags: number;
  /** Reserved bits, where some are set: the 24 before the number, and the 8 behind it. */
  readonly reserved?: readonly [number, number];
}

/**
 * A packet by its layers, from the outside to the inside; those that it does not have are undefined. What `make_packet` would put into a field by itself (a type, a length, a checksum) can be read, but does
 * not go into copies: `make_packet({ ...packet, ipv4: { ...packet.ipv4, ttl: 1 } })` has a new checksum.
 *
 * @example
 * import { decode_packet, make_packet, print, type Packet } from "bpfts";
 * const describe = ({ ipv4, udp }: Packet): string => `${ipv4?.dst}:${udp?.dport}`;
 * print(describe(decode_packet(make_packet({ eth: {}, ipv4: { dst: "10.0.0.2" }, udp: { dport: 53 } })))); // 10.0.0.2:53
 */
export interface Packet {
  /** The Ethernet header. */
  readonly eth?: EthernetLayer;
  /** From the outside to the inside. */
  readonly vlan?: readonly VlanLayer[];
  /** A message of ARP. */
  readonly arp?: ArpLayer;
  /** The IPv4 header. */
  readonly ipv4?: Ipv4Layer;
  /** The IPv6 header. */
  readonly ipv6?: Ipv6Layer;
  /** The TCP header. */
  readonly tcp?: TcpLayer;
  /** The UDP header. */
  readonly udp?: UdpLayer;
  /** The header of ICMP, in IPv4. */
  readonly icmp?: IcmpLayer;
  /** The header of ICMPv6, in IPv6. */
  readonly icmp6?: IcmpLayer;
  /** The header of VXLAN and the packet in it. */
  readonly vxlan?: VxlanLayer<Packet>;
  /** What follows on the last layer; undefined where nothing does. */
  readonly payload?: Uint8Array;
  /** What follows on the end that IP names: often the zeros that fill up a short frame. */
  readonly trailer?: Uint8Array;
  /** What is missing or wrong, one sentence; what could not be taken apart is the payload. */
  readonly problem?: string;
}

/**
 * A packet to be made: every field may be left out.
 *
 * @example
 * import { make_packet, print, type PacketFields } from "bpfts";
 * const fields: PacketFields = { eth: {}, ipv4: { dst: "10.0.0.2" }, udp: { dport: 53 }, payload: "hello" };
 * print(make_packet(fields).length); // 47
 */
export interface PacketFields {
  /** The Ethernet header. */
  readonly eth?: Partial<EthernetLayer>;
  /** One tag, or several from the outside to the inside. */
  readonly vlan?: Partial<VlanLayer> | readonly Partial<VlanLayer>[];
  /** A message of ARP. */
  readonly arp?: Partial<ArpLayer>;
  /** The IPv4 header. */
  readonly ipv4?: Partial<Ipv4Layer>;
  /** The IPv6 header. */
  readonly ipv6?: Partial<Ipv6Layer>;
  /** The TCP header. */
  readonly tcp?: Partial<TcpLayer>;
  /** The UDP header. */
  readonly udp?: Partial<UdpLayer>;
  /** The header of ICMP, in IPv4. */
  readonly icmp?: Partial<IcmpLayer>;
  /** The header of ICMPv6, in IPv6. */
  readonly icmp6?: Partial<IcmpLayer>;
  /** Goes into a datagram of UDP to port 4789 unless `udp` says another one. */
  readonly vxlan?: Partial<VxlanLayer<PacketFields>>;
  /** Bytes, or text. */
  readonly payload?: Uint8Array | string;
  /** What follows behind the end that IP names. */
  readonly trailer?: Uint8Array;
  /** As `decode_packet` tells it; has no effect. */
  readonly problem?: string;
}
