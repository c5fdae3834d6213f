import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { port } from "../support/live-object.ts";
import { needFeature } from "../support/need-feature.ts";
import { buildProgram } from "../support/own-program.ts";
import { makeFolder, runCli } from "../support/run-cli.ts";
import { runTool as runAnyTool } from "../support/run-tool.ts";

const folder = makeFolder();
const routes = join(folder, "routes");
/** Naps of 5 ms: 10 by way of `by_one`, 4 by way of `by_two`; one of 20 ms below three calls of `deeper`. */
const workload = `${routes} 10`;
beforeAll(() => buildProgram("routes.c", routes));

const runTool = (command: string, ...args: readonly string[]): Promise<string[]> =>
  runAnyTool(folder, command, ...args);

const readObjects = <T>(lines: readonly string[]): T[] =>
  lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as T);

describe("stackcount", () => {
  it("counts the ways to a function", async () => {
    const lines = await runTool(workload, "stackcount", "-f", `${routes}:by_*`);
    const counts = lines.map((line) => /;main;(by_\w+) (\d+)$/.exec(line)!.slice(1));
    expect(counts).toEqual([
      ["by_two", "4"],
      ["by_one", "10"],
    ]);
  });

  it("has BCC's layout, by process with -P, with offsets and addresses", async () => {
    const lines = await runTool(workload, "stackcount", "-sv", `${routes}:by_two`);
    expect(lines[0]).toBe(`Tracing 1 functions for "${routes}:by_two"... Hit Ctrl-C to end.`);
    expect(lines[1]).toBe("");
    expect(lines[2]).toMatch(/^ {2}[0-9a-f]+ +by_two\+0x0$/);
    expect(lines[3]).toMatch(/^ {2}[0-9a-f]+ +main\+0x[0-9a-f]+$/);
    // Each place in main that calls it is a stack of its own.
    const counts = lines.flatMap((line) => /^ {4}(\d+)$/.exec(line)?.slice(1) ?? []);
    expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBe(4);
    expect(lines.slice(-2)).toEqual(["", "Detaching..."]);
    const each = await runTool(workload, "stackcount", "-PT", `${routes}:by_two`);
    expect(each[2]).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(each.at(-4)).toMatch(/^ {4}routes \[\d+\]$/);
  });

  it("counts stacks of tracepoints, kernel and user apart by a delimiter", async () => {
    const lines = await runTool(workload, "stackcount", "-d", "t:syscalls:sys_enter_clock_nanosleep");
    expect(lines.filter((line) => line === "    --").length).toBeGreaterThan(0);
    const json = readObjects<{ kernel: string[]; user: string[]; count: number }>(
      await runTool(workload, "stackcount", "--json", "-U", "t:syscalls:sys_enter_clock_nanosleep"),
    );
    expect(json.reduce((sum, { count }) => sum + count, 0)).toBe(15);
    expect(json.every(({ kernel }) => kernel.length === 0)).toBe(true);
  });

  it("counts stacks of kernel functions", async (context) => {
    needFeature(context, port, "kprobe");
    const script = join(folder, "sids.py");
    writeFileSync(script, "import os\nfor turn in range(41): os.getsid(0)\n");
    const json = readObjects<{ kernel: string[]; count: number }>(
      await runTool(`python3 ${script}`, "stackcount", "--json", "-K", "__x64_sys_getsid"),
    );
    expect(json).toEqual([{ kernel: expect.arrayContaining(["do_syscall_64"]) as unknown, user: [], count: 41 }]);
    expect(json[0]!.kernel[0]).toBe("__x64_sys_getsid");
  });

  it("says what a pattern lacks", async () => {
    const wrong = await runCli(["stackcount", "a:b:c:d"], { cwd: folder });
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toContain('Too many ":" in "a:b:c:d"');
  });
});

interface Histogram {
  readonly data: readonly { readonly "interval-start": number; readonly count: number }[];
  readonly Function?: string;
}
interface Totals {
  readonly average: number;
  readonly total: number;
  readonly count: number;
}

describe("funclatency", () => {
  it("times each call of a function", async () => {
    const lines = await runTool(workload, "funclatency", "-u", `${routes}:nap`);
    expect(lines[0]).toBe(`Tracing 1 functions for "${routes}:nap"... Hit Ctrl-C to end.`);
    expect(lines[2]).toBe("     usecs               : count     distribution");
    const [, average, total, count] = /^avg = (\d+) usecs, total: (\d+) usecs, count: (\d+)$/.exec(lines.at(-3)!)!;
    expect(count).toBe("15");
    // Fourteen naps of 5 ms and one of 20.
    expect(Number(total)).toBeGreaterThanOrEqual(90_000);
    expect(Number(total)).toBeLessThan(400_000);
    expect(Number(average)).toBe(Math.floor(Number(total) / 15));
    expect(lines.at(-1)).toBe("Detaching...");
  });

  it("tells functions apart", async () => {
    const lines = await runTool(workload, "funclatency", "-mF", "--json", `${routes}:by_*`);
    const counts = readObjects<Histogram & Totals>(lines)
      .filter(({ data }) => data !== undefined)
      .map(({ Function, data }) => [
        Function!.replace(/ \[\d+\]$/, ""),
        data.reduce((sum, { count }) => sum + count, 0),
      ]);
    expect(Object.fromEntries(counts)).toEqual({ by_one: 10, by_two: 4 });
  });

  it("times every level of a recursion, or the outermost alone", async () => {
    const [all, totals] = readObjects<Histogram & Totals>(
      await runTool(workload, "funclatency", "--json", "-m", `${routes}:deeper`),
    );
    expect(totals).toMatchObject({ count: 3 });
    expect(totals!.total).toBeGreaterThanOrEqual(60);
    expect(all!.data.filter((row) => row["interval-start"] >= 16).reduce((sum, { count }) => sum + count, 0)).toBe(3);
    const [, outermost] = readObjects<Totals>(
      await runTool(workload, "funclatency", "--json", "-m", "-l", "1", `${routes}:deeper`),
    );
    expect(outermost).toMatchObject({ count: 1 });
  });

  it("times kernel functions", async (context) => {
    needFeature(context, port, "kprobe");
    const lines = await runTool(workload, "funclatency", "-mF", "--json", "hrtimer_nanosleep");
    const [histogram, totals] = readObjects<Histogram & Totals>(lines);
    expect(histogram!.Function).toBe("hrtimer_nanosleep");
    expect(totals).toMatchObject({ count: 15 });
    expect(totals!.total).toBeGreaterThanOrEqual(90);
  });

  it("says that it times functions only, and what a pattern does not match", async () => {
    const wrong = await runCli(["funclatency", "t:syscalls:sys_enter_read"], { cwd: folder });
    expect(wrong).toMatchObject({ status: 1, stdout: "" });
    expect(wrong.stderr).toContain("names no functions");
    const none = await runCli(["funclatency", `${routes}:nothing_*`], { cwd: folder });
    expect(none.status).toBe(1);
    expect(none.stderr).toContain("no function of");
  });
});

describe("funcslower", () => {
  it("prints the calls above a threshold, each level of a recursion by itself", async () => {
    const lines = await runTool(workload, "funcslower", "-m", "18", "-a", "1", `${routes}:deeper`, `${routes}:nap`);
    expect(lines.slice(0, 2)).toEqual([
      "Tracing function calls slower than 18 ms... Ctrl+C to quit.",
      "COMM           PID    LAT(ms)             RVAL FUNC ARGS",
    ]);
    // A nap of 5 ms may take as long as one of 20 on a busy machine.
    const rows = lines.slice(2).map((line) => line.trim().split(/\s+/));
    const deep = rows.filter((row) => row.at(-1) === "0x14" || row[4]!.endsWith(":deeper"));
    expect(deep.map((row) => row.slice(3))).toEqual([
      ["14", `${routes}:nap`, "0x14"],
      ["15", `${routes}:deeper`, "0x1"],
      ["16", `${routes}:deeper`, "0x2"],
      ["17", `${routes}:deeper`, "0x3"],
    ]);
    expect(deep.every((row) => Number(row[2]) >= 20)).toBe(true);
  });

  it("folds stacks, and prints objects", async () => {
    const folded = await runTool(workload, "funcslower", "-u", "500", "-fU", `${routes}:by_two`);
    expect(folded).toHaveLength(4);
    expect(folded.every((line) => /^routes;.*main;by_two 1$/.test(line))).toBe(true);
    const json = readObjects<{ func: string; latency_ms: number; user: string[] }>(
      await runTool(workload, "funcslower", "--json", "-U", `${routes}:by_two`),
    );
    expect(json).toHaveLength(4);
    expect(json.every(({ user, latency_ms }) => user[0] === "by_two" && latency_ms >= 5)).toBe(true);
  });

  it("times kernel functions", async (context) => {
    needFeature(context, port, "kprobe");
    const json = readObjects<{ func: string }>(
      await runTool(workload, "funcslower", "--json", "-m", "2", "-K", "hrtimer_nanosleep"),
    );
    expect(json).toHaveLength(15);
  });

  it("says what is missing or wrong", async () => {
    const none = await runCli(["funcslower"], { cwd: folder });
    expect(none).toMatchObject({ status: 2, stdout: "" });
    const wrong = await runCli(["funcslower", `${routes}:napp`], { cwd: folder });
    expect(wrong.stderr).toContain('did you mean "nap"?');
  });
});
