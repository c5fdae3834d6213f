import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, root, runCli } from "../support/run-cli.ts";
import { runTool as runAnyTool, split } from "../support/run-tool.ts";

const folder = makeFolder();
const programs = join(root, "test/kernel/programs");

const runTool = (command: string, ...args: readonly string[]): Promise<string[]> =>
  runAnyTool(folder, command, ...args);

describe("softirqs", () => {
  const datagrams = `/usr/bin/python3 ${join(programs, "datagrams.py")} 300`;

  it("counts those that ran in the time of a command: one for each datagram on loopback", async () => {
    const lines = await runTool(datagrams, "softirqs", "-C");
    expect(lines.slice(0, 3)).toEqual([
      "Tracing soft irq events... Hit Ctrl-C to end.",
      "",
      "SOFTIRQ          TOTAL_count",
    ]);
    const [, received] = split(lines).find(([name]) => name === "net_rx")!;
    // Some may be left to the kernel's own thread; a few come from elsewhere.
    expect(Number(received)).toBeGreaterThan(290);
    expect(Number(received)).toBeLessThan(310);
    const counts = split(lines.slice(3)).map(([, count]) => Number(count));
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });

  it("adds up their time, and shows it as histograms", async () => {
    const lines = await runTool(datagrams, "softirqs", "-N", "--json");
    const sums = lines.map((line) => JSON.parse(line) as { softirq: string; nsecs: number });
    expect(sums.find(({ softirq }) => softirq === "net_rx")!.nsecs).toBeGreaterThan(300 * 100);
    const dist = await runTool(datagrams, "softirqs", "-dNT");
    expect(dist).toContain("softirq = net_rx");
    expect(dist).toContain("     nsecs               : count     distribution");
    const wrong = await runCli(["softirqs", "-C", "-d"], { cwd: folder });
    expect(wrong.status).toBe(2);
  });
});

describe("hardirqs", () => {
  /** How often each interrupt has come, by its name. */
  const readInterrupts = (): Map<string, number> =>
    new Map(
      readFileSync("/proc/interrupts", "utf8")
        .split("\n")
        .flatMap((line) => {
          const words = line.trim().split(/\s+/);
          const counts = words.slice(1).filter((word) => /^\d+$/.test(word));
          return /^\d+:$/.test(words[0]!) ? [[words.at(-1)!, counts.reduce((sum, word) => sum + Number(word), 0)]] : [];
        }),
    );
  /** Keeps all CPUs busy while a disk, or in a virtual machine the host's files, are read around the cache. */
  const workload = `sh -c 'for cpu in 0 1; do taskset -c $cpu timeout 1.5 sh -c "while :; do :; done" & done; dd if=${process.execPath} of=/dev/null bs=64k count=400 iflag=direct status=none; wait'`;

  it("counts those that came in the time of a command, no more than the kernel has seen", async () => {
    const before = readInterrupts();
    const lines = await runTool(workload, "hardirqs", "-C");
    const after = readInterrupts();
    expect(lines.slice(0, 3)).toEqual([
      "Tracing hard irq events... Hit Ctrl-C to end.",
      "",
      "HARDIRQ                    TOTAL_count",
    ]);
    const rows = split(lines.slice(3)).map(([name, count]) => ({ name: name!, count: Number(count) }));
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(20);
    for (const { name, count } of rows) expect(count).toBeLessThanOrEqual(after.get(name)! - before.get(name)!);
  });

  it("adds up their time, and shows it as histograms", async () => {
    const sums = await runTool(workload, "hardirqs");
    expect(sums[2]).toBe("HARDIRQ                    TOTAL_usecs");
    expect(split(sums.slice(3)).some(([, time]) => Number(time) > 0)).toBe(true);
    const dist = await runTool(workload, "hardirqs", "-d", "--json");
    expect(JSON.parse(dist[0]!)).toMatchObject({ val_type: "usecs", hardirq: expect.any(String) as unknown });
  });
});

describe("llcstat", () => {
  it("counts what the processor counts, or says that it does not", async () => {
    const result = await runCli(["-c", "ls /", "llcstat", "2"], { cwd: folder });
    if (result.status === 0) {
      expect(result.stdout).toMatch(/^Total References: \d+ Total Misses: \d+ Hit Rate: \d+\.\d\d%$/m);
      return;
    }
    expect(result.status).toBe(1);
    expect(result.stderr).toContain(
      "Failed to attach to a hardware event. Is this a virtual machine? Run llcstat on its host.\n",
    );
  });
});
