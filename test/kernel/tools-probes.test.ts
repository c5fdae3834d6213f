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
const usdt = join(folder, "usdt");
/** Calls by_one(5) three times, by_two(5) four times and deeper(3) once; each calls nap, whose argument is 5, or 20 below deeper. */
const workload = `${routes} 3`;
const turns = `printf '\\n\\n' | ${usdt}`;
beforeAll(() => {
  buildProgram("routes.c", routes);
  buildProgram("usdt.c", usdt, "-lpthread");
});

const runTool = (command: string, ...args: readonly string[]): Promise<string[]> =>
  runAnyTool(folder, command, ...args);

/** The lines of a tool without those that the program of the workload prints. */
const readRows = (lines: readonly string[]): string[] => lines.filter((line) => /^(\d+ +\d+ |PID)/.test(line));
const readMessages = (lines: readonly string[], func: string): string[] =>
  readRows(lines).flatMap((line) =>
    line.includes(` ${func} `) ? [line.slice(line.indexOf(func) + Math.max(16, func.length)).trim()] : [],
  );

describe("trace", () => {
  it("has BCC's columns, and a row for each call of several probes in their order", async () => {
    const lines = await runTool(workload, "trace", `${routes}:by_two "ms=%d", arg1`, `r:${routes}:by_two "%d", retval`);
    expect(lines[0]).toBe("PID     TID     COMM            FUNC             -");
    expect(lines[1]).toMatch(/^(\d+) +\1 +routes {10}by_two {11}ms=5$/);
    expect(readMessages(lines, "by_two")).toEqual(["ms=5", "7", "ms=5", "7", "ms=5", "7", "ms=5", "7"]);
    const trivial = await runTool(workload, "trace", `${routes}:by_two`);
    expect(trivial[0]).toBe("PID     TID     COMM            FUNC");
    expect(trivial).toHaveLength(5);
  });

  it("filters in C, with the parameters' own types", async () => {
    const lines = await runTool(
      workload,
      "trace",
      `p:${routes}:nap(int ms) (ms == 20 && $tgid == $pid) "%d %u", -ms, ms`,
    );
    expect(readMessages(lines, "nap")).toEqual(["-20 20"]);
  });

  it("reads texts of the kernel and of programs, and compares them", async () => {
    const mine = join(folder, "mine.txt");
    writeFileSync(mine, "");
    const cat = await runTool(
      `cat ${mine}`,
      "trace",
      `t:syscalls:sys_enter_openat (STRCMP("${mine.slice(0, -4)}", args->filename)) "%s", args->filename`,
    );
    expect(readMessages(cat, "sys_enter_openat")).toEqual([mine]);
    const exec = await runTool(
      "cat /dev/null",
      "trace",
      't:sched:sched_process_exec "%s %s %c", args->filename, $task->comm, $task->comm[0]',
    );
    expect(readMessages(exec, "sched_process_exec").map((text) => text.replace(/^\S+\//, ""))).toEqual(["cat cat c"]);
    const short = await runTool(
      `cat ${mine}`,
      "trace",
      "-Z",
      "5",
      `t:syscalls:sys_enter_openat (STRCMP("${mine}", args->filename)) "%s", args->filename`,
    );
    expect(readMessages(short, "sys_enter_openat")).toEqual([mine.slice(0, 4)]);
    const json = await runTool("cat /dev/null", "trace", "--json", "-C", 't:sched:sched_process_exec "%d%%", 7');
    expect(JSON.parse(json[0]!)).toMatchObject({
      comm: "cat",
      func: "sched_process_exec",
      message: "7%",
      cpu: expect.any(Number) as unknown,
    });
  });

  it("compares bytes with -B", async () => {
    const lines = await runTool(
      turns,
      "trace",
      "-B",
      `u:${usdt}:demo:work (STRCMP("{'t', 'e', 0x78}", arg7)) "%d", arg1`,
    );
    expect(readMessages(lines, "demo:work")).toEqual(["1", "2"]);
  });

  it("reads the arguments of USDT probes with their signs and sizes", async () => {
    const lines = await runTool(
      turns,
      "trace",
      `u:${usdt}:work (arg1 >= 1) "%d %d %lld %s", arg1, arg2, arg3, arg7`,
      `u:${usdt}:demo:tick "%d", arg1`,
    );
    expect(readMessages(lines, "work")).toEqual(["1 -7 1001 text of the probe", "2 -7 1002 text of the probe"]);
    expect(readMessages(lines, "demo:tick")).toEqual(["1", "101", "2", "102"]);
  });

  it("shows times, stacks and addresses, and names the function of an address", async () => {
    const stacks = await runTool(workload, "trace", "-U", "-a", `${routes}:nap (arg1 == 20) "%U", PT_REGS_IP(ctx)`);
    expect(readMessages(stacks, "nap")).toEqual(["nap+0x0 [routes]"]);
    expect(stacks[2]).toMatch(/^ {8} {4}[0-9a-f]{12} nap\+0x0 \[routes\]$/);
    const names = stacks.flatMap((line) => /^ {8} *[0-9a-f]+ (\w+)\+0x[0-9a-f]+ \[routes\]$/.exec(line)?.[1] ?? []);
    expect(names.slice(0, 2)).toEqual(["nap", "deeper"]);
    expect(names.at(-1)).toBe("main");
    const byFile = await runTool(workload, "trace", "-U", "-K", "-s", routes, `${routes}:nap (arg1 == 20)`);
    expect(byFile.flatMap((line) => /^ {8}(\w+)\+0x[0-9a-f]+ \[routes\]$/.exec(line)?.[1] ?? []).at(-1)).toBe("main");
    const clock = await runTool(workload, "trace", "-T", "-M", "2", `${routes}:nap`);
    expect(clock.map((line) => line.slice(0, 17)).slice(1)).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d \d+ +/),
      expect.stringMatching(/^\d/),
    ]);
    const unix = await runTool(workload, "trace", "-tu", `${routes}:deeper`);
    const seconds = unix.slice(1).map((line) => Number(line.slice(0, 17)));
    expect(seconds).toHaveLength(3);
    expect(Math.abs(seconds[0]! - Date.now() / 1000)).toBeLessThan(60);
    expect(seconds).toEqual(seconds.toSorted((a, b) => a - b));
  });

  it("adds up with -A, and shows names and messages that contain a text", async () => {
    const sums = await runTool(workload, "trace", "-A", `${routes}:nap "%d", arg1`);
    expect(sums.flatMap((line) => /^-->COUNT (\d+)$/.exec(line)?.[1] ?? [])).toEqual(["7", "1"]);
    const filtered = await runTool(workload, "trace", "-f", "=20", "-n", "rout", `${routes}:nap "ms=%d", arg1`);
    expect(readMessages(filtered, "nap")).toEqual(["ms=20"]);
    expect(await runTool(workload, "trace", "-n", "other", `${routes}:nap`)).toHaveLength(1);
  });

  it("traces kernel functions: texts, results, system calls by their old names, members of structs", async (context) => {
    needFeature(context, port, "kprobe");
    const mine = join(folder, "kernel.txt");
    writeFileSync(mine, "text");
    const opens = await runTool(
      `cat ${mine}`,
      "trace",
      `do_sys_openat2 (STRCMP("${mine}", arg2@user)) "%s", arg2@user`,
      'r::do_sys_openat2 (retval < 1000) "fd=%d", retval',
    );
    expect(readMessages(opens, "do_sys_openat2")).toContain(mine);
    expect(readMessages(opens, "do_sys_openat2")).toContain("fd=3");
    const script = join(folder, "groups.py");
    writeFileSync(
      script,
      "import os\nfor turn in range(41): os.getpgid(0)\ntry: os.getpgid(987654321)\nexcept OSError: pass\n",
    );
    const calls = await runTool(
      `python3 ${script}`,
      "trace",
      'sys_getpgid (arg1 == 987654321) "%d", arg1',
      "sys_getpgid(int pid) (pid == 0)",
    );
    expect(readMessages(calls, "sys_getpgid")).toEqual([...Array.from({ length: 41 }, () => ""), "987654321"]);
    const reads = await runTool(
      `cat ${mine}`,
      "trace",
      "-K",
      'vfs_read(struct file *file, char *buf, size_t count) (STRCMP("kernel.txt", file->f_path.dentry->d_name.name)) "%s %K", file->f_path.dentry->d_name.name, PT_REGS_IP(ctx)',
    );
    expect(readMessages(reads, "vfs_read")[0]).toMatch(/^kernel\.txt vfs_read\+0x\w+$/);
    expect(reads.some((line) => /^ {8}do_syscall_64\+0x\w+ \[kernel\]$/.test(line))).toBe(true);
  });

  it.each([
    ["kprobe:vfs_read", 0, "probe type must be", 'did you mean "p:vfs_read"?'],
    ["c:open (arg9 == 1)", 8, 'there is no "arg9"', "there are arg1 to arg6"],
    ['c:open "%q", arg1', 8, "unrecognized format specifier %q", "there are %s"],
    ['c:open "%d %d", arg1', 7, "the format has 2 conversions, and there is 1 value", "each conversion takes a value"],
    ['r:c:open "%d", arg1', 15, '"arg1" is gone', "retval"],
    ['c:open "%d", $pidd', 13, 'there is no "$pidd"', 'did you mean "$pid"?'],
    ['c:open "%d", 1 + nope', 17, "use of undeclared identifier 'nope'", ""],
    ["c:open (arg1 == 2", 7, "unmatched end of predicate", ""],
    ["c:open(arg1 > 3)", 6, "a signature names parameters", "a filter stands apart"],
    ["p:open", 0, "not a whole probe", "p::open"],
    ['t:sched:sched_switch "%d", args->prevpid', 33, "no member named 'prevpid'", "prev_pid, prev_prio"],
    ["t:sched:sched_swich", 0, "no such tracepoint", 'did you mean "sched:sched_switch"?'],
    ['t:sched:sched_switch "%d", arg1', 27, 'a tracepoint has no "arg1"', "args->NAME"],
  ])("tells what is wrong with %s at its place", async (probe, column, message, hint) => {
    const result = await runCli(["-c", "true", "trace", probe], { cwd: folder });
    expect(result).toMatchObject({ status: 1, stdout: "" });
    const lines = result.stderr
      .trimEnd()
      .split("\n")
      .filter((line) => !line.startsWith("warning:"));
    expect(lines[0]).toContain(`error in probe '${probe}': `);
    expect(lines[0]).toContain(message);
    expect(lines.slice(1, 3)).toEqual([`    ${probe}`, `    ${" ".repeat(column)}^`]);
    expect(lines[3] ?? "").toContain(hint);
  });
});

interface Counted {
  readonly count: number;
  readonly values?: Readonly<Record<string, number | string>>;
}
const readObjects = <T>(lines: readonly string[]): T[] =>
  lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as T);

describe("argdist", () => {
  it("counts values, with BCC's layout", async () => {
    const probe = `p:${routes}:nap(int ms):int:ms`;
    const lines = await runTool(
      workload,
      "argdist",
      "-i",
      "9",
      "-C",
      probe,
      "-C",
      `r:${routes}:by_two()#results`,
      "-C",
      `p:${routes}:by_one()`,
    );
    expect(lines[0]).toMatch(/^\[\d\d:\d\d:\d\d\]$/);
    expect(lines.slice(1)).toEqual([
      probe,
      "\tCOUNT      EVENT",
      "\t1          ms = 20",
      "\t7          ms = 5",
      "results",
      "\tCOUNT      EVENT",
      "\t4          retval = 7",
      `p:${routes}:by_one()`,
      "\tCOUNT      EVENT",
      "\t3          total calls",
    ]);
  });

  it("counts a bool by the lowest byte of its register", async () => {
    const flags = buildProgram("booleans.c", join(folder, "booleans"));
    const probe = `r:${flags}:answer_flag():bool:$retval`;
    const rows = readObjects<Counted>(await runTool(flags, "argdist", "--json", "-i", "9", "-C", probe));
    const counts = rows.map(({ values, count }) => [...Object.values(values!), count]).toSorted();
    expect(counts).toEqual([
      [false, 3],
      [true, 2],
    ]);
  });

  it("keeps what a function was called with until it returns, each level of a recursion by itself", async () => {
    const probe = `r:${routes}:deeper(int levels):int,int:$entry(levels),$retval:$entry(levels) > 1`;
    const rows = readObjects<Counted>(await runTool(workload, "argdist", "--json", "-i", "9", "-C", probe));
    const values = rows.map(({ values: pair }) => Object.values(pair!)).toSorted();
    expect(values).toEqual([
      [2, 22],
      [3, 23],
    ]);
    const [times] = readObjects<{ val_type: string; data: readonly { "interval-start": number; count: number }[] }>(
      await runTool(
        workload,
        "argdist",
        "--json",
        "-i",
        "9",
        "-H",
        `r:${routes}:nap(int ms):u64:$latency/1000000:$entry(ms) == 20#ms`,
      ),
    );
    expect(times!.val_type).toBe("ms");
    expect(times!.data.filter(({ count }) => count > 0)).toMatchObject([{ count: 1 }]);
    expect(times!.data.findLast(({ count }) => count > 0)!["interval-start"]).toBeGreaterThanOrEqual(16);
  });

  it("counts fields of tracepoints, texts among them, and arguments of USDT probes", async () => {
    const opens = await runTool(
      "cat /dev/null",
      "argdist",
      "--json",
      "-i",
      "9",
      "-C",
      't:syscalls:sys_enter_openat():char*:args->filename:STRCMP("/dev/null", args->filename)',
    );
    expect(readObjects<Counted>(opens)).toMatchObject([{ count: 1, values: { "args->filename": "/dev/null" } }]);
    const ticks = await runTool(
      turns,
      "argdist",
      "--json",
      "-i",
      "9",
      "-T",
      "3",
      "-C",
      `u:${usdt}:tick():int:arg1:arg1 > 1`,
    );
    expect(
      readObjects<Counted>(ticks)
        .map(({ values }) => values!["arg1"])
        .toSorted(),
    ).toEqual([101, 102, 2]);
  });

  it("goes on counting with -c, and begins anew without", async () => {
    const slow = `${routes} 300`;
    const probe = `p:${routes}:by_one()`;
    const total = async (...args: readonly string[]): Promise<number[]> =>
      readObjects<Counted>(await runTool(slow, "argdist", "--json", "-i", "0.5", "-C", probe, ...args)).map(
        ({ count }) => count,
      );
    const sums = await total("-c");
    expect(sums.length).toBeGreaterThan(2);
    expect(sums.at(-1)).toBe(300);
    expect((await total()).reduce((sum, count) => sum + count, 0)).toBe(300);
  });

  it("counts calls of kernel functions", async (context) => {
    needFeature(context, port, "kprobe");
    const script = join(folder, "sessions.py");
    writeFileSync(script, "import os\nfor turn in range(41): os.getsid(0)\n");
    const rows = readObjects<Counted>(
      await runTool(
        `python3 ${script}`,
        "argdist",
        "--json",
        "-i",
        "30",
        "-C",
        "p::__x64_sys_getsid(int pid):int:pid",
        "-C",
        "r::__x64_sys_getsid(int pid):int,u32:$entry(pid),$PID:$latency < 1000000000",
      ),
    );
    expect(rows.map(({ count }) => count)).toEqual([41, 41]);
    expect(rows[1]!.values).toMatchObject({ "pid": 0, $PID: expect.any(Number) as unknown });
  });

  it.each([
    [["-C", "p:c:open"], 0, "a function signature in parentheses is missing"],
    [["-H", "p:c:open()"], 9, "histograms must have expr"],
    [["-C", "p:c:open(int a):int,int:a"], 24, "mismatched # of exprs and types"],
    [["-C", "r:c:open(int a):int:$entry(b)"], 20, "$entry(b): no such param"],
    [["-C", "p:c:open(int a):int:$latency"], 20, '"$latency" is there when a function returns'],
  ] as const)("tells what is wrong with %j", async ([flag, probe], column, message) => {
    const result = await runCli(["-c", "true", "argdist", flag, probe], { cwd: folder });
    expect(result).toMatchObject({ status: 1, stdout: "" });
    const lines = result.stderr.split("\n");
    expect(lines[0]).toContain(message);
    expect(lines[2]).toBe(`    ${" ".repeat(column)}^`);
  });
});
