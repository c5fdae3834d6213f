/** Types of what an Ethernet header carries. Source: linux/if_ether.h */
export const etherTypes = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd, outerVlan: 0x88a8 } as const;

/** What IP carries. Source: linux/in.h */
export const protocols = { icmp: 1, tcp: 6, udp: 17, icmp6: 58, none: 59 } as const;

/** Headers between that of IPv6 and what it carries. Source: linux/ipv6.h */
export const extensionTypes = { hopByHop: 0, routing: 43, fragment: 44, authentication: 51, destination: 60 } as const;

/** Ports of VXLAN: the one that is assigned, and Linux's own from before. */
export const vxlanPorts: readonly number[] = [4789, 8472];
/** Whether a VXLAN header has the number of a network. */
export const VXLAN_HAS_NUMBER = 0x08;

/** Letters of TCP's flags, from the lowest bit on. */
export const tcpFlags = "FSRPAUEC";

/** Units: bytes. Headers without options. */
export const headBytes = { eth: 14, vlan: 4, arp: 28, ipv4: 20, ipv6: 40, tcp: 20, udp: 8, icmp: 8, vxlan: 8 } as const;
/** Where the checksum lies in a header. Units: bytes. */
export const checksumAt = { ipv4: 10, tcp: 16, udp: 6, icmp: 2 } as const;
