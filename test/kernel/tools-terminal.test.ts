import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeFolder, root, runCli } from "../support/run-cli.ts";

const folder = makeFolder();
/** Holds a pseudo-terminal that nobody looks at. */
const holder = spawn("/usr/bin/python3", [
  "-c",
  "import os, pty, sys; _, side = pty.openpty(); print(os.ttyname(side), flush=True); sys.stdin.read()",
]);
let device = "";
beforeAll(async () => {
  device = await new Promise((resolve) =>
    holder.stdout.once("data", (text: Buffer) => resolve(text.toString().trim())),
  );
});
afterAll(() => void holder.kill("SIGKILL"));

describe("ttysnoop", () => {
  const show = (name: string, ...args: readonly string[]) =>
    runCli(
      ["-c", `/usr/bin/python3 ${join(root, "test/kernel/programs/terminal.py")} ${device}`, "ttysnoop", name, ...args],
      {
        cwd: folder,
      },
    );

  it("shows what is written to a terminal byte by byte, through /dev/tty, too", async () => {
    expect(await show(device.replace("/dev/pts/", ""))).toMatchObject({
      status: 0,
      stdout: `one \x1b[1mtwo\n${"a".repeat(300)}b\nthree\n`,
      stderr: "",
    });
  });

  it("says what it leaves out, and what is no terminal", async () => {
    expect(await show(device, "-s", "100", "-c", "2")).toMatchObject({
      stdout: `one \x1b[1mtwo\n${"a".repeat(200)}three\n`,
      stderr: "ttysnoop: at least 101 bytes of long writes are not shown: take a larger -c or -s\n",
    });
    expect(await show("/dev/null")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("Unable to read device /dev/null. Exiting.\n") as unknown,
    });
  });
});
