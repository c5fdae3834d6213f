import type { OwnLab } from "./own-lab.ts";

/** Datagrams of one sender. */
export interface Datagrams {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly count: number;
  /** Units: bytes of each one's payload. */
  readonly size?: number;
}

const sender = `
import socket, sys
source, address, port, count, size = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
s.bind((source, 0))
for number in range(count): s.sendto(b"x" * size, (address, port))
`;

/** Sends datagrams out of a place of a lab. */
export function sendDatagrams(lab: OwnLab, place: string, { from, to, port, count, size = 4 }: Datagrams): void {
  lab.exec(place, "python3", "-c", sender, from, to, String(port), String(count), String(size));
}

/** How many datagrams to closed ports a place has got. Source: Udp NoPorts of /proc/net/snmp, Udp6NoPorts of snmp6. */
export function countRefused(lab: OwnLab, place: string): number {
  const text = lab.exec(place, "cat", "/proc/self/net/snmp", "/proc/self/net/snmp6");
  const [, udp] = [...text.matchAll(/^Udp: (.*)$/gm)].map(([, row]) => row!.split(" "));
  return Number(udp![1]) + Number(/^Udp6NoPorts\s+(\d+)$/m.exec(text)![1]);
}
