/** One field of a packet header: its name and width in bits. */
export type PacketField = readonly [name: string, bits: number];

const address6: readonly PacketField[] = [
  ["src_hi", 64],
  ["src_lo", 64],
  ["dst_hi", 64],
  ["dst_lo", 64],
];
const icmpFields: readonly PacketField[] = [
  ["type", 8],
  ["code", 8],
  ["checksum", 16],
];

/**
 * The packet headers that `<bcc/proto.h>` declares, their fields in the order in
 * which they stand on the wire. Source: BCC's names; the RFCs' layouts.
 */
export const packetHeaders: Readonly<Record<string, readonly PacketField[]>> = {
  ethernet_t: [
    ["dst", 48],
    ["src", 48],
    ["type", 16],
  ],
  dot1q_t: [
    ["pri", 3],
    ["cfi", 1],
    ["vlanid", 12],
    ["type", 16],
  ],
  arp_t: [
    ["htype", 16],
    ["ptype", 16],
    ["hlen", 8],
    ["plen", 8],
    ["oper", 16],
    ["sha", 48],
    ["spa", 32],
    ["tha", 48],
    ["tpa", 32],
  ],
  ip_t: [
    ["ver", 4],
    ["hlen", 4],
    ["tos", 8],
    ["tlen", 16],
    ["identification", 16],
    ["ffo_unused", 1],
    ["df", 1],
    ["mf", 1],
    ["foffset", 13],
    ["ttl", 8],
    ["nextp", 8],
    ["hchecksum", 16],
    ["src", 32],
    ["dst", 32],
  ],
  icmp_t: icmpFields,
  ip6_t: [
    ["ver", 4],
    ["priority", 8],
    ["flow_label", 20],
    ["payload_len", 16],
    ["next_header", 8],
    ["hop_limit", 8],
    ...address6,
  ],
  ip6_opt_t: [
    ["next_header", 8],
    ["ext_len", 8],
    ["pad", 48],
  ],
  icmp6_t: icmpFields,
  udp_t: [
    ["sport", 16],
    ["dport", 16],
    ["length", 16],
    ["crc", 16],
  ],
  tcp_t: [
    ["src_port", 16],
    ["dst_port", 16],
    ["seq_num", 32],
    ["ack_num", 32],
    ["offset", 4],
    ["reserved", 4],
    ["flag_cwr", 1],
    ["flag_ece", 1],
    ["flag_urg", 1],
    ["flag_ack", 1],
    ["flag_psh", 1],
    ["flag_rst", 1],
    ["flag_syn", 1],
    ["flag_fin", 1],
    ["rcv_wnd", 16],
    ["cksum", 16],
    ["urg_ptr", 16],
  ],
  vxlan_t: [
    ["rsv1", 4],
    ["iflag", 1],
    ["rsv2", 3],
    ["rsv3", 24],
    ["key", 24],
    ["rsv4", 8],
  ],
  vxlan_gbp_t: [
    ["gflag", 1],
    ["rsv1", 3],
    ["iflag", 1],
    ["rsv2", 5],
    ["dflag", 1],
    ["rsv3", 1],
    ["aflag", 1],
    ["rsv4", 3],
    ["gpolicy_id", 16],
    ["key", 24],
    ["rsv5", 8],
  ],
};

/** Renders a packet header as a C struct of the size that it has on the wire, in one line. */
export function renderPacketStruct(name: string): string {
  let offset = 0;
  const fields = packetHeaders[name]!.map(([field, bits]) => {
    const isWhole = offset % 8 === 0 && (bits === 8 || bits === 16 || bits === 32 || bits === 64);
    offset += bits;
    const type =
      bits <= 8 ? "unsigned char" : bits <= 16 ? "unsigned short" : bits <= 32 ? "unsigned int" : "unsigned long long";
    // Whole ones are plain members: a text may take their address.
    return isWhole ? `${type} ${field};` : `${type} ${field} : ${bits};`;
  });
  return `struct ${name} { ${fields.join(" ")} } __attribute__((packed));`;
}

/** Finds where a field lies in a header of `headers`. Units: bits. */
export function findPacketField(
  headers: Readonly<Record<string, readonly PacketField[]>>,
  header: string,
  field: string,
): { readonly offset: number; readonly width: number } | undefined {
  let offset = 0;
  for (const [name, width] of headers[header] ?? []) {
    if (name === field) return { offset, width };
    offset += width;
  }
  return undefined;
}
