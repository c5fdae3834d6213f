import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli, makeFolder } from "../support/run-cli.ts";
import { openTerminal } from "../support/own-terminal.ts";
import type { OwnTerminal } from "../support/own-terminal.ts";

const cache = makeFolder();

/** A shell that changes its directory once a line. */
let shell: ChildProcessWithoutNullStreams;
beforeAll(() => {
  shell = spawn("sh", ["-c", "while read n; do cd /; echo done; done"]);
});
afterAll(() => void shell.kill("SIGKILL"));

async function changeDirectory(): Promise<void> {
  shell.stdin.write("once\n");
  await once(shell.stdout, "data");
}

async function openSession(...args: readonly string[]): Promise<OwnTerminal> {
  const terminal = openTerminal([process.execPath, cli, "live", ...args], { BPFTS_CACHE: cache });
  try {
    await terminal.waitFor((lines) => lines.at(-1) === ">");
  } catch (error) {
    terminal.close();
    throw error;
  }
  return terminal;
}

describe("a session on a terminal", () => {
  it("completes commands, probes, values, tables and their calls", async () => {
    const terminal = await openSession();
    const isLast = (text: string) => (lines: readonly string[]) => lines.at(-1) === text;
    try {
      terminal.type(".he");
      terminal.press("Tab");
      await terminal.waitFor(isLast("> .help"));
      terminal.press("C-u");
      terminal.type(".on tracepoint:syscalls:sys_enter_chd");
      terminal.press("Tab");
      await terminal.waitFor(isLast("> .on tracepoint:syscalls:sys_enter_chdir"));
      terminal.type(' { print("%s", str(args->fil');
      terminal.press("Tab");
      await terminal.waitFor((lines) => lines.at(-1)!.endsWith("str(args->filename"));
      terminal.press("C-u");
      terminal.type(`.on tracepoint:syscalls:sys_enter_chdir if (pid == ${shell.pid}) { mine.count(comm); }`);
      terminal.press("Enter");
      await terminal.waitFor(
        (lines) => lines.includes("1: tracepoint:syscalls:sys_enter_chdir") && lines.at(-1) === ">",
      );
      terminal.type("mi");
      terminal.press("Tab");
      await terminal.waitFor(isLast("> mine"));
      terminal.type(".max_en");
      terminal.press("Tab");
      await terminal.waitFor(isLast("> mine.max_entries"));
      terminal.press("Enter");
      await terminal.waitFor((lines) => lines.includes("> mine.max_entries") && lines.includes("10240"));
      // The line of a session is there in the next one.
      terminal.press("C-d");
      await terminal.waitFor((lines) => lines.includes("ended 0") || lines.at(-1)!.endsWith("ended 0"));
    } finally {
      terminal.close();
    }
    const next = await openSession();
    try {
      next.press("Up");
      await next.waitFor(isLast("> mine.max_entries"));
    } finally {
      next.close();
    }
  });

  it("shows events above the line that is being typed, and draws a table again in its place", async () => {
    const text = `tracepoint:syscalls:sys_enter_chdir if (pid == ${shell.pid}) { print("seen %s\\n", comm); count(comm); }`;
    const terminal = await openSession("-e", text);
    try {
      terminal.type("1 + ");
      await terminal.waitFor((lines) => lines.at(-1) === "> 1 +");
      await changeDirectory();
      await changeDirectory();
      const lines = await terminal.waitFor((found) => found.filter((line) => line === "seen sh").length === 2);
      expect(lines.slice(-3)).toEqual(["seen sh", "seen sh", "> 1 +"]);
      terminal.type("41");
      terminal.press("Enter");
      await terminal.waitFor((found) => found.at(-2) === "42");
      terminal.type(".every 0.2 count");
      terminal.press("Enter");
      await terminal.waitFor((found) => found.includes("sh  2") && found.at(-1) === ">");
      terminal.type("2 * ");
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const drawn = terminal.read();
      expect(drawn.filter((line) => line === "count:")).toHaveLength(1);
      expect(drawn.slice(-3)).toEqual(["count:", "sh  2", "> 2 *"]);
    } finally {
      terminal.close();
    }
  });

  it("drops a typed line at Ctrl-C, and stops one that runs", async () => {
    const terminal = await openSession();
    try {
      terminal.type("const { a,");
      terminal.press("Enter");
      await terminal.waitFor((lines) => lines.at(-1) === ".");
      terminal.press("C-c");
      await terminal.waitFor((lines) => lines.at(-1) === ">");
      terminal.type("for (;;) {}");
      terminal.press("Enter");
      await new Promise((resolve) => setTimeout(resolve, 1000));
      terminal.press("C-c");
      await terminal.waitFor((lines) => lines.at(-1) === ">");
      terminal.type("6 * 7");
      terminal.press("Enter");
      await terminal.waitFor((lines) => lines.includes("42"));
    } finally {
      terminal.close();
    }
  });
});
