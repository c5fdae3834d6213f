import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createRecording } from "../../runtime/session/record/recording-file.ts";
import { cli, makeFolder, parseCliError, root, runCli, startCli, writeScript } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";

const folder = makeFolder();
const at = (name: string): string => join(folder, name);

/** Records a run with its output in a file, and answers what it printed. */
async function record(name: string, args: readonly string[]): Promise<string> {
  const options = ["--record", at(`${name}.bpfrec`), "-o", at(`${name}.txt`)];
  const result = await runCli(args[0] === "run" ? ["run", ...options, ...args.slice(1)] : [...options, ...args]);
  expect([result.status, result.stderr.replace(/^(?:Attached|warning: Lost) .*\n/gm, "")]).toEqual([0, ""]);
  return readFileSync(at(`${name}.txt`), "utf8");
}

const replay = (name: string, ...args: readonly string[]): Promise<CliResult> =>
  runCli(["replay", at(`${name}.bpfrec`), ...args]);

/** Events, a table and a callback; mkdir of the command alone. */
const text = `
struct event { u32 mode; char path[64]; };
BPF_RINGBUF_OUTPUT(events, 8);
BPF_HASH(modes, u32, u64);
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    if (bpf_get_current_pid_tgid() >> 32 != COMMAND) return 0;
    struct event event = {};
    event.mode = args->mode;
    bpf_probe_read_user_str(event.path, sizeof(event.path), args->pathname);
    events.ringbuf_output(&event, sizeof(event), 0);
    u32 mode = args->mode;
    modes.increment(mode);
    return 0;
}`;
const makeText = (
  body: string,
  c = text,
): string => `import { BPF, Interrupt, command, print, printf, sleep, strftime } from "bpfts";
const b = new BPF({ text: \`${c}\`, cflags: [\`-DCOMMAND=\${command!.pid}\`] });
const modes = b.table<number, bigint>("modes");
${body}`;
const recorded = makeText(`let seen = 0;
for (const { mode, path } of b.events<{ mode: number; path: string }>("events")) {
  print(strftime("%H:%M:%S %f"), mode, path);
  if (++seen === 3) break;
}
print([...modes].length, modes.get(0o700), Date.now());`);
const make = (): string => `mkdir -m 700 ${folder}/d1 ${folder}/d2 ${folder}/d3`;

let output = "";
beforeAll(async () => {
  output = await record("mkdir", ["run", "-c", make(), writeScript(folder, "mkdir.ts", recorded)]);
});

describe("bpfts replay", () => {
  it("writes over no script and no recording", async () => {
    const script = writeScript(folder, "own.ts", recorded);
    for (const [message, ...args] of [
      ["--record would write over the script", "run", "--record", script, script],
      ["--output would write over the script", "run", "-o", script, script],
      ["--folded would write over the script", "run", "--folded", script, script],
      ["--pcap would write over the script", "run", "--pcap", script, script],
      ["--record and --pcap write to one file", "run", "--record", at("one"), "--pcap", at("one"), script],
      [
        "--record and --folded write to one file",
        ...["-e", "profile:hz:9 { count(kstack); }", "--record", at("one"), "--folded", at("one")],
      ],
      ["--output would write over the recording", "replay", "-o", at("mkdir.bpfrec"), at("mkdir.bpfrec")],
      [
        "--output and --record write to one file",
        "-e",
        "interval:s:1 { count(); }",
        "-o",
        at("one"),
        "--record",
        at("one"),
      ],
    ] as const) {
      const { status, stderr } = await runCli(args);
      expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
    }
    expect([readFileSync(script, "utf8"), (await replay("mkdir")).stdout]).toEqual([recorded, output]);
  });

  it("prints the same bytes as the run: times, pids, events, tables", async () => {
    expect(output.split("\n").map((line) => line.replace(/^\d\d:[\d:]+ \d+ /, "").replace(/ \d{13}$/, ""))).toEqual([
      `448 ${folder}/d1`,
      `448 ${folder}/d2`,
      `448 ${folder}/d3`,
      "1 3",
      "",
    ]);
    const result = await replay("mkdir");
    expect(result).toMatchObject({ status: 0, stderr: "", stdout: output });
    expect((await replay("mkdir", at("mkdir.ts"), "-o", at("again.txt"))).stdout).toBe("");
    expect(readFileSync(at("again.txt"), "utf8")).toBe(output);
  });

  it("needs no right, no clang and no tracefs", () => {
    // Nobody but root may come to the folder of the tests.
    const open = at("open");
    mkdirSync(open, { recursive: true });
    chmodSync(folder, 0o755);
    chownSync(open, 65534, 65534);
    copyFileSync(at("mkdir.bpfrec"), join(open, "run.bpfrec"));
    chmodSync(join(open, "run.bpfrec"), 0o644);
    writeFileSync(join(open, "mkdir.ts"), recorded);
    const result = spawnSync(
      "/usr/bin/setpriv",
      [
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--bounding-set=-all",
        process.execPath,
        cli,
        "replay",
        "run.bpfrec",
        "mkdir.ts",
      ],
      { cwd: open, encoding: "utf8", env: { HOME: open, BPFTS_CACHE: join(open, "cache"), PATH: "/nowhere" } },
    );
    expect([result.stdout, result.stderr, result.status]).toEqual([output, "", 0]);
  });

  it("runs a changed script on the same events", async () => {
    const changed = makeText(`const paths: string[] = [];
b.table("events").open_ring_buffer((event) => paths.push((event as { path: string }).path.slice(-2)));
try { for (;;) { sleep(0.001); b.ring_buffer_poll(5); } } catch (error) { if (!(error instanceof Interrupt)) throw error; }
printf("%s %d\\n", paths.join("+"), modes.get(0o700));`);
    expect(await replay("mkdir", writeScript(folder, "changed.ts", changed))).toMatchObject({
      status: 0,
      stderr: "",
      stdout: "d1+d2+d3 3\n",
    });
  });

  it("says at the script's line what the recording does not hold", async () => {
    const fail = async (name: string, script: string): Promise<unknown> => {
      const { code, message, location } = parseCliError(
        await replay("mkdir", writeScript(folder, name, script), "--json-errors"),
      );
      return [code, message, location?.file.split("/").at(-1), location?.line];
    };
    expect(await fail("other.ts", makeText("print(modes.get(1));"))).toEqual([
      "BPFTS_ARGUMENT",
      expect.stringMatching(
        /^The script looks a key up in the table "modes", which the recorded run never did/,
      ) as unknown,
      "other.ts",
      17,
    ]);
    expect(await fail("early.ts", makeText("print([...modes].length);"))).toEqual([
      "BPFTS_ARGUMENT",
      expect.stringMatching(
        /^The script reads all of the table "modes", which the recorded run did only \d+\.\d s after its start/,
      ) as unknown,
      "early.ts",
      17,
    ]);
    expect(await fail("clear.ts", makeText("modes.clear();"))).toMatchObject([
      "BPFTS_ARGUMENT",
      expect.stringContaining('empties the table "modes"') as unknown,
      "clear.ts",
      17,
    ]);
    expect(await fail("text.ts", makeText("print(1);", text.replace("modes.increment(mode);", "")))).toEqual([
      "BPFTS_ARGUMENT",
      "The recorded run had no program of this C text",
      "text.ts",
      2,
    ]);
  });

  it("names the column that the run did not ask for", async () => {
    const line = 'tracepoint:syscalls:sys_enter_mkdir if (pid == cpid) { print("%d\\n", pid); }';
    await record("pids", ["-e", line, "-c", `mkdir -p ${at("of-pids")}`]);
    expect(await replay("pids", "--columns", "+time")).toMatchObject({ status: 0, stderr: "Attached 1 probe.\n" });
    for (const column of ["user", "container", "pod"])
      expect(parseCliError(await replay("pids", "--columns", `+${column}`, "--json-errors"))).toMatchObject({
        message: `The recording lacks what --columns +${column} shows of this row: the run did not ask for it`,
        hint: `give it to the run: bpfts run --record FILE --columns +${column} SCRIPT`,
      });
  });

  it("does not take a file for the script because a recording names it", async () => {
    const secret = at("secret");
    writeFileSync(secret, "the words of the file\n");
    const file = createRecording(at("naming.bpfrec"));
    file.add({ kind: "start", script: secret, startMs: 1, timeZone: "UTC" });
    file.add({ kind: "end", clock: [] });
    file.finish();
    file.close();
    const { status, stdout, stderr } = await replay("naming");
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(
      /^error: The recording ".*" says that its script is ".*secret", which is no script's name\n/,
    );
    expect(stderr).not.toContain("the words");
  });

  it("refuses what is no whole recording", async () => {
    const whole = readFileSync(at("mkdir.bpfrec"));
    const damaged = Buffer.from(whole);
    damaged[60]! ^= 1;
    for (const [bytes, message] of [
      [whole.subarray(0, whole.length - 20), /is cut off after/],
      [damaged, /is damaged at byte \d+/],
      [Buffer.from(recorded), /is no recording of bpfts/],
    ] as const) {
      writeFileSync(at("bad.bpfrec"), bytes);
      const error = parseCliError(await replay("bad", "--json-errors"));
      expect(error.message).toMatch(message);
      expect(error.exitCode).toBe(2);
    }
    for (const option of [["--web"], ["--web", "127.0.0.1:0"], ["--flame", "x.svg"], ["--json"], ["--max-events=1"]])
      expect((await replay("none", ...option)).stderr).toMatch(
        /^error: bpfts replay has no --[a-z-]+: .*\nhint: give --/,
      );
    expect((await replay("none")).stderr).toMatch(/^error: Cannot read the recording ".*none.bpfrec": no such file\n/);
  });

  it("replays tools with their options, and chooses among their rows anew", async () => {
    const command = `sh -c 'cat ${folder}/none; head -c 1 ${folder}/mkdir.ts > /dev/null' 2> /dev/null`;
    const rows = await record("opens", ["-c", `sh -c "${command} || true"`, "opensnoop"]);
    expect(rows.split("\n").filter((line) => line.includes(`${folder}/`)).length).toBeGreaterThanOrEqual(2);
    expect((await replay("opens")).stdout).toBe(rows);
    const chosen = await replay("opens", "--filter", `path==${folder}/none`, "--fields", "comm,err,path");
    expect(
      chosen.stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.split(/\s+/)),
    ).toEqual([
      ["COMM", "ERR", "PATH"],
      ["cat", "2", `${folder}/none`],
    ]);
    const json = await replay("opens", join(root, "scripts/tools/opensnoop.ts"), "--", "--json");
    expect(json.stdout.trimEnd().split("\n").length).toBe(rows.trimEnd().split("\n").length - 1);
  });

  it("replays one-liners: intervals, stacks, histograms, the clock", async () => {
    const line = `tracepoint:sched:sched_process_exec { print("%d %s %s\\n", pid, comm, walltime); } tracepoint:raw_syscalls:sys_enter if (pid == cpid) { hist(args->id); seen.count(kstack, ustack); }`;
    const all = await record("line", [
      "-c",
      "sh -c 'ls / > /dev/null; sleep 0.3; exec ls / > /dev/null'",
      "-i",
      "0.1",
      "-e",
      line,
    ]);
    expect(all).toMatch(/^ *value +: count/m);
    expect(all.match(/^\d+ \w+ .*\d\d:\d\d/gm)!.length).toBeGreaterThanOrEqual(3);
    expect((await replay("line")).stdout).toBe(all);
  });

  it("replays promises, timers, streams, lines of the trace pipe, and an end by Ctrl-C", async () => {
    const script = `import { BPF, on_exit, print, command } from "bpfts";
const b = new BPF({ text: \`
BPF_PERF_OUTPUT(events);
struct event { u64 number; };
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
    struct event event = { .number = bpf_ktime_get_ns() };
    events.perf_submit(args, &event, sizeof(event));
    bpf_trace_printk("number %d\\\\n", (int)event.number);
    return 0;
}\` });
on_exit(() => print("end", Date.now(), performance.now(), Math.random(), crypto.randomUUID()));
setInterval(() => print("tick", Date.now()), 20);
void (async () => { for await (const { number } of b.events<{ number: bigint }>("events", { by_time: true })) print("event", number); })();
print("waits");
const fields = b.trace_fields();
for (;;) { const line = fields.read(); if (line === undefined) break; print("line", ...line); }`;
    const run = startCli(["run", "--record", at("async.bpfrec"), writeScript(folder, "async.ts", script)]);
    await run.waitFor("waits");
    for (let i = 0; i < 3; i++) spawnSync(process.execPath, ["-e", "process.ppid"]);
    await run.waitFor("line");
    await run.waitFor("tick");
    await run.waitFor("event");
    run.child.kill("SIGINT");
    const { stdout, status } = await run.ended;
    expect([status, stdout.includes("end ")]).toEqual([0, true]);
    expect(await replay("async")).toMatchObject({ status: 0, stderr: "", stdout });
  });

  it("counts a run that was killed as cut off, and keeps that of a script that failed", async () => {
    const waiting = writeScript(
      folder,
      "waiting.ts",
      'import { print, sleep } from "bpfts";\nprint("waits");\nsleep(60);',
    );
    const run = startCli(["run", "--record", at("killed.bpfrec"), waiting]);
    await run.waitFor("waits");
    run.child.kill("SIGKILL");
    await run.ended;
    expect((await replay("killed")).stderr).toMatch(/is cut off after 0 entries\n/);
    const failing = writeScript(
      folder,
      "failing.ts",
      'import { print, read_file } from "bpfts";\nprint(read_file("/proc/loadavg"));\nthrow new Error("no more");',
    );
    const failed = await runCli(["run", "--record", at("failed.bpfrec"), failing]);
    const again = await replay("failed");
    expect([again.status, again.stdout, again.stderr]).toEqual([1, failed.stdout, failed.stderr]);
  });
});
