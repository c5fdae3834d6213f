import { copyFileSync, mkdirSync, realpathSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { findToolchain } from "../../runtime/compile/toolchain.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const { clang } = findToolchain(process.env);
const copies = ["one", "other"].map((name) => join(folder, name, "clang-99"));
const header = join(folder, "limit.h");
const script = writeScript(
  folder,
  "counts.ts",
  `import { argv, BPF, command } from "bpfts";
const b = new BPF({ text: \`
#include "limit.h"
const volatile u32 wanted_pid = \${command.pid};
BPF_ARRAY(seen, u64, LIMIT);
TRACEPOINT_PROBE(syscalls, sys_enter_sched_yield) {
    if (bpf_get_current_pid_tgid() >> 32 == wanted_pid) seen.increment(args->__syscall_nr >= 0);
    return 0;
}
\`, cflags: argv });
console.log([...b.tables.seen.values()].length);
`,
);

let written = 0;

/** Writes the header anew: no two have the same text. */
function writeLimit(limit: number): void {
  writeFileSync(header, `#define LIMIT ${limit}\n// ${(written += 1)}\n`);
}

/** Runs the script; answers what it printed and whether clang compiled its text. */
async function run(BPFTS_CLANG: string | undefined, ...args: string[]): Promise<[string, boolean]> {
  const env = { BPFTS_CACHE: join(folder, "cache"), ...(BPFTS_CLANG !== undefined && { BPFTS_CLANG }) };
  const result = await runCli(["run", "--verbose", "-c", "true", script, "--", ...args], { env });
  expect(result).toMatchObject({ status: 0 });
  return [result.stdout, result.stderr.includes("compiled ")];
}

beforeAll(() => {
  for (const copy of copies) {
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(realpathSync(clang), copy);
  }
});

describe("a text that was compiled before", () => {
  it("asks no compiler, and needs none", async () => {
    writeLimit(3);
    expect(await run(copies[0])).toEqual(["3\n", true]);
    expect(await run("/nonexistent/clang")).toEqual(["3\n", false]);
    expect(await run(copies[0])).toEqual(["3\n", false]);
  });

  it("is compiled again by another clang that the user names, and by one that was replaced", async () => {
    writeLimit(3);
    await run(copies[0]);
    expect(await run(copies[1])).toEqual(["3\n", true]);
    expect(await run(copies[1])).toEqual(["3\n", false]);
    utimesSync(copies[1]!, new Date(0), new Date(0));
    expect(await run(copies[1])).toEqual(["3\n", true]);
    rmSync(copies[1]!);
    expect(await run(copies[1])).toEqual(["3\n", false]);
  });

  it("is another one with another flag or header", async () => {
    writeLimit(3);
    expect(await run(copies[0], "-DLIMIT_OF_THE_FLAGS=1")).toEqual(["3\n", true]);
    writeLimit(5);
    expect(await run(copies[0])).toEqual(["5\n", true]);
    expect(await run("/nonexistent/clang")).toEqual(["5\n", false]);
  });

  it("is told what is missing when its header changed and nobody can compile it", async () => {
    writeLimit(7);
    const env = { BPFTS_CACHE: join(folder, "cache"), BPFTS_CLANG: "/nonexistent/clang" };
    const { stderr, status } = await runCli(["run", "-c", "true", script], { env });
    expect(stderr).toContain('Cannot run the clang that BPFTS_CLANG names: "/nonexistent/clang"\n  --> ');
    expect(status).toBe(3);
  });
});
