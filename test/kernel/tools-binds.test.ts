import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { makeFolder, root } from "../support/run-cli.ts";
import { makeNetns } from "../support/own-netns.ts";
import type { OwnNetns } from "../support/own-netns.ts";
import { runTool, split } from "../support/run-tool.ts";

const folder = makeFolder();
let netns: OwnNetns;
beforeAll(async () => {
  netns = await makeNetns();
});

/** Runs a tool beside the workload, and answers its ports and the tool's rows. */
async function run(...args: readonly string[]): Promise<{ ports: string[]; rows: string[][] }> {
  const program = `/usr/bin/python3 ${join(root, "test/kernel/programs/binds.py")}`;
  const lines = split(await runTool(folder, netns.enter(program), ...args));
  const isTruth = ([word]: readonly string[]): boolean => word === "bound" || word === "failed";
  return {
    ports: lines.filter(([word]) => word === "bound").map(([, port]) => port!),
    rows: lines.filter((line) => !isTruth(line)),
  };
}

const number: unknown = expect.stringMatching(/^\d+$/);

describe("bindsnoop", () => {
  it("prints each bind with the socket's options, and failed ones with what they asked for", async () => {
    const { ports, rows } = await run("bindsnoop", "-E", "-U", "-t");
    expect(rows.map((row) => row.join(" ")).slice(0, 2)).toEqual([
      "Tracing binds ... Hit Ctrl-C to end",
      "TIME(s) UID RC PID COMM PROT ADDR PORT OPTS IF",
    ]);
    expect(rows[2]![0]).toBe("0.000000");
    expect(rows.slice(2).map((row) => row.slice(1))).toEqual([
      ["0", "0", number, "python3", "TCP", "127.0.0.1", ports[0], "F..R.", "0"],
      ["0", "0", number, "python3", "UDP", "::1", ports[1], "....r", "0"],
      ["0", "0", number, "python3", "UDP", "127.0.0.1", ports[2], ".TN..", "0"],
      ["0", "-98", number, "python3", "TCP", "127.0.0.1", ports[0], ".....", "0"],
      ["0", "-99", number, "python3", "TCP", "2001:db8::5", "77", ".....", "0"],
    ]);
  });

  it("picks ports, names errors, and counts by address and port", async () => {
    const wide = await run("bindsnoop", "-E", "-w", "-P", "77,78");
    expect(wide.rows.slice(2)).toEqual([
      ["EADDRNOTAVAIL", number, "python3", "TCP", "2001:db8::5", "77", ".....", "0"],
    ]);
    const { ports, rows } = await run("bindsnoop", "--count");
    expect(rows.slice(1, 3)).toEqual([[""], ["LADDR", "LPORT", "BINDS"]]);
    expect(rows.slice(3)).toHaveLength(3);
    expect(rows.slice(3)).toEqual(
      expect.arrayContaining([
        ["127.0.0.1", ports[0], "1"],
        ["::1", ports[1], "1"],
        ["127.0.0.1", ports[2], "1"],
      ]),
    );
  });
});

describe("solisten", () => {
  it("prints each listen with its backlog, and picks a network namespace", async () => {
    const { ports, rows } = await run("solisten", "--show-netns");
    expect(rows).toEqual([
      ["PID", "COMM", "NETNS", "PROTO", "BACKLOG", "PORT", "ADDR"],
      [number, "python3", String(netns.inode), "TCPv4", "7", ports[0], "127.0.0.1"],
    ]);
    expect((await run("solisten", "-n", String(netns.inode))).rows).toHaveLength(2);
    expect((await run("solisten", "-n", "1")).rows).toHaveLength(1);
  });
});
