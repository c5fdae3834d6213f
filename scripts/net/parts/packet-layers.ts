import type { Packet } from "bpfts";

/** In the order of a TCP header, as gopacket prints them. */
const tcp_flags = [
  ["F", "FIN"],
  ["S", "SYN"],
  ["R", "RST"],
  ["P", "PSH"],
  ["A", "ACK"],
  ["U", "URG"],
] as const;
/** Types of ICMP by the version of IP, as gopacket prints them. */
export const icmp_types: Readonly<Record<string, string>> = {
  "4 0": "EchoReply",
  "4 3": "DestinationUnreachable",
  "4 8": "EchoRequest",
  "4 11": "TimeExceeded",
  "6 1": "DestinationUnreachable",
  "6 2": "PacketTooBig",
  "6 3": "TimeExceeded",
  "6 128": "EchoRequest",
  "6 129": "EchoReply",
};

export const hex = (value: number): string => `0x${value.toString(16)}`;

/** The flags of a TCP header by their names. */
export function list_flags({ tcp }: Packet): readonly string[] {
  return tcp_flags.filter(([letter]) => tcp?.flags.includes(letter)).map(([, name]) => name);
}

function show_layer(name: string, fields: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(fields).map(([field, value]) => `${field}=${String(value)}`);
  return `${name}\t{${shown.join(" ")}}`;
}

/** A packet's layers in the words of gopacket, one a line. */
export function list_layers(packet: Packet): readonly string[] {
  const { eth, vlan, ipv4, ipv6, tcp, udp, icmp, icmp6, vxlan, payload, problem } = packet;
  const layers: string[] = [];
  if (eth) layers.push(show_layer("Ethernet", { SrcMAC: eth.src, DstMAC: eth.dst, EthernetType: hex(eth.type) }));
  for (const tag of vlan ?? []) layers.push(show_layer("Dot1Q", { VLANIdentifier: tag.id, Priority: tag.priority }));
  if (ipv4)
    layers.push(
      show_layer("IPv4", {
        SrcIP: ipv4.src,
        DstIP: ipv4.dst,
        Protocol: ipv4.protocol,
        TTL: ipv4.ttl,
        Id: ipv4.id,
        Length: ipv4.length,
      }),
    );
  if (ipv6)
    layers.push(
      show_layer("IPv6", {
        SrcIP: ipv6.src,
        DstIP: ipv6.dst,
        NextHeader: ipv6.protocol,
        HopLimit: ipv6.hop_limit,
        Length: ipv6.length,
      }),
    );
  if (tcp)
    layers.push(
      show_layer("TCP", {
        SrcPort: tcp.sport,
        DstPort: tcp.dport,
        Seq: tcp.seq,
        Ack: tcp.ack,
        Flags: list_flags({ tcp }).join("|"),
        Window: tcp.window,
      }),
    );
  if (udp) layers.push(show_layer("UDP", { SrcPort: udp.sport, DstPort: udp.dport, Length: udp.length }));
  for (const [name, version, message] of [
    ["ICMPv4", 4, icmp],
    ["ICMPv6", 6, icmp6],
  ] as const)
    if (message)
      layers.push(
        show_layer(name, {
          TypeCode: icmp_types[`${version} ${message.type}`] ?? `${message.type}(${message.code})`,
          Id: message.id,
          Seq: message.seq,
        }),
      );
  if (vxlan) layers.push(show_layer("VXLAN", { ValidIDFlag: true, VNI: vxlan.vni }), ...list_layers(vxlan.inner));
  if (payload && payload.length > 0) layers.push(`Payload\t${payload.length} bytes`);
  if (problem !== undefined) layers.push(`(${problem})`);
  return layers;
}
