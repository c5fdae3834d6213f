import { spawnSync } from "node:child_process";
import { expect } from "vitest";
import { makeNetns } from "./own-netns.ts";
import type { OwnNetns } from "./own-netns.ts";

/** Two network namespaces of the test's own with a cable between them: 10.9.0.1 on `a0`, 10.9.0.2 on `b0`. */
export interface OwnVeth {
  readonly a: OwnNetns;
  readonly b: OwnNetns;
  /** Runs a command in a namespace and answers what it prints. */
  run(where: "a" | "b", command: string): string;
  /** Sends datagrams from `a` to a closed port of `b`, one after another, and answers how many `b` has refused. */
  sendDatagrams(count: number): number;
}

/**
 * Joins two new network namespaces. They go away after the file's tests, and the devices with them. Without `ipv6` the devices have none: the kernel
 * announces each address of IPv6 by packets of its own, some seconds later on a busy machine, and tests count packets.
 */
export async function makeVeth({ ipv6 = false }: { readonly ipv6?: boolean } = {}): Promise<OwnVeth> {
  const [a, b] = [await makeNetns(), await makeNetns()];
  const run = (where: "a" | "b", command: string): string => {
    const result = spawnSync("sh", ["-c", (where === "a" ? a : b).enter(command)], { encoding: "utf8" });
    expect(result, command).toMatchObject({ status: 0 });
    return result.stdout;
  };
  run("a", `ip link add a0 type veth peer name b0 netns ${b.pid}`);
  for (const [where, dev, address] of [
    ["a", "a0", "10.9.0.1"],
    ["b", "b0", "10.9.0.2"],
  ] as const) {
    if (!ipv6) run(where, `sh -c 'echo 1 > /proc/sys/net/ipv6/conf/${dev}/disable_ipv6'`);
    run(where, `ip address add ${address}/24 dev ${dev}`);
    run(where, `ip link set ${dev} up`);
    run(where, "ip link set lo up");
  }
  // Neighbours are told, so that nothing but the test's packets passes.
  const [macA, macB] = [readMac(run("a", "ip -o link show a0")), readMac(run("b", "ip -o link show b0"))];
  run("a", `ip neighbour replace 10.9.0.2 lladdr ${macB} dev a0`);
  run("b", `ip neighbour replace 10.9.0.1 lladdr ${macA} dev b0`);
  const countRefused = (): number =>
    Number(/^Udp: (?:\d+ )(\d+)/m.exec(run("b", "cat /proc/self/net/snmp").replace(/^Udp: [A-Z].*\n/m, ""))![1]);
  return {
    a,
    b,
    run,
    sendDatagrams(count) {
      const before = countRefused();
      run(
        "a",
        `python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(${count}): s.sendto(b"x", ("10.9.0.2", 4242))'`,
      );
      return countRefused() - before;
    },
  };
}

function readMac(text: string): string {
  return /link\/ether (\S+)/.exec(text)![1]!;
}
