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

/** Runs a tool beside TCP sessions with known ends, and answers the ports of each and the tool's rows. */
async function run(parts: string, ...args: readonly string[]): Promise<{ ports: string[][]; rows: string[][] }> {
  const program = `/usr/bin/python3 ${join(root, "test/kernel/programs/sessions.py")}`;
  const lines = split(await runTool(folder, netns.enter(`${program} ${parts}`), ...args));
  const isTruth = ([word]: readonly string[]): boolean => word === "session" || word === "refused";
  return { ports: lines.filter(isTruth).map(([, ...ports]) => ports), rows: lines.filter((line) => !isTruth(line)) };
}

const number: unknown = expect.stringMatching(/^\d+$/);

describe("tcptop", () => {
  it("adds up what both ends of each session send and receive", async () => {
    const { ports, rows } = await run("sessions", "tcptop", "-C", "10");
    expect(rows[0]!.join(" ")).toBe("Tracing... Output every 10 secs. Hit Ctrl-C to end");
    expect(rows[2]!.slice(1, 2)).toEqual(["loadavg:"]);
    expect(rows[4]).toEqual(["PID", "COMM", "LADDR", "RADDR", "RX_KB", "TX_KB"]);
    const expected = ports.flatMap(([client, server], index) => {
      const address = index === 0 ? "127.0.0.1" : "::1";
      const [left, right] = [`${address}:${client}`, `${address}:${server}`];
      return [
        [number, "python3", left, right, "5", "3"],
        [number, "python3", right, left, "3", "5"],
      ];
    });
    expect(rows.slice(5)).toHaveLength(4);
    expect(rows.slice(5)).toEqual(expect.arrayContaining(expected));
  });

  it("picks a family, and prints objects", async () => {
    const { rows } = await run("sessions", "tcptop", "-6", "--json", "10");
    const objects = rows.map(([row]) => JSON.parse(row!) as { rx_kb: number; tx_kb: number; laddr: string });
    expect(objects.map(({ rx_kb, tx_kb }) => rx_kb + tx_kb)).toEqual([8, 8]);
    expect(objects.every(({ laddr }) => laddr.startsWith("::1:"))).toBe(true);
  });
});

describe("tcptracer", () => {
  it("prints who connects, accepts and closes, refused connections never", async () => {
    const { ports, rows } = await run("sessions refused reset", "tcptracer", "-t");
    expect(rows[0]!.join(" ")).toBe("Tracing TCP established connections. Ctrl-C to end.");
    expect(rows[1]).toEqual(["TIME(s)", "T", "PID", "COMM", "IP", "SADDR", "DADDR", "SPORT", "DPORT"]);
    const sides = ([client, server]: readonly string[], ip: string, address: string) => ({
      client: [number, "python3", ip, address, address, client, server],
      server: [number, "python3", ip, address, address, server, client],
    });
    const four = sides(ports[0]!, "4", "127.0.0.1");
    const six = sides(ports[1]!, "6", "[::1]");
    const reset = sides(ports[2]!, "4", "127.0.0.1");
    expect(rows.slice(2).map((row) => row.slice(1))).toEqual([
      ["C", ...four.client],
      ["A", ...four.server],
      ["X", ...four.client],
      ["X", ...four.server],
      ["C", ...six.client],
      ["A", ...six.server],
      ["X", ...six.server],
      ["X", ...six.client],
      ["C", ...reset.client],
      ["A", ...reset.server],
      ["X", ...reset.server],
      ["X", ...reset.client],
    ]);
  });

  it("names the network namespace, and picks one", async () => {
    const { rows } = await run("sessions", "tcptracer", "-v", "-4");
    expect(rows.slice(2).map((row) => [row[0], row.at(-1)])).toEqual(
      ["connect", "accept", "close", "close"].map((type) => [type, String(netns.inode)]),
    );
    expect((await run("sessions", "tcptracer", "-N", "1")).rows).toHaveLength(2);
  });
});
