import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, root } from "../support/run-cli.ts";
import { runTool as runAnyTool } from "../support/run-tool.ts";

const folder = makeFolder();
const programs = join(root, "test/kernel/programs");

/** Sleeps 20 times for 10 ms, and says at its end how often the kernel had put it on a CPU. */
const naps = `/usr/bin/python3 ${join(programs, "naps.py")} 20 0.01`;

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
