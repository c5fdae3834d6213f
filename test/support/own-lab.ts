import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { findCgroupRoot } from "../../runtime/kernel/machine/cgroups.ts";
import { makeFolder, parseCliError, runCli } from "./run-cli.ts";
import type { CliError, CliResult } from "./run-cli.ts";

/** The file of a lab of the test's own. */
export interface OwnLab {
  readonly path: string;
  readonly name: string;
  /** Makes it; it goes away after the test. */
  up(): Promise<void>;
  /** Has a place's device write its checksums before packets leave it, as a cable would have them. */
  writeChecksums(place: string): void;
  /** Runs a command in a place's network namespace, without bpfts, and answers what it prints. */
  exec(place: string, ...command: readonly string[]): string;
}

/** Sends ICMP echo requests one after another and prints how many were answered. Half a second without an answer is none. */
const pinger = `
import os, socket, struct, sys
address, count = sys.argv[1], int(sys.argv[2])
v6 = ":" in address
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW, 58 if v6 else 1)
s.settimeout(0.5)
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff
answered = 0
for number in range(count):
    head = lambda sum: struct.pack("!BBHHH", 128 if v6 else 8, 0, sum, os.getpid() & 0xffff, number)
    s.sendto(head(0 if v6 else checksum(head(0))), (address, 0))
    try:
        while True:
            reply = s.recv(2048)[0 if v6 else 20:]
            if reply[0] == (129 if v6 else 0) and struct.unpack("!HH", reply[4:8]) == (os.getpid() & 0xffff, number): break
        answered += 1
    except socket.timeout: pass
print(answered)
`;

/** Turns off that a device is left to write checksums. Source: SIOCETHTOOL and ETHTOOL_STXCSUM of linux/ethtool.h */
const checksumWriter = `
import array, fcntl, socket, struct
value = array.array("B", struct.pack("II", 0x17, 0)); address, _ = value.buffer_info()
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8946, struct.pack("16sP", b"eth0", address))
`;

// What is registered within a test is never called.
const made: string[] = [];
afterEach(async () => {
  for (const name of made.splice(0)) if (takeLabStock(name).length > 0) await runCli(["lab", "down", name]);
});

/** Writes the file of a lab. */
export function makeLab(folder: string, name: string, text: unknown): OwnLab {
  const path = join(folder, `${name}.json`);
  const unique = `${name}-${process.pid}`;
  writeFileSync(path, JSON.stringify({ name: unique, ...(text as object) }));
  return {
    path,
    name: unique,
    async up() {
      made.push(unique);
      expect(await runCli(["lab", "up", path])).toMatchObject({ status: 0, stderr: "" });
    },
    writeChecksums(place) {
      this.exec(place, "python3", "-c", checksumWriter);
    },
    exec(place, ...command) {
      const result = spawnSync("nsenter", [`--net=/run/netns/bpfts.${unique}.${place}`, "--", ...command], {
        encoding: "utf8",
      });
      expect(result, `${command.join(" ")}\n${result.stdout}${result.stderr}`).toMatchObject({ status: 0 });
      return result.stdout;
    },
  };
}

const pingerFolder = makeFolder();

/** A command line that prints how many of so many pings are answered. */
export function renderPings(address: string, count: number): string {
  const path = join(pingerFolder, "pinger.py");
  writeFileSync(path, pinger);
  return `python3 ${path} ${address} ${count}`;
}

/** What a lab could leave on the machine: namespaces, devices, cgroups and what is written down of labs. */
export function takeLabStock(name: string): readonly string[] {
  const list = (place: string): string[] => {
    try {
      return readdirSync(place);
    } catch {
      return [];
    }
  };
  const links = spawnSync("ip", ["-o", "link"], { encoding: "utf8" }).stdout;
  return [
    ...list("/run/netns"),
    ...list("/run/bpfts/labs"),
    ...list(findCgroupRoot()!),
    ...links.split("\n").filter((line) => /lxc-|vxlan|br0/.test(line)),
  ].filter((entry) => entry.includes(name) || /^\d+:/.test(entry));
}

/** The error of a command that must fail. */
export async function failCli(args: readonly string[]): Promise<CliError> {
  const result: CliResult = await runCli([...args, "--json-errors"]);
  expect(result.status).not.toBe(0);
  return parseCliError(result);
}
