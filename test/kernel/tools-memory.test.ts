import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { haveFeature } from "../../runtime/kernel/machine/features.ts";
import { port } from "../support/live-object.ts";
import { makeDiskFolder } from "../support/own-disk.ts";
import { makeLoopDevice } from "../support/own-loop-device.ts";
import { enableMemoryControl, makeCgroup } from "../support/own-cgroup.ts";
import { startProgram } from "../support/own-program.ts";
import { makeFolder, root, runCli, startCli } from "../support/run-cli.ts";
import { runTool, split } from "../support/run-tool.ts";

const folder = makeFolder();
const programs = join(root, "test/kernel/programs");
const python = (program: string): string => `/usr/bin/python3 ${join(programs, program)}`;
const haveKprobes = haveFeature(port, "kprobe") !== false;
const disk = haveKprobes ? makeDiskFolder(folder) : "";

/** What a tool says on a kernel whose functions cannot be probed, with what to use in its place. */
async function expectRefusal(tool: string, hint: string): Promise<void> {
  const { status, stdout, stderr } = await runCli([tool], { cwd: folder });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(
    /^error: UnsupportedFeatureError: Cannot trace the kernel function "\w+": this kernel has neither kprobes/,
  );
  expect(stderr).toContain(`hint: ${hint}\n`);
}

describe("readahead", () => {
  it("counts the pages that were read ahead and not used, and how old the others were", async () => {
    if (!haveKprobes)
      return expectRefusal("readahead", "cachestat and filetop show uses of the cache, and reads by file");
    const program = await startProgram("/usr/bin/python3", [join(programs, "read_ahead.py"), join(disk, "ahead")]);
    const tool = startCli(["readahead", "-p", String(program.pid)], { cwd: folder });
    await tool.waitFor("Tracing... Hit Ctrl-C to end.\n");
    await program.turn();
    tool.child.kill("SIGINT");
    const { status, stdout } = await tool.ended;
    await program.end();
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^Tracing\.\.\. Hit Ctrl-C to end\.\n\nRead-ahead unused pages: 192\nHistogram of read-ahead used page age \(ms\):\n\n +age \(ms\) +: count +distribution\n/,
    );
    const used = [...stdout.matchAll(/-> \d+ +: (\d+) /g)].reduce((sum, [, count]) => sum + Number(count), 0);
    expect(used).toBe(64);
  });
});

describe("swapin", () => {
  it("counts the pages that a command has read back from swap", async () => {
    if (!haveKprobes)
      return expectRefusal("swapin", "the column si of `vmstat 1` shows what the whole machine reads back");
    const device = makeLoopDevice(folder, "swap");
    execFileSync("mkswap", [device], { stdio: "pipe" });
    execFileSync("swapon", [device], { stdio: "pipe" });
    try {
      enableMemoryControl();
      const cgroup = makeCgroup("swap");
      const rows = split(await runTool(folder, `${python("swap.py")} ${cgroup.path}`, "swapin", "300"));
      const told = Number(rows.find(([first, second]) => first === "read" && second === "back")?.[2]);
      expect(told).toBeGreaterThanOrEqual(64);
      expect(rows[0]).toEqual(["Counting", "swap", "ins.", "Ctrl-C", "to", "end."]);
      expect(rows[2]).toEqual([expect.stringMatching(/^\d\d:\d\d:\d\d$/)]);
      expect(rows[3]).toEqual(["COMM", "PID", "COUNT"]);
      const counts = rows.slice(4).flatMap(([comm, , count]) => (comm === "python3" ? [Number(count)] : []));
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(told);
      expect(rows.at(-1)).toEqual(["Detaching..."]);
    } finally {
      execFileSync("swapoff", [device], { stdio: "pipe" });
    }
  });
});

describe("klockstat", () => {
  it("counts by caller how often a command takes a mutex, and how long it holds it", async () => {
    if (!haveKprobes)
      return expectRefusal(
        "klockstat",
        "deadlock watches the mutexes of a process, and offcputime shows where tasks wait",
      );
    const rows = await runTool(folder, python("pipes.py"), "klockstat", "-c", "pipe_write", "-S", "hld_total");
    expect(rows.slice(0, 3)).toEqual([
      "Tracing lock events... Hit Ctrl-C to end.",
      "",
      "                                  Caller   Avg Spin  Count   Max spin Total spin",
    ]);
    expect(rows[4]).toBe("");
    expect(rows[5]).toBe("                                  Caller   Avg Hold  Count   Max hold Total hold");
    for (const row of [rows[3]!, rows[6]!]) {
      const [caller, average, count, max, total] = row.trim().split(/\s+/);
      expect([caller, count]).toEqual([expect.stringMatching(/^pipe_write\+0x[0-9a-f]+$/), "500"]);
      expect(Number(average)).toBe(Math.floor(Number(total) / 500));
      expect(Number(max)).toBeGreaterThanOrEqual(Number(average));
    }
    expect(rows).toHaveLength(7);
  });

  it("sorts both tables by a field each, and shows several levels of stack", async () => {
    if (!haveKprobes) return;
    const command = python("pipes.py");
    const lines = await runTool(folder, command, "klockstat", "--json", "-s", "3", "-S", "acq_count,hld_total");
    const locks = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const find = (kind: string, field: string): number[] =>
      locks.filter((lock) => lock["kind"] === kind).map((lock) => lock[field] as number);
    expect(find("acquired", "count")).toEqual(find("acquired", "count").toSorted((x, y) => y - x));
    expect(find("held", "total")).toEqual(find("held", "total").toSorted((x, y) => y - x));
    const write = locks.find(({ kind, caller }) => kind === "held" && String(caller).startsWith("pipe_write+"))!;
    expect(write["stack"]).toMatchObject([
      expect.stringMatching(/^pipe_write\+/),
      expect.stringMatching(/^(?:new_sync_write|vfs_write)\+/),
      expect.stringMatching(/^(?:vfs_write|ksys_write)\+/),
    ]);
  });

  it("refuses a field that it cannot sort by", async () => {
    const { status, stderr } = await runCli(["klockstat", "-S", "acq_mean"], { cwd: folder });
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("Wrong sort argument: acq_mean"),
    });
  });
});

describe("numamove", () => {
  it("prints a row for each interval, on a machine with one node too", async () => {
    const rows = split(await runTool(folder, "sleep 0.3", "numamove", "0.1", "2"));
    expect(rows[0]).toEqual(["TIME", "NUMA_migrations", "NUMA_migrations_ms"]);
    expect(rows).toHaveLength(3);
    expect(rows[2]).toEqual([expect.stringMatching(/^\d\d:\d\d:\d\d$/), "0", "0"]);
  });
});
