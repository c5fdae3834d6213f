import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildProgram } from "../support/own-program.ts";
import { makeFolder } from "../support/run-cli.ts";
import { runTool as runAnyTool } from "../support/run-tool.ts";

const folder = makeFolder();
const busy = join(folder, "busy");
beforeAll(() => buildProgram("busy.c", busy));

/** Few stacks in much room: in the kernel's hash of stacks two may fall on one place, and the tool says that one is lost. */
const runTool = (command: string, tool: string, ...args: readonly string[]): Promise<string[]> =>
  runAnyTool(folder, command, tool, "--stack-storage-size", "65536", ...args);

/** Lines of folded output that are the workload's, as functions and number. */
const readFolded = (lines: readonly string[]): { names: string[]; value: number }[] =>
  lines
    .filter((line) => line.startsWith("busy;"))
    .map((line) => {
      const at = line.lastIndexOf(" ");
      return { names: line.slice(0, at).split(";"), value: Number(line.slice(at + 1)) };
    });

const total = (rows: readonly { value: number }[]): number => rows.reduce((sum, { value }) => sum + value, 0);

/** CPU time that the workload says it has used. Units: seconds. */
const readCpuTime = (lines: readonly string[]): number =>
  Number(lines.find((line) => line.startsWith("cpu "))!.split(" ")[2]);

describe("profile", () => {
  it("finds the functions that a program spends its time in, as many samples as the CPU time has", async () => {
    const lines = await runTool(`${busy} 1 0`, "profile", "-fF", "99");
    const rows = readFolded(lines);
    const [first] = rows.toSorted((a, b) => b.value - a.value);
    expect(first!.names.join(";")).toMatch(/^busy;.*main;compute_outer;compute_deep$/);
    const known = rows.filter(({ names }) => names.includes("compute_outer"));
    expect(total(known)).toBeGreaterThan(0.9 * total(rows));
    expect(total(rows) / (99 * readCpuTime(lines))).toBeGreaterThan(0.75);
    expect(total(rows) / (99 * readCpuTime(lines))).toBeLessThan(1.25);
    // Stacks of the same functions are one row.
    expect(new Set(rows.map(({ names }) => names.join(";"))).size).toBe(rows.length);
  });

  it("has BCC's layout, stacks of the process alone, one CPU, and samples by a period", async () => {
    const lines = await runTool(`${busy} 0.5 0`, "profile", "-U");
    expect(lines[0]).toBe("Sampling at 49 Hertz of the command's threads by user stack... Hit Ctrl-C to end.");
    expect(lines.at(-1)).toMatch(/^ {8}\d+$/);
    expect(lines.at(-2)).toMatch(/^ {4}- {16}busy \(\d+\)$/);
    expect(lines.slice(-6).join("\n")).toContain("    compute_outer\n    main\n");
    const json = await runTool(`taskset -c 0 ${busy} 0.5 0`, "profile", "-C", "0", "-c", "10000000", "--json");
    const objects = json.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as JsonStack);
    const [most] = objects.toSorted((a, b) => b.count! - a.count!);
    expect(most).toMatchObject({
      comm: "busy",
      user: expect.arrayContaining(["compute_deep", "compute_outer"]) as unknown,
    });
    // Every ten million nanoseconds.
    expect(objects.reduce((sum, { count }) => sum + count!, 0)).toBeGreaterThan(35);
  });

  it("leaves other processes out", async () => {
    const lines = await runTool(`${busy} 0.3 0`, "profile", "-f", "-p", "2");
    expect(lines.filter((line) => /;.* \d+$/.test(line))).toEqual([]);
  });
});

interface JsonStack {
  readonly comm: string;
  readonly user: readonly string[];
  readonly kernel: readonly string[];
  readonly count?: number;
  readonly us?: number;
}

describe("offcputime", () => {
  it("adds up what a program has slept, by the stack that it slept with", async () => {
    const rows = readFolded(await runTool(`${busy} 0.05 20`, "offcputime", "-f"));
    const naps = rows.filter(({ names }) => names.some((name) => /nanosleep$/.test(name)));
    expect(naps).toHaveLength(1);
    expect(naps[0]!.names).toEqual(expect.arrayContaining(["main", "nap_outer", "do_nanosleep", "schedule"]));
    // Each of the 20 naps takes 20 ms and the wait for a CPU.
    expect(naps[0]!.value).toBeGreaterThanOrEqual(400_000);
    expect(naps[0]!.value).toBeLessThan(1_000_000);
  });

  it("leaves out what is too short, too long, or in another state", async () => {
    const short = readFolded(await runTool(`${busy} 0.05 5`, "offcputime", "-f", "-m", "19000", "-K"));
    expect(short.filter(({ names }) => names.includes("do_nanosleep"))).toHaveLength(1);
    expect(short.every(({ names }) => !names.includes("main"))).toBe(true);
    const long = readFolded(await runTool(`${busy} 0.05 5`, "offcputime", "-f", "-M", "19000"));
    expect(long.filter(({ names }) => names.includes("do_nanosleep"))).toEqual([]);
    const waiting = readFolded(await runTool(`${busy} 0.05 5`, "offcputime", "-f", "--state", "1"));
    expect(waiting.filter(({ names }) => names.includes("do_nanosleep"))).toHaveLength(1);
    expect(waiting.filter(({ names }) => names.includes("compute_deep"))).toEqual([]);
  });

  it("has BCC's layout, with a delimiter, and JSON", async () => {
    const lines = await runTool(`${busy} 0.05 5`, "offcputime", "-d", "--state", "1");
    expect(lines[0]).toBe(
      "Tracing off-CPU time (us) of the command's threads by user + kernel stack... Hit Ctrl-C to end.",
    );
    const last = lines.slice(lines.lastIndexOf("    __schedule"));
    expect(last.slice(0, 3)).toEqual(["    __schedule", "    schedule", "    do_nanosleep"]);
    expect(last).toContain("    --");
    expect(last.at(-2)).toMatch(/^ {4}- {16}busy \(\d+\)$/);
    expect(Number(last.at(-1))).toBeGreaterThanOrEqual(100_000);
    const json = await runTool(`${busy} 0.05 5`, "offcputime", "--json", "--state", "1");
    const object = JSON.parse(json.at(-1)!) as JsonStack;
    expect(object).toMatchObject({ comm: "busy", kernel: expect.arrayContaining(["do_nanosleep"]) as unknown });
    expect(object.us).toBeGreaterThanOrEqual(100_000);
  });
});

describe("wakeuptime", () => {
  it("adds up sleeps by the stack that ended them", async () => {
    const lines = await runTool(`${busy} 0.05 10`, "wakeuptime", "-f", "-m", "15000");
    const rows = lines.filter((line) => /;busy \d+$/.test(line));
    // A timer ends a nap, whatever runs on that CPU just then.
    expect(
      rows
        .filter((line) => !line.includes("[Missed"))
        .every((line) => /;hrtimer_wakeup;.*timer_interrupt;.*busy \d+$/.test(line)),
      rows.join("\n"),
    ).toBe(true);
    const slept = rows.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
    expect(slept).toBeGreaterThanOrEqual(200_000);
    expect(slept).toBeLessThan(400_000);
  });

  it("names the process that wakes another", async () => {
    const command = `sh -c 'sleep 0.2 | { read line; true; }'`;
    const lines = await runTool(command, "wakeuptime");
    expect(lines[0]).toBe("Tracing blocked time (us) by kernel stack... Hit Ctrl-C to end.");
    expect(lines.at(-1)).toBe("Detaching...");
    const text = lines.join("\n");
    expect(text).toMatch(/ {4}target: {10}sh\n(?: {4}[0-9a-f]{16} \S+\n)+ {4}waker: {11}sleep\n {8}\d+\n/);
  });
});

describe("offwaketime", () => {
  it("puts the stack of the sleeper and that of the waker together", async () => {
    const command = `sh -c 'sleep 0.2 | { read line; true; }'`;
    const lines = await runTool(command, "offwaketime", "--json", "-m", "100000");
    const rows = lines
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as { target: JsonStack; waker: JsonStack; us: number });
    // "sleep" also wakes the shell that waits for its end.
    const reader = rows.find(({ target, waker }) => target.comm === "sh" && waker.kernel.includes("pipe_release"))!;
    expect(reader.waker.comm).toBe("sleep");
    expect(reader.us).toBeGreaterThanOrEqual(190_000);
    expect(reader.target.kernel).toEqual(expect.arrayContaining(["schedule"]));
  });

  it("folds both, and has BCC's layout", async () => {
    const folded = readFolded(await runTool(`${busy} 0.05 5`, "offwaketime", "-fK", "--state", "1"));
    const names = folded.flatMap((row) => row.names);
    expect(names).toEqual(expect.arrayContaining(["do_nanosleep", "--", "hrtimer_wakeup"]));
    const lines = await runTool(`${busy} 0.05 5`, "offwaketime", "--state", "1");
    expect(lines[0]).toBe("Tracing blocked time (us) by user + kernel off-CPU and waker stack... Hit Ctrl-C to end.");
    expect(lines).toContain("    --               --");
    expect(lines.at(-2)).toMatch(/^ {4}target: {10}busy \d+$/);
  });
});
