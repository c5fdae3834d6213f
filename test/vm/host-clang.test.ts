import { realpathSync, rmSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { findToolchain } from "../../runtime/compile/toolchain.ts";
import { cli, writeScript } from "../support/run-cli.ts";
import { runGuest } from "./run-guest.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfts-host-clang-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a script in a guest whose own clang has lost its libraries, with a text that no cache knows. */
function runWithoutClang(name: string, line: string, compilesInGuest: boolean) {
  const script = writeScript(
    folder,
    name,
    `import { BPF, print } from "bpfts";\nnew BPF({ text: \`TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) { return ${Date.now() % 1e9}; }\n${line}\` });\nprint("loaded");\n`,
  );
  const clang = realpathSync(findToolchain(process.env).clang);
  return runGuest(
    [
      "sh",
      "-c",
      `rm $(ldd ${clang} | awk '/clang-cpp|LLVM/ { print $3 }') && exec "$0" "$@"`,
      process.execPath,
      cli,
      "run",
      script,
    ],
    { compilesInGuest },
  );
}

it("compiles for a guest, which needs none of its own", async () => {
  expect(await runWithoutClang("good.ts", "", false)).toMatchObject({
    status: 0,
    stderr: "",
    stdout: Buffer.from("loaded\n"),
  });
});

it("finds what is wrong, at its place", async () => {
  const { status, stderr } = await runWithoutClang("wrong.ts", "int wrong(void) { return nothing; }", false);
  expect(stderr).toMatch(/^error: C: .*undeclared identifier 'nothing'/);
  expect(stderr).toContain("wrong.ts:3:");
  expect(status).toBe(1);
});

it("stays out of it when the guest shall compile, or the text has headers that only the guest may see", async () => {
  expect((await runWithoutClang("guest.ts", "", true)).stderr).toMatch(/clang \d+ crashed \(status 127\)/);
  writeScript(folder, "own.h", "");
  expect((await runWithoutClang("own.ts", '#include "own.h"', false)).stderr).toMatch(
    /clang \d+ crashed \(status 127\)/,
  );
});
