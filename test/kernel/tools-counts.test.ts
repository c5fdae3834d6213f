import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, root, runCli } from "../support/run-cli.ts";
import { runTool as runAnyTool, split } from "../support/run-tool.ts";

const folder = makeFolder();
const programs = join(root, "test/kernel/programs");

const runTool = (command: string, ...args: readonly string[]): Promise<string[]> =>
  runAnyTool(folder, command, ...args);

describe("syscount", () => {
  const calls = `/usr/bin/python3 ${join(programs, "syscalls.py")}`;
  const readPids = (lines: readonly string[]): number[] =>
    lines
      .find((line) => line.startsWith("pids "))!
      .split(" ")
      .slice(1)
      .map(Number);

  it("counts the calls of a command, exactly", async () => {
    const lines = await runTool(calls, "syscount");
    expect(lines[0]).toBe("Tracing syscalls, printing top 10... Ctrl+C to quit.");
    expect(lines[2]).toMatch(/^\[\d\d:\d\d:\d\d\]$/);
    expect(lines[3]).toBe("SYSCALL                   COUNT");
    expect(lines).toContain("getppid                     507");
    expect(lines.at(-1)).toBe("Detaching...");
    expect(lines.slice(4, -2)).toHaveLength(10);
  });

  it("counts failed calls, those with an error, and one call by process", async () => {
    const failed = await runTool(calls, "syscount", "-x", "-T", "100");
    expect(failed).toContain("rmdir                        13");
    expect(failed.some((line) => line.startsWith("getppid "))).toBe(false);
    const missing = await runTool(calls, "syscount", "-e", "ENOENT", "-T", "100");
    expect(missing).toContain("rmdir                        13");
    const denied = await runTool(calls, "syscount", "-e", "EPERM", "-T", "100");
    expect(denied.some((line) => line.startsWith("rmdir "))).toBe(false);
    const one = await runTool(calls, "syscount", "--syscall", "getppid", "-P");
    const [parent, child] = readPids(one);
    expect(one[0]).toBe("Tracing syscall 'getppid'... Ctrl+C to quit.");
    expect(split(one.slice(3, -2))).toEqual([
      ["PID", "COMM", "COUNT"],
      [String(parent), "python3", "500"],
      [String(child), "python3", "7"],
    ]);
  });

  it("adds up the time of calls", async () => {
    const lines = await runTool(calls, "syscount", "-Lm", "--syscall", "clock_nanosleep");
    const [[call, count, time] = []] = split(lines.slice(4));
    expect([call, count]).toEqual(["clock_nanosleep", "10"]);
    expect(Number(time)).toBeGreaterThanOrEqual(100);
    expect(Number(time)).toBeLessThan(1000);
    const json = await runTool(calls, "syscount", "-L", "--syscall", "clock_nanosleep", "--json");
    expect(JSON.parse(json.at(-1)!)).toMatchObject({ syscall: "clock_nanosleep", count: 10 });
  });

  it("lists the calls, and says what is none", async () => {
    const list = await runCli(["syscount", "-l"], { cwd: folder });
    expect(list.stdout.split(/\s+/)).toEqual(expect.arrayContaining(["read", "openat", "getppid", "futex"]));
    const wrong = await runCli(["syscount", "--syscall", "opeat"], { cwd: folder });
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain("syscount: error: argument --syscall: syscall 'opeat' not found (-l lists them)");
  });
});
