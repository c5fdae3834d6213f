import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, root } from "../support/run-cli.ts";
import { runTool as runAnyTool, split } from "../support/run-tool.ts";

const folder = makeFolder();
const programs = join(root, "test/kernel/programs");

/** Sleeps 20 times for 10 ms, and says at its end how often the kernel had put it on a CPU. */
const naps = `/usr/bin/python3 ${join(programs, "naps.py")} 20 0.01`;

/** Four processes compute on one CPU. */
const spinners = `/usr/bin/python3 ${join(programs, "spin.py")} 4 0.8`;

const runTool = (command: string, ...args: readonly string[]): Promise<string[]> =>
  runAnyTool(folder, command, ...args);

interface Histogram {
  readonly val_type: string;
  readonly data: readonly {
    readonly "interval-start": number;
    readonly "interval-end": number;
    readonly count: number;
  }[];
  readonly [section: string]: unknown;
}

/** The objects among the lines, and the words of the workload's own line. */
function readJson<T>(lines: readonly string[]): { objects: T[]; words: number[] } {
  return {
    objects: lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as T),
    words: (lines.find((line) => line.startsWith("runs ")) ?? "").split(" ").slice(1).map(Number),
  };
}

const sum = ({ data }: Histogram): number => data.reduce((total, { count }) => total + count, 0);

describe("runqlat", () => {
  it("counts each wait of a process, as often as the kernel says that it got a CPU", async () => {
    const { objects, words } = readJson<Histogram>(await runTool(naps, "runqlat", "-P", "--json"));
    const [pid, before, after] = words as [number, number, number];
    const own = objects.find((histogram) => histogram.pid === pid)!;
    expect(own.val_type).toBe("usecs");
    expect(after - before).toBeGreaterThanOrEqual(20);
    // The kernel counts from the fork on. The process may get a CPU a few times more until it has ended.
    expect(sum(own)).toBeGreaterThanOrEqual(after - before);
    expect(Math.abs(sum(own) - after)).toBeLessThanOrEqual(8);
  });

  it("has BCC's layout, with the time of day and the command's tasks in sections", async () => {
    const lines = await runTool("sleep 0.05", "runqlat", "-mTL");
    expect(lines[0]).toBe("Tracing run queue latency... Hit Ctrl-C to end.");
    expect(lines.slice(1, 3)).toEqual(["", expect.stringMatching(/^\d\d:\d\d:\d\d$/)]);
    expect(lines.filter((line) => /^tid = \d+$/.test(line))).toHaveLength(1);
    expect(lines).toContain("     msecs               : count     distribution");
  });

  it("prints each interval by itself and ends after the last", async () => {
    const lines = await runTool(naps.replace("20", "500"), "runqlat", "--json", "0.2", "2");
    expect(readJson<Histogram>(lines).objects.length).toBe(2);
  });
});

describe("runqlen", () => {
  it("sees those that wait beside the one that runs", async () => {
    const { objects } = readJson<Histogram>(await runTool(spinners, "runqlen", "-C", "--json"));
    const longest = objects.map(({ data }) => data.filter((row) => row["interval-start"] >= 3));
    const waiting = longest.flat().reduce((total, { count }) => total + count, 0);
    // The first samples come before all four are there.
    expect(waiting).toBeGreaterThan(0.5 * objects.reduce((total, histogram) => total + sum(histogram), 0));
    expect(objects.every(({ cpu }) => typeof cpu === "number")).toBe(true);
  });

  it("says how often somebody had to wait", async () => {
    const lines = await runTool(spinners, "runqlen", "-O");
    expect(lines[0]).toBe("Sampling run queue length... Hit Ctrl-C to end.");
    const [, percent] = /^runqocc: (\d+\.\d\d)%$/.exec(lines.at(-1)!)!;
    expect(Number(percent)).toBeGreaterThan(70);
    const eachCpu = await runTool(spinners, "runqlen", "-OC");
    expect(eachCpu.at(-1)).toMatch(/^runqocc, CPU \d +\s+\d+\.\d\d%$/);
  });
});

describe("runqslower", () => {
  it("prints long waits with the task that had the CPU before", async () => {
    const lines = await runTool(spinners, "runqslower", "-P", "1000");
    expect(lines.slice(0, 2)).toEqual([
      "Tracing run queue latency higher than 1000 us",
      "TIME     COMM             TID           LAT(us) PREV COMM        PREV TID",
    ]);
    const rows = split(lines.slice(2));
    expect(rows.every(([, , , latency]) => Number(latency) > 1000)).toBe(true);
    const amongThem = rows.filter(([, comm, , , before]) => comm === "python3" && before === "python3");
    expect(new Set(amongThem.map(([, , tid]) => tid)).size).toBe(4);
    expect(amongThem.every(([, , tid, , , previous]) => tid !== previous)).toBe(true);
  });
});

describe("cpudist", () => {
  it("times each stay on the CPU, as often as the kernel says that the process got one", async () => {
    const { objects, words } = readJson<Histogram>(await runTool(naps, "cpudist", "-L", "--json"));
    const [pid, before, after] = words as [number, number, number];
    const own = objects.find(({ tid }) => tid === pid)!;
    expect(sum(own)).toBeGreaterThanOrEqual(after - before);
    expect(Math.abs(sum(own) - after)).toBeLessThanOrEqual(8);
  });

  it("times each nap off the CPU, whichever CPU it ends on, and adds them up", async () => {
    const lines = await runTool(naps, "cpudist", "-OPe", "--json");
    const { objects, words } = readJson<Histogram & { total: number; count: number }>(lines);
    const own = objects.find(({ pid }) => pid === words[0])!;
    const naps10ms = own.data.filter((row) => row["interval-start"] >= 8192);
    expect(naps10ms.reduce((total, { count }) => total + count, 0)).toBeGreaterThanOrEqual(20);
    expect(objects.at(-1)!.total).toBeGreaterThan(200_000);
  });

  it("names tasks, in BCC's layout", async () => {
    const lines = await runTool("sleep 0.05", "cpudist", "-mPOe");
    expect(lines[0]).toBe("Tracing off-CPU time... Hit Ctrl-C to end.");
    expect(lines.some((line) => /^pid = \d+( \S.*)?$/.test(line))).toBe(true);
    expect(lines.at(-1)).toMatch(/^avg = \d+ msecs, total: \d+ msecs, count: \d+$/);
  });
});
