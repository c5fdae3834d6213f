import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, parseCliError, runCli, writeScript } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";

const folder = makeFolder();

/** Takes the events of a shell that was told to make 400 of them. */
const script = writeScript(
  folder,
  "chdirs.ts",
  `import { BPF, argv, command, json_output, on_exit, poll_events, print, sleep } from "bpfts";
const b = new BPF({ text: /* c */ \`
const volatile u32 shell = \${command?.root_pid ?? 0};
struct event_t { u32 number; u64 even; };
BPF_RINGBUF_OUTPUT(ring, 64);
BPF_PERF_OUTPUT(perf);
BPF_ARRAY(calls, u32, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    if (bpf_get_current_pid_tgid() >> 32 != shell) return 0;
    u32 zero = 0, *count = calls.lookup(&zero);
    if (!count) return 0;
    struct event_t event = { .number = *count, .even = *count % 2 == 0 };
    *count += 1;
    ring.ringbuf_output(&event, sizeof(event), 0);
    perf.perf_submit(args, &event, sizeof(event));
    bpf_trace_printk("call %d", event.number);
    return 0;
}\` });
on_exit(() => print("end"));
const ways: Record<string, () => void | Promise<void>> = {
  rows() { b.tables.ring.printf("%d %s\\n", "number", "even"); poll_events(); },
  json() { json_output(); b.tables.ring.printf("%d\\n", "number", "even"); poll_events(); },
  some() { b.tables.ring.open_ring_buffer(({ number, even }) => { if (even === 1n) { print(number); print("more"); } }); poll_events(); },
  both() {
    b.tables.ring.printf("ring %d\\n", "number");
    b.tables.perf.open_perf_buffer(({ number }) => print("perf", number));
    poll_events();
  },
  loop() { for (const { number } of b.events("ring")) print(number); },
  async awaited() { for await (const { number } of b.events("perf")) print(number); },
  lines() { b.trace_print({ fmt: "{5}", pid: command?.root_pid }); },
  fields() { for (const [, , , , , message] of b.trace_fields({ pid: command?.root_pid })) if (/[02468]$/.test(message)) print(message); },
  stubborn() {
    b.tables.ring.open_ring_buffer(({ number }) => print(number));
    for (let times = 0; times < 3; times++) try { poll_events(1); } catch { print("interrupted"); }
  },
  tables() { sleep(0.1); print("nothing"); },
};
await ways[argv[0]!]!();
`,
);

const chdirs = `i=0; while [ $i -lt 400 ]; do cd /; i=$((i+1)); done; sleep 60`;

async function runWay(way: string, ...options: readonly string[]): Promise<CliResult> {
  return runCli(["run", "--max-events", "5", ...options, "-c", chdirs, script, "--", way]);
}

describe("--max-events", () => {
  it.each([
    ["rows", ["0 1", "1 0", "2 1", "3 0", "4 1"]],
    ["json", [0, 1, 2, 3, 4].map((number) => `{"number":${number},"even":${(number + 1) % 2}}`)],
    ["some", [0, 2, 4, 6, 8].flatMap((number) => [String(number), "more"])],
    ["loop", ["0", "1", "2", "3", "4"]],
    ["awaited", ["0", "1", "2", "3", "4"]],
    ["lines", [0, 1, 2, 3, 4].map((number) => `call ${number}`)],
    ["fields", [0, 2, 4, 6, 8].map((number) => `call ${number}`)],
  ])("ends after so many events that are shown: %s", async (way, lines) => {
    const { status, stdout, stderr, durationMs } = await runWay(way);
    expect({ status, stderr, lines: stdout.trimEnd().split("\n") }).toEqual({
      status: 0,
      stderr: "",
      lines: [...lines, "end"],
    });
    expect(durationMs).toBeLessThan(30_000);
  });

  it("counts the events of all buffers", async () => {
    const { status, stdout } = await runWay("both");
    const lines = stdout.trimEnd().split("\n");
    expect([status, lines.length, lines.at(-1)]).toEqual([0, 6, "end"]);
  });

  it("shows no more to a script that goes on after the interrupt", async () => {
    const { stdout } = await runWay("stubborn");
    expect(stdout).toBe("0\n1\n2\n3\n4\ninterrupted\nend\n");
  });

  it("does nothing to a script with fewer", async () => {
    const few = ["run", "--max-events", "5", "-c", "cd /; cd /; cd /", script, "--", "loop"];
    expect(await runCli(few)).toMatchObject({ status: 0, stdout: "0\n1\n2\nend\n", stderr: "" });
  });

  it("says nothing of events where the arguments are wrong", async () => {
    const { status, stderr } = await runCli(["execsnoop", "--max-events", "2", "--no-such-option"]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/unrecognized arguments: --no-such-option\n$/);
  });

  it("says that a script has no events", async () => {
    const { status, stdout, stderr } = await runWay("tables");
    expect([status, stdout]).toEqual([0, "nothing\nend\n"]);
    expect(stderr).toBe(
      "warning: --max-events counted nothing: the script reads no events. Rows of tables that it prints are none\n",
    );
  });

  it("ends a one-liner, whose tables are printed, and a tool by its name", async () => {
    const line = 'tracepoint:syscalls:sys_enter_chdir if (pid == cpid) { print("%s\\n", comm); count(comm == "sh"); }';
    const shown = await runCli(["-e", line, "--max-events", "3", "-c", chdirs]);
    // The shell's own chdirs are counted, and a warning says that it is a shell.
    expect(shown).toMatchObject({ status: 0, stderr: expect.stringMatching(/Attached 1 probe\.\n$/) as string });
    expect(shown.stdout).toMatch(/^sh\nsh\nsh\ncount:\n1 {2}\d+\n$/);
    const tool = await runCli([
      "-c",
      "cat /dev/null /dev/null /dev/null /dev/null",
      "opensnoop",
      "-n",
      "cat",
      "--max-events",
      "2",
    ]);
    expect([tool.status, tool.stdout.trimEnd().split("\n").length]).toEqual([0, 3]);
  });

  it("ends at once on a flood, and tells of no loss that the user did not ask for", async () => {
    const flood = "dd if=/dev/zero of=/dev/null bs=1 count=400000000";
    const line = 'tracepoint:raw_syscalls:sys_enter if (pid == cpid) { print("%d\\n", args->id); }';
    const { status, stdout, stderr, durationMs } = await runCli(["-e", line, "--max-events", "3", "-c", flood]);
    expect({ status, stderr, lines: stdout.trimEnd().split("\n").length }).toEqual({
      status: 0,
      stderr: "Attached 1 probe.\n",
      lines: 3,
    });
    // The flood goes on for minutes, and so would a script that takes what it leaves.
    expect(durationMs).toBeLessThan(30_000);
  });

  it("ends a file of C in its time, whatever goes on", async () => {
    const file = writeScript(
      folder,
      "flood.c",
      `struct event { u64 id; };
BPF_RINGBUF_OUTPUT(events, 64);
BPF_HASH(calls, u32);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
    struct event event = { .id = 1 };
    events.ringbuf_output(&event, sizeof(event), 0);
    u32 key = 0;
    calls.increment(key);
    return 0;
}`,
    );
    const flood = spawn("perl", ["-MPOSIX", "-e", "getppid() while 1"], { stdio: "ignore" });
    try {
      const { status, stdout, stderr } = await runCli(["run", "--duration", "1", file]);
      const lost = Number(/Lost (\d+) event/.exec(stderr)?.[1] ?? 0);
      const seen = stdout.split("\n").filter((line) => line.startsWith("{ id: 1")).length;
      // Detached first: what the table has counted is what was sent, to the last one.
      expect([status, seen + lost]).toEqual([0, Number(/^0 +(\d+)$/m.exec(stdout)?.[1])]);
    } finally {
      flood.kill("SIGKILL");
    }
  });

  it("leaves out nothing that a command did before its end", async () => {
    const line = 'tracepoint:syscalls:sys_enter_write if (pid == cpid) { print("%d\\n", args->count); }';
    const ended = await runCli(["-e", line, "-c", "dd if=/dev/zero of=/dev/null bs=1 count=20000 status=none"]);
    const lost = Number(/Lost (\d+) event/.exec(ended.stderr)?.[1] ?? 0);
    expect([ended.status, ended.stdout.split("\n").length - 1 + lost]).toEqual([0, 20_000]);
  });

  it.each(["0", "-3", "2.5", "many"])("refuses %s", async (value) => {
    const result = await runCli(["run", "--json-errors", `--max-events=${value}`, script]);
    expect([result.status, parseCliError(result).message]).toEqual([
      2,
      `Option '--max-events <count>' argument '${value}' is invalid. give a whole number from 1`,
    ]);
  });
});

describe("--output and --utc", () => {
  const clock = writeScript(
    folder,
    "clock.ts",
    `import { command, print, sleep, strftime } from "bpfts";
print(strftime("%H:%M", new Date(0)), new Date(0).getHours());
if (command !== undefined) try { sleep(10); } catch {}`,
  );
  const env = { TZ: "Asia/Tokyo" };

  it("write into a file what the script prints, and no more", async () => {
    const path = join(folder, "out.txt");
    for (const option of [["-o", path], [`--output=${path}`]]) {
      const { status, stdout } = await runCli(["run", ...option, "-c", "echo own", clock], { env });
      expect([status, stdout, readFileSync(path, "utf8")]).toEqual([0, "own\n", "09:00 9\n"]);
    }
  });

  it("print times in UTC, and leave the command's time zone", async () => {
    const { stdout } = await runCli(["run", "--utc", "-c", "printenv TZ", clock], { env });
    expect(stdout).toBe("00:00 0\nAsia/Tokyo\n");
  });

  it("refuse a file that cannot be written before anything runs", async () => {
    const full = await runCli(["run", "-o", "/dev/full", clock]);
    expect([full.status, full.stderr.split("\n")[0]]).toEqual([
      3,
      'error: Cannot write "/dev/full" (ENOSPC, no space left on device)',
    ]);
    const result = await runCli(["run", "--json-errors", "-o", "/nowhere/x", clock]);
    expect([result.status, result.stdout, parseCliError(result).message]).toEqual([
      2,
      "",
      'Cannot write --output "/nowhere/x": there is no such folder',
    ]);
  });
});
