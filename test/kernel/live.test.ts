import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCli } from "../support/run-cli.ts";
import type { CliResult, RunningCli } from "../support/run-cli.ts";

/** A shell that changes its directory as often as it is told: that many system calls. */
let shell: ChildProcessWithoutNullStreams;
beforeAll(() => {
  shell = spawn("sh", ["-c", "while read n; do i=0; while [ $i -lt $n ]; do cd /; i=$((i+1)); done; echo done; done"]);
});
afterAll(() => void shell.kill("SIGKILL"));

async function changeDirectory(times: number): Promise<void> {
  shell.stdin.write(`${times}\n`);
  await once(shell.stdout, "data");
}

/** A session that lines are typed into. */
interface Session {
  readonly run: RunningCli;
  /** Types lines, and waits until all before them is done. */
  type(...lines: readonly string[]): Promise<void>;
  /** Ends it as Ctrl-D does. Answers what it printed, but for the marks of `type`. */
  end(): Promise<CliResult>;
}

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
