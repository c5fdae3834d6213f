import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { startShell } from "../support/own-shell.ts";
import { makeFolder, parseCliError, runCli, startCli, writeScript } from "../support/run-cli.ts";
import type { CliResult, RunningCli } from "../support/run-cli.ts";

const shell = startShell();
const { changeDirectory } = shell;

/** A session that lines are typed into. */
interface Session {
  readonly run: RunningCli;
  /** Types lines, and waits until all before them is done. */
  type(...lines: readonly string[]): Promise<void>;
  /** Ends it as Ctrl-D does. Answers what it printed, but for the marks of `type`. */
  end(): Promise<CliResult>;
}

const folder = makeFolder();
let marks = 0;

async function openSession(...args: readonly string[]): Promise<Session> {
  const run = startCli(["live", ...args]);
  const type = async (...lines: readonly string[]): Promise<void> => {
    const mark = `mark ${++marks} of the test`;
    // As values they stand in quotes on stdout.
    run.child.stdin.write(`${[...lines, `print("${mark}")`].join("\n")}\n`);
    await run.waitFor(`${mark}\n`);
  };
  await type();
  return {
    run,
    type,
    async end() {
      run.child.stdin.end();
      const result = await run.ended;
      return { ...result, stdout: result.stdout.replaceAll(/^mark \d+ of the test\n/gm, "") };
    },
  };
}

/** A text that counts what the shell does. */
const countChdirs = (table = ""): string =>
  `tracepoint:syscalls:sys_enter_chdir if (pid == ${shell.pid}) { ${table}count(comm); }`;

describe("a session", () => {
  it("prints the values of lines, whose declarations stay", async () => {
    const session = await openSession();
    await session.type(
      "1 + 1",
      "const x: number = 41",
      "x + 1",
      "const x = 'again'",
      "x",
      "function twice(value: number) {",
      "  return 2 * value;",
      "}",
      "twice(21)",
      "const wait = async (ms: number) => { await sleep_async(ms / 1000); return ms; }",
      "const waited = await wait(10); waited + 1",
      "[1n, { a: 'b' }]",
      "undefined",
      "_",
    );
    const { stdout, stderr, status } = await session.end();
    expect({ stderr, status, lines: stdout.trimEnd().split("\n") }).toEqual({
      stderr: "",
      status: 0,
      lines: ["2", "42", '"again"', "42", "11", '[1n, { a: "b" }]', '[1n, { a: "b" }]'],
    });
  });

  it("counts exactly what a text that is attached meanwhile sees, and keeps the table when it is detached", async () => {
    const session = await openSession();
    await changeDirectory(3);
    await session.type(`.on ${countChdirs()}`);
    await changeDirectory(5);
    await session.type("count", ".off 1");
    await changeDirectory(7);
    await session.type("count", "[...count.values()]", ".off 1");
    const { stdout, stderr, status } = await session.end();
    expect({ stdout, stderr, status }).toEqual({
      stdout:
        "1: tracepoint:syscalls:sys_enter_chdir\ncount:\nsh  5\ndetached 1; its tables stay\ncount:\nsh  5\n[5n]\n",
      stderr: "error: There is no text 1\nhint: nothing is attached by .on\n",
      // A line failed.
      status: 1,
    });
  });

  it("lets two texts count into one table by its name, and attaches one again to what it counted", async () => {
    const session = await openSession("-e", countChdirs());
    await session.type(`.on ${countChdirs()}`);
    await changeDirectory(4);
    await session.type("count", ".off 2");
    await changeDirectory(10);
    await session.type("count", ".clear count", "count", `.on ${countChdirs("other.")}`);
    await changeDirectory(1);
    await session.type("other");
    const { stdout, stderr } = await session.end();
    expect({
      stderr,
      lines: stdout
        .trimEnd()
        .split("\n")
        .filter((line) => !/^\d: /.test(line)),
    }).toEqual({
      stderr: "",
      lines: ["count:", "sh  8", "detached 2; its tables stay", "count:", "sh  18", "count: empty", "other:", "sh  1"],
    });
  });
});

describe("a session on a script", () => {
  it("begins where the script would wait, with its names, and runs what it registered for the end", async () => {
    const path = writeScript(
      folder,
      "begin.ts",
      `import { BPF, Interrupt, on_exit, print, sleep } from "bpfts";
const b = new BPF({ text: /* c */ \`
BPF_HASH(counts, u32, u64);
BPF_RINGBUF_OUTPUT(events, 8);
struct event { u32 number; };
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    if (bpf_get_current_pid_tgid() >> 32 != SHELL) return 0;
    u32 key = 7;
    counts.increment(key);
    struct event event = { .number = 40 };
    events.ringbuf_output(&event, sizeof(event), 0);
    return 0;
}\`, cflags: ["-DSHELL=${shell.pid}"] });
b.tables.events.open_ring_buffer((event) => print("event", event.number));
on_exit(() => print("the end"));
print("before");
try {
  for (;;) sleep(60);
} catch (error) {
  print("nobody sees this", error instanceof Interrupt);
}
print("nor this");
`,
    );
    const session = await openSession(path);
    await changeDirectory(2);
    await session.run.waitFor("event 40\nevent 40\n");
    await session.type("counts", "b.tables.counts.get(7)", "void counts.set(8, 1n)", "counts");
    const { stdout, stderr, status } = await session.end();
    const values = ["counts:", "7  2", "2n", "counts:", "8  1", "7  2"];
    expect({ stderr, status, lines: stdout.trimEnd().split("\n") }).toEqual({
      stderr: "",
      status: 0,
      lines: ["before", "event 40", "event 40", ...values, "the end"],
    });
  });

  it("shows a report's tables and events without its end", async () => {
    const path = writeScript(
      folder,
      "report.ts",
      (await runCli(["-e", `${countChdirs()} ${printChdirs()}`, "--script"])).stdout,
    );
    const session = await openSession(path);
    await changeDirectory(2);
    await session.run.waitFor("cd sh\ncd sh\n");
    await session.type("count");
    const { stdout, stderr } = await session.end();
    expect({ stderr, stdout }).toEqual({ stderr: "", stdout: "cd sh\ncd sh\ncount:\nsh  2\n" });
  });
});

const printChdirs = (): string =>
  `tracepoint:syscalls:sys_exit_chdir if (pid == ${shell.pid}) { print("cd %s\\n", comm); }`;

describe("what goes wrong in a session", () => {
  it("is told at its place, and the session goes on", async () => {
    const session = await openSession();
    await session.type(
      "nothing.there",
      "const e = ;",
      "f(",
      "1",
      "",
      ".on tracepoint:syscalls:sys_enter_chdir { count(comn); }",
      ".on tracepoint:syscalls:sys_enter_chdirr { count(comm); }",
      ".onn x",
      ".off 3",
      ".every 1 counts",
      "const later = () => { throw new TypeError('mine'); }",
      "later()",
      "new BPF({ text: `int f( { return 0; }` })",
    );
    await session.type("'still here'");
    const { stdout, stderr, status } = await session.end();
    expect({ stdout, status }).toEqual({ stdout: '"still here"\n', status: 1 });
    const found = [...stderr.matchAll(/^error: (.*)\n(?: {2}--> (.*)\n)?/gm)].map(([, message, place]) => [
      message,
      place,
    ]);
    // The first line of the session is the mark of the test.
    expect(found).toEqual([
      ["ReferenceError: 'nothing' is not defined", "live:2:1"],
      ['Unexpected ";"', "live:3:11"],
      ['Expected ")" but found end of file', "live:7:1"],
      ["C: use of undeclared identifier 'comn'", ".on:1:45"],
      [expect.stringContaining("sys_enter_chdirr"), expect.stringMatching(/^\.on:1:/)],
      ['There is no command ".onn"', undefined],
      ["There is no text 3", undefined],
      ['There is no table "counts"', undefined],
      ["TypeError: mine", "live:12:33"],
      [expect.stringMatching(/^C: /), expect.stringMatching(/^live:14:/)],
    ]);
    for (const hint of ['did you mean "comm"?', 'did you mean "syscalls:sys_enter_chdir"?', 'did you mean ".on"?'])
      expect(stderr).toContain(hint);
  });

  it("is said of the texts of the command line at once", async () => {
    const { stdout, stderr, status } = await runCli([
      "live",
      "-e",
      "tracepoint:syscalls:sys_enter_chdir { count(comn); }",
    ]);
    expect({ stdout, status }).toEqual({ stdout: "", status: 1 });
    expect(stderr).toContain("use of undeclared identifier 'comn'\n  --> -e:1:45\n");
  });

  it("is told as JSON where that is asked for", async () => {
    const session = await openSession("--json-errors");
    await session.type("nothing", "1 + 1");
    const result = await session.end();
    expect(result.stdout).toBe("2\n");
    expect(parseCliError(result)).toMatchObject({
      code: "BPFTS_GUEST",
      location: { file: "live", line: 2, column: 1 },
    });
  });

  it("is stopped by Ctrl-C, again and again, and what was declared is still there", async () => {
    const session = await openSession();
    await session.type("const kept = [1]");
    const lines = ["for (;;) kept[0]++", "sleep(1000)", "await sleep_async(1000)", "for (;;) sleep(0.01)"];
    for (const line of lines) {
      session.run.child.stdin.write(`print("now ${lines.indexOf(line)}"); flush(); ${line}\n`);
      await session.run.waitFor(`now ${lines.indexOf(line)}\n`);
      session.run.child.kill("SIGINT");
      await session.type();
    }
    await session.type("kept[0] > 1");
    const { stdout, status } = await session.end();
    expect({ status, stdout: stdout.replaceAll(/^now \d\n/gm, "") }).toEqual({ status: 0, stdout: "true\n" });
  });

  it("leaves the session its memory's ceiling", async () => {
    const session = await openSession();
    await session.type("let all = []", "for (;;) all.push(new Uint8Array(1 << 20))", "all = []", "1 + 1");
    const { stdout, stderr, status } = await session.end();
    expect({ stdout, status }).toEqual({ stdout: "[]\n2\n", status: 1 });
    expect(stderr).toMatch(/^error: The script used up its memory\n/);
  });

  it("is refused: a text whose table has other types than the session's", async () => {
    const session = await openSession("-e", countChdirs());
    await session.type(".on tracepoint:syscalls:sys_enter_chdir { count(pid); }", "count");
    const { stdout, stderr } = await session.end();
    expect(stdout).toBe("1: tracepoint:syscalls:sys_enter_chdir\ncount: empty\n");
    expect(stderr).toBe(
      'error: The session has a table "count" already: the type of its keys has changed\n' +
        "hint: give this text's table another name: name.count(…) in place of count(…)\n",
    );
  });
});

describe("the commands of a session", () => {
  it("tell what attached programs cost, by exact hits", async () => {
    const session = await openSession(
      "-e",
      `tracepoint:syscalls:sys_enter_chdir if (pid == ${shell.pid}) { count(comm); }`,
    );
    await session.type("_ = 0", ".probes");
    await changeDirectory(20);
    await session.type(".probes", "[...count.values()]", ".off 1", ".probes");
    const { stdout } = await session.end();
    const rows = [...stdout.matchAll(/^1 {2}(\S+) +(\d+) +(\d+) +([\d.]+)$/gm)];
    expect(rows.map(([, probe]) => probe)).toEqual(Array(2).fill("tracepoint:syscalls:sys_enter_chdir"));
    // Other processes change their directories, too.
    expect(Number(rows[1]![2]) - Number(rows[0]![2])).toBeGreaterThanOrEqual(20);
    expect(Number(rows[1]![3])).toBeGreaterThan(0);
    expect(stdout).toContain("[20n]");
    expect(stdout).toMatch(/nothing is attached\n$/);
  });

  it("show a table again and again until they are stopped", async () => {
    const session = await openSession("-e", countChdirs());
    await session.type(".every 0.1 count");
    await changeDirectory(3);
    await session.run.waitFor("sh  3\ncount:\nsh  3\n");
    await session.type(".stop");
    const before = session.run.stderrSoFar();
    await session.type(".stop");
    const { stdout, stderr, status } = await session.end();
    expect({ stderr, status, before }).toEqual({ stderr: "", status: 0, before: "" });
    expect(stdout).toMatch(/nothing is shown again and again\n$/);
  });

  it("list probes and types", async () => {
    const session = await openSession("-e", countChdirs());
    await session.type(".list -v tracepoint:syscalls:sys_enter_chdir", ".types count");
    const { stdout, stderr } = await session.end();
    expect(stderr).toBe("");
    expect(stdout).toContain("    const char *filename\n");
    expect(stdout).toContain('const count = b.table<count_key, bigint>("count");\n');
  });

  it("save a script that runs and prints the same", async () => {
    const path = `${folder}/saved.ts`;
    rmSync(path, { force: true });
    const session = await openSession(
      "-e",
      'tracepoint:syscalls:sys_enter_chdir if (comm == "live-saved") { count(comm); }',
    );
    await session.type(
      '.on tracepoint:syscalls:sys_exit_chdir if (comm == "live-saved") { exits.count(args->ret); }',
      "const limit = 5",
      'on_exit(() => print("at the end", [...exits.values()], limit))',
      "count",
    );
    const command = ["-c", `printf live-saved > /proc/$$/comm; cd /; cd /tmp; cd /`];
    spawnSync("sh", command);
    await session.type("count", "exits", `.save ${path}`, `.save ${path}`);
    const { stdout, stderr, status } = await session.end();
    const lines = stdout
      .trimEnd()
      .split("\n")
      .filter((line) => !/^(?:\d: |saved: )/.test(line));
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `error: "${path}" is there already\nhint: give another name: .save NAME.ts\n`,
    });
    expect(lines).toEqual(["count: empty", "count:", "live-saved  3", "exits:", "0  3", "at the end [3] 5"]);
    const again = await runCli(["run", "-c", command[1]!, path]);
    expect({ stdout: again.stdout, stderr: again.stderr, status: again.status }).toEqual({
      stdout: "count:\nlive-saved  3\n\nexits:\n0  3\nat the end [3] 5\n",
      stderr: expect.stringContaining("Attached 2 probes.\n") as string,
      status: 0,
    });
  });

  it("end a session with the status that exit() gives", async () => {
    const session = await openSession();
    session.run.child.stdin.write("on_exit(() => print('bye'))\nexit(3)\n1 + 1\n");
    const { stdout, status } = await session.run.ended;
    expect({ status, stdout: stdout.replace(/^mark.*\n/, "") }).toEqual({ status: 3, stdout: "bye\n" });
  });
});
