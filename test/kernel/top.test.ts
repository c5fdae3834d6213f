import { spawn } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TopRow } from "../../runtime/inspect/top/top-rows.ts";
import { callMkdir, loadBpf, port } from "../support/live-object.ts";
import { cli, makeFolder, parseCliError, root, runCli, startCli, writeScript } from "../support/run-cli.ts";

const text = `SEC("tp/syscalls/sys_enter_mkdir") int tp_counted(void *ctx) { return is_target(); }`;

let object = 0;
let program = 0;
beforeAll(() => {
  object = loadBpf(text);
  program = port.programHandle(object, "tp_counted");
  expect(port.attachTracepoint(program, "syscalls", "sys_enter_mkdir", 0n)).toBeGreaterThan(0);
});
afterAll(() => void port.objectClose(object));

/** How often the kernel says that the program ran. */
function readRuns(): bigint {
  return (port.programInfo(program) as { runCount: bigint }).runCount;
}

describe("bpfts top", () => {
  it("counts every run while it watches, and none after it was killed", async () => {
    const top = startCli(["top", "--json", "-i", "0.3"]);
    let written = "";
    top.child.stdout.on("data", (text: string) => void (written += text));
    const shown = (stdout: string): TopRow[] =>
      stdout
        .split("\n")
        .slice(0, -1)
        .flatMap((line) => (JSON.parse(line) as TopRow[]).filter(({ name }) => name === "tp_counted"));
    const sumRuns = (): number => shown(written).reduce((sum, { period_runs }) => sum + period_runs, 0);
    await top.waitFor("tp_counted");
    const [before, seen] = [readRuns(), sumRuns()];
    callMkdir(700);
    // Others may make directories, too: the kernel's own count says how many there were.
    expect(readRuns() - before).toBeGreaterThanOrEqual(700n);
    while (sumRuns() - seen < 700) await new Promise((resolve) => setTimeout(resolve, 50));
    top.child.kill("SIGKILL");
    await top.ended;
    const rows = shown(written);
    const last = rows.at(-1)!;
    expect(rows.reduce((sum, { period_runs }) => sum + period_runs, 0)).toBe(
      Number(last.run_cnt) - (Number(rows[0]!.run_cnt) - rows[0]!.period_runs),
    );
    const busy = rows.find(({ period_runs }) => period_runs >= 100)!;
    expect(busy).toMatchObject({ type: "tracepoint", held_by: `node(${process.pid})` });
    expect(busy.period_run_time_ns).toBeGreaterThan(0);
    expect(busy.period_average_ns).toBe(Math.round(busy.period_run_time_ns / busy.period_runs));
    // The kernel closes what a killed process had open.
    const end = readRuns();
    callMkdir(50);
    expect(readRuns()).toBe(end);
  });

  it("prints one table, sorted", async () => {
    const result = await runCli(["top", "--once", "-i", "0.2", "--sort", "id"]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const [head, ...lines] = result.stdout.trimEnd().split("\n");
    expect(head).toMatch(/^ *ID +TYPE +NAME +CPU% +EVENTS\/S +AVG NS +TOTAL AVG +HELD BY$/);
    const ids = lines.map((line) => Number(line.trim().split(" ")[0]));
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    expect(lines.some((line) => line.includes("tp_counted"))).toBe(true);
  });

  it("is refreshed in place on a terminal, sorts by keys and gives the terminal back", async () => {
    const script = `stty rows 20 cols 60; exec '${process.execPath}' '${cli}' top -i 0.2`;
    const child = spawn("script", ["-qec", script, "/dev/null"], { cwd: root });
    let screen = "";
    const wait = async (part: string): Promise<void> => {
      while (!screen.includes(part)) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    child.stdout.setEncoding("utf8").on("data", (written: string) => void (screen += written));
    const ended = new Promise((resolve) => child.on("close", resolve));
    try {
      await wait("sorted by cpu");
      child.stdin.write("e");
      await wait("sorted by events");
      child.stdin.write("q");
      expect(await ended).toBe(0);
    } finally {
      child.kill("SIGKILL");
    }
    expect(screen).toMatch(/^[^]*\x1b\[\?1049h\x1b\[\?25l[^]*\x1b\[H[^]*\x1b\[\?25h\x1b\[\?1049l[^]*TYPE[^]*$/);
  });

  it("says what is wrong with an option", async () => {
    const fail = async (...args: readonly string[]): Promise<object> =>
      parseCliError(await runCli(["top", ...args, "--json-errors"]));
    expect(await fail("--sort", "cpus")).toMatchObject({
      message: 'Cannot sort by "cpus"',
      hint: 'did you mean "cpu"?',
    });
    expect(await fail("-i", "0")).toMatchObject({ message: '"0" is no interval' });
    expect(await fail("-n", "x")).toMatchObject({ message: '"x" is no number of tables' });
  });
});

describe("--cost", () => {
  const folder = makeFolder();
  const scriptText = `import { BPF, print } from "bpfts";
const b = new BPF({ text: \`
BPF_HASH(seen, u32, u64);
BPF_ARRAY(other, u64, 4096);
SEC("syscall") int count_up(void *ctx) { u32 key = 1; seen.increment(key); return 0; }
SEC("syscall") int count_other(void *ctx) { int key = 1; other.increment(key); seen.increment(key); return 0; }
\` });
for (let i = 0; i < 1000; i++) b.prog_run("count_up");
for (let i = 0; i < 7; i++) b.prog_run("count_other");
print(b.tables.seen.size);`;
  const script = writeScript(folder, "cost.ts", scriptText);

  it("says exactly how often each program ran, also of one that the script closed", async () => {
    const closing = writeScript(folder, "closing.ts", `${scriptText}\nb.close();`);
    const failing = writeScript(folder, "failing.ts", `${scriptText}\nthrow new Error("no more");`);
    for (const path of [script, closing, failing]) {
      const { stdout, stderr } = await runCli(["run", "--cost", path]);
      expect(stdout).toBe("1\n");
      const lines = stderr.split("\n");
      expect(lines[0]).toMatch(/^PROGRAM +TYPE +EVENTS +NS\/EVENT +RUN MS +CPU% +MAPS KIB$/);
      const rows = lines.slice(1, 3).map((line) => line.trim().split(/ +/));
      expect(rows.map((row) => row.slice(0, 3)).toSorted()).toEqual([
        ["count_other", "syscall", "7"],
        ["count_up", "syscall", "1000"],
      ]);
      const [name, , events, average, milliseconds, percent] = rows.find(([program]) => program === "count_up")!;
      expect([name, Number(average) > 0, Number(percent) > 0]).toEqual(["count_up", true, true]);
      expect(Math.abs(Number(milliseconds) * 1e6 - Number(average) * Number(events))).toBeLessThanOrEqual(1000);
      // Two maps, of which one is in both programs.
      expect(lines[3]).toMatch(/^cost: \d+\.\d\d % of one CPU in \d+\.\d\d s, 2 maps with \d+ KiB$/);
      const [both, one] = ["count_other", "count_up"].map((program) =>
        Number(rows.find((row) => row[0] === program)![6]),
      );
      expect(Number(/with (\d+) KiB/.exec(lines[3]!)![1])).toBe(both);
      expect(both! - one!).toBeGreaterThanOrEqual(32);
      expect(lines[4]).toBe(path === failing ? "error: Error: no more" : "");
    }
  });

  it("is a record a program with -e --json, and goes behind a tool's name", async () => {
    const line = "tracepoint:syscalls:sys_enter_mkdir if (pid == cpid) { count(comm); }";
    const made = await runCli(["-e", line, "--json", "--cost", "-c", `mkdir ${folder}/one ${folder}/two`]);
    const records = made.stdout
      .trimEnd()
      .split("\n")
      .map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(records[0]).toMatchObject({ type: "table", rows: [{ key: { comm: "mkdir" }, value: 2 }] });
    expect(records[1]).toMatchObject({ type: "cost", program: "tracepoint__syscalls__sys_enter_mkdir", maps: 2 });
    expect(records[1]!["events"]).toBeGreaterThanOrEqual(2);
    expect(records).toHaveLength(2);
    const tool = await runCli(["-c", "true", "opensnoop", "--cost"]);
    expect(tool.stderr).toMatch(/^PROGRAM .*\n(?:tracepoint__.*\n)+cost: .*\n$/);
    expect((await runCli(["run", "--cost", `${folder}/none.ts`])).stderr).toMatch(/^error: /);
  });

  it("counts no longer when the run has ended, in whatever way", async () => {
    const waiting = writeScript(
      folder,
      "waiting.ts",
      'import { print, sleep } from "bpfts";\nprint("waits");\nfor (;;) sleep(10);',
    );
    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      const run = startCli(["run", "--cost", waiting]);
      await run.waitFor("waits");
      const start = readRuns();
      callMkdir(20);
      expect(readRuns() - start).toBeGreaterThanOrEqual(20n);
      run.child.kill(signal);
      const { stderr } = await run.ended;
      expect(stderr).toBe(signal === "SIGINT" ? "cost: no program was loaded\n" : "");
      const end = readRuns();
      callMkdir(20);
      expect(readRuns()).toBe(end);
    }
  });

  it("ends a run whose programs cost more than they may, and no other", async () => {
    const line = "tracepoint:raw_syscalls:sys_enter if (pid == cpid) { count(comm); }";
    const command = "dd if=/dev/zero of=/dev/null bs=1 count=2000000000 status=none";
    const run = (...options: readonly string[]): ReturnType<typeof runCli> =>
      runCli(["-e", line, "-c", command, ...options]);
    const rate = await run("--max-rate", "500/s");
    expect([rate.status, rate.stdout]).toEqual([0, expect.stringMatching(/^count:\n(?:node +\d+\n)?dd +\d+\n$/)]);
    expect(rate.stderr.replace("Attached 1 probe.\n", "")).toMatch(
      /^warning: tracepoint__raw_syscalls__sys_enter ran [\d,]+ times a second, \d+\.\d % of a CPU, and --max-rate allows 500\. The run ends, and its programs are detached\n$/,
    );
    const cpu = await run("--max-cpu", "0.01%", "--cost");
    expect(cpu.stderr.replace("Attached 1 probe.\n", "")).toMatch(
      /% of a CPU, and --max-cpu allows 0\.01 %\. The run ends.*\nPROGRAM /,
    );
    const free = await run("--max-cpu", "9999", "--max-rate", "2000000000", "-d", "1");
    expect([free.status, free.stderr]).toEqual([0, "Attached 1 probe.\n"]);
    const wrong = await runCli(["opensnoop", "--max-cpu", "lots", "--json-errors"]);
    expect(parseCliError({ ...wrong }).exitCode).toBe(2);
    const watched = await runCli(["run", "--watch", "--max-rate", "5", script, "--json-errors"]);
    expect(parseCliError(watched).message).toMatch(/^--watch and --max-rate do not go together/);
  });
});
