import { MAX, requireInteger } from "../checks/check-options.ts";

const [MIN_I16, MIN_I32] = [-(2 ** 15), -(2 ** 31)];

/**
 * Turns the bytes of a 16-bit number around: network order to the machine's and back.
 *
 * @throws BpfError for what is no whole number of 16 bits
 *
 * @example
 * import { ntohs, print } from "bpfts";
 * print(ntohs(0x5000)); // 80
 */
export function ntohs(value: number): number {
  return swap16("ntohs()", value, MIN_I16);
}

/** Fields of signed types hold the same bits. */
function swap16(call: string, value: number, min: number): number {
  requireInteger(call, "a port", value ?? null, min, 0xffff);
  return ((value & 0xff) << 8) | ((value >> 8) & 0xff);
}

/**
 * Turns the bytes of a 32-bit number around.
 *
 * @throws BpfError for what is no whole number of 32 bits
 *
 * @example
 * import { ntohl, print } from "bpfts";
 * print(ntohl(0x0100007f).toString(16)); // 7f000001
 */
export function ntohl(value: number): number {
  return swap32("ntohl()", value);
}

function swap32(call: string, value: number): number {
  requireInteger(call, "a number of 32 bits", value ?? null, MIN_I32, MAX.u32);
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

/**
 * The same as `ntohs`.
 *
 * @example
 * import { htons, print } from "bpfts";
 * print(htons(80)); // 20480
 */
export const htons: (value: number) => number = (value) => swap16("htons()", value, 0);
/**
 * The same as `ntohl`.
 *
 * @example
 * import { htonl, print } from "bpfts";
 * print(htonl(0x7f000001) === 0x0100007f); // true
 */
export const htonl: (value: number) => number = (value) => swap32("htonl()", value);

/**
 * Names of TCP states by number. Source: include/net/tcp_states.h in the kernel's tree.
 *
 * @example
 * import { print, tcpstate } from "bpfts";
 * print(tcpstate[1]); // ESTABLISHED
 */
export const tcpstate: Readonly<Record<number, string>> = {
  1: "ESTABLISHED",
  2: "SYN_SENT",
  3: "SYN_RECV",
  4: "FIN_WAIT1",
  5: "FIN_WAIT2",
  6: "TIME_WAIT",
  7: "CLOSE",
  8: "CLOSE_WAIT",
  9: "LAST_ACK",
  10: "LISTEN",
  11: "CLOSING",
  12: "NEW_SYN_RECV",
};

/**
 * The name of a TCP state, its number when it has none.
 *
 * @example
 * import { print, tcp_state_name } from "bpfts";
 * print(tcp_state_name(10)); // LISTEN
 */
export function tcp_state_name(state: number): string {
  return tcpstate[state] ?? String(state);
}

/** Source: the registry of protocol numbers of the IANA, and include/uapi/linux/in.h for 262. */
const protocols: Readonly<Record<number, string>> = {
  1: "ICMP",
  2: "IGMP",
  6: "TCP",
  17: "UDP",
  33: "DCCP",
  46: "RSVP",
  47: "GRE",
  50: "ESP",
  51: "AH",
  58: "ICMPV6",
  132: "SCTP",
  136: "UDPLITE",
  255: "RAW",
  262: "MPTCP",
};

/**
 * The name of a protocol of an inet socket, as `IPPROTO_*` in C; its number when it has none.
 *
 * @example
 * import { ip_protocol_name, print } from "bpfts";
 * print(ip_protocol_name(17)); // UDP
 */
export function ip_protocol_name(protocol: number): string {
  return protocols[protocol] ?? String(protocol);
}

const flagNames = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];

/**
 * The names of the flags of a TCP header's byte, `"SYN|ACK"`.
 *
 * @example
 * import { print, tcp_flag_names } from "bpfts";
 * print(tcp_flag_names(0x12)); // SYN|ACK
 */
export function tcp_flag_names(flags: number): string {
  return flagNames.filter((_, bit) => (flags & (1 << bit)) !== 0).join("|");
}
