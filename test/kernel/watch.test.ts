import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, readdirSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startShell } from "../support/own-shell.ts";
import { makeFolder, runCli, startCli, writeScript } from "../support/run-cli.ts";
import type { RunningCli } from "../support/run-cli.ts";

const folder = makeFolder();

const shell = startShell();
const { changeDirectory } = shell;

interface Counter {
  readonly version: string;
  readonly value?: string;
  readonly c?: string;
  readonly js?: string;
}

function renderCounter({ version, value = "u64", c = "", js = "" }: Counter): string {
  return `import { BPF, argv, on_exit, printf, sleep } from "bpfts";
const b = new BPF({ text: /* c */ \`
BPF_HASH(counts, u32, ${value});
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    if (bpf_get_current_pid_tgid() >> 32 != SHELL) return 0;
    u32 key = 0;
    ${c}
    counts.increment(key);
    return 0;
}\`, cflags: ["-DSHELL=" + argv[0]] });
${js}
printf("${version} begins\\n");
on_exit(() => printf("${version} ends at %d\\n", Number(b.tables.counts.get(0) ?? 0)));
for (;;) sleep(60);
`;
}

/** Starts a script under --watch and waits until its version "one" counts. */
async function startCounter(name: string, ...options: readonly string[]): Promise<{ path: string; run: RunningCli }> {
  const path = writeScript(folder, name, renderCounter({ version: "one" }));
  const run = startCli(["run", "--watch", ...options, path, "--", String(shell.pid)]);
  await run.waitFor("one begins\n");
  return { path, run };
}

/** As most editors do: the new text is complete before it has the file's name. */
function save(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

async function end(
  run: RunningCli,
): Promise<{ stdout: string; says: string[]; stderr: string; status: number | null }> {
  run.child.kill("SIGINT");
  const { stdout, stderr, status } = await run.ended;
  const says = stderr
    .split("\n")
    .filter((line) => line.startsWith("-- "))
    .map((line) => line.replace(/in \d+ ms/, "in N ms"));
  return { stdout, stderr, says, status };
}

describe("bpfts run --watch", () => {
  it("keeps a table over an edit, and tells of the swap in one sentence", async () => {
    const { path, run } = await startCounter("kept.ts");
    await changeDirectory(5);
    save(path, renderCounter({ version: "two" }));
    await run.waitFor("two begins\n");
    await changeDirectory(7);
    expect(await end(run)).toMatchObject({
      stdout: "one begins\none ends at 5\ntwo begins\ntwo ends at 12\n",
      says: ["-- reloaded kept.ts in N ms, kept counts"],
      status: 0,
    });
  });

  it("begins with an empty table where the type of its values has changed, and says why", async () => {
    const { path, run } = await startCounter("changed.ts");
    await changeDirectory(5);
    save(path, renderCounter({ version: "two", value: "u32" }));
    await run.waitFor("two begins\n");
    await changeDirectory(7);
    expect(await end(run)).toMatchObject({
      stdout: "one begins\none ends at 5\ntwo begins\ntwo ends at 7\n",
      says: ["-- reloaded changed.ts in N ms; counts starts empty, because the type of its values has changed"],
    });
  });

  it("begins with empty tables with --fresh", async () => {
    const { path, run } = await startCounter("fresh.ts", "--fresh");
    await changeDirectory(5);
    save(path, renderCounter({ version: "two" }));
    await run.waitFor("two begins\n");
    expect(await end(run)).toMatchObject({
      stdout: "one begins\none ends at 5\ntwo begins\ntwo ends at 0\n",
      says: ["-- reloaded fresh.ts in N ms; counts starts empty"],
    });
  });

  it("leaves the version before running when the new one is broken, in whatever way", async () => {
    const { path, run } = await startCounter("broken.ts");
    const broken: readonly [Counter & { readonly text?: string }, RegExp][] = [
      [{ version: "two", js: "const = 1;" }, /error: Expected identifier but found "="\n {2}--> .*broken\.ts:11:/],
      [
        { version: "two", c: "nonsense;" },
        /error: C: use of undeclared identifier 'nonsense'\n {2}--> .*broken\.ts:7:/,
      ],
      [
        { version: "two", c: "u64 *at = counts.lookup(&key); key = *at;" },
        /error: The kernel's verifier rejects .*'map_value_or_null'\n {2}--> .*broken\.ts:7:/,
      ],
      [{ version: "two", js: "b.attach_kprobe({ event: 'x', fn_name: 'none' });" }, /the C text has no such function/],
      [{ version: "two", js: "throw new TypeError('mine');" }, /error: TypeError: mine/],
    ];
    for (const [index, [counter, message]] of broken.entries()) {
      save(path, renderCounter(counter));
      await expect
        .poll(() => run.stderrSoFar().match(/-- the version before runs on/g)?.length ?? 0, { timeout: 10_000 })
        .toBe(index + 1);
      expect(run.stderrSoFar()).toMatch(message);
      await changeDirectory(2);
    }
    save(path, renderCounter({ version: "three" }));
    await run.waitFor("three begins\n");
    expect(await end(run)).toMatchObject({
      stdout: "one begins\none ends at 10\nthree begins\nthree ends at 10\n",
      says: [...broken.map(() => "-- the version before runs on"), "-- reloaded broken.ts in N ms, kept counts"],
      status: 0,
    });
  });

  it("watches imports, the C file and its headers, and takes a burst of saves for one", async () => {
    const own = join(folder, "own");
    mkdirSync(own);
    const files = {
      "names.ts": 'export const version = "one";\n',
      "own.h": "#define STEP 1\n",
      "own.c":
        '#include "own.h"\nBPF_ARRAY(sum, u64, 1);\nTRACEPOINT_PROBE(syscalls, sys_enter_chdir) { if (bpf_get_current_pid_tgid() >> 32 != SHELL) return 0; u32 zero = 0; u64 *at = sum.lookup(&zero); if (at) *at += STEP; return 0; }\n',
      "own.ts": `import { BPF, argv, on_exit, printf, sleep } from "bpfts";
import { version } from "./names.ts";
const b = new BPF({ src_file: "own.c", cflags: ["-DSHELL=" + argv[0]] });
printf("%s begins\\n", version);
on_exit(() => printf("%s ends at %d\\n", version, Number(b.tables.sum.get(0))));
for (;;) sleep(60);
`,
    };
    for (const [name, text] of Object.entries(files)) writeScript(own, name, text);
    const run = startCli(["run", "--watch", join(own, "own.ts"), "--", String(shell.pid)]);
    await run.waitFor("one begins\n");
    await changeDirectory(1);
    for (const version of ["burst", "of", "saves", "two"]) {
      save(join(own, "names.ts"), `export const version = "${version}";\n`);
      await delay(5);
    }
    await run.waitFor("two begins\n");
    await changeDirectory(1);
    save(join(own, "own.h"), "#define STEP 10\n");
    await run.waitFor("two ends at 2\n");
    await expect.poll(() => run.stderrSoFar()).toContain("reloaded own.h");
    await changeDirectory(1);
    writeFileSync(join(own, "own.c"), `${files["own.c"]}// new\n`);
    await run.waitFor("two ends at 12\n");
    await expect.poll(() => run.stderrSoFar()).toContain("reloaded own.c");
    // What is saved as it was is no change.
    save(join(own, "own.c"), `${files["own.c"]}// new\n`);
    await delay(300);
    const { says } = await end(run);
    expect(says).toEqual([
      "-- reloaded names.ts in N ms, kept sum",
      "-- reloaded own.h in N ms, kept sum",
      "-- reloaded own.c in N ms, kept sum",
    ]);
  });

  it("misses no event at a swap, and says each of them at least once", async () => {
    const perl = spawn("perl", [
      "-e",
      '$| = 1; <STDIN>; for (1..3000) { chdir "n$_"; select undef, undef, undef, 0.001 } print "done"',
    ]);
    try {
      const render = (word: string): string => `import { BPF, argv, poll_events, printf } from "bpfts";
const b = new BPF({ text: /* c */ \`
BPF_RINGBUF_OUTPUT(calls, 64);
struct call_t { char path[8]; };
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    if (bpf_get_current_pid_tgid() >> 32 != PERL) return 0;
    struct call_t call = {};
    bpf_probe_read_user_str(call.path, sizeof(call.path), args->filename);
    calls.ringbuf_output(&call, sizeof(call), 0);
    return 0;
}\`, cflags: ["-DPERL=" + argv[0]] });
b.tables.calls.open_ring_buffer(({ path }) => printf("${word} %s\\n", path));
printf("${word} begins\\n");
poll_events();
`;
      const path = writeScript(folder, "every.ts", render("one"));
      const run = startCli(["run", "--watch", path, "--", String(perl.pid)]);
      await run.waitFor("one begins\n");
      const done = once(perl.stdout, "data");
      perl.stdin.write("\n");
      await run.waitFor("one n200\n");
      save(path, render("two"));
      await run.waitFor("two begins\n");
      await done;
      await run.waitFor("two n3000\n");
      const { stdout } = await end(run);
      const seen = new Set([...stdout.matchAll(/ n(\d+)$/gm)].map(([, number]) => Number(number)));
      expect([...Array(3000).keys()].map((index) => index + 1).filter((number) => !seen.has(number))).toEqual([]);
      expect(stdout).toMatch(/^one n\d+$/m);
    } finally {
      perl.kill("SIGKILL");
    }
  });

  it("waits for a save when the script cannot start, or has ended, and then goes on with its tables", async () => {
    const path = writeScript(folder, "late.ts", "const = 1;\n");
    const run = startCli(["run", "--watch", path, "--", String(shell.pid)]);
    await run.waitFor("-- no version of the script runs; it starts again when a file of it is saved\n");
    save(path, renderCounter({ version: "one" }).replace("sleep(60)", "sleep(0.05), b.tables.counts.size && boom()"));
    await run.waitFor("one begins\n");
    await changeDirectory(3);
    await run.waitFor("-- the script has ended with status 1; it starts again when a file of it is saved\n");
    save(path, renderCounter({ version: "two" }));
    await run.waitFor("two begins\n");
    await changeDirectory(1);
    expect((await end(run)).stdout).toMatch(/two begins\ntwo ends at 4\n$/);
  });

  it("ends with Ctrl-C when no version runs", async () => {
    const run = startCli(["run", "--watch", writeScript(folder, "never.ts", "const = 1;\n")]);
    await run.waitFor("-- no version");
    expect((await end(run)).status).toBe(0);
  });

  it("leaves nothing behind after twenty swaps, and writes on into the file of -o", async () => {
    const output = join(folder, "swaps.txt");
    const path = writeScript(folder, "swaps.ts", renderCounter({ version: "v0" }));
    const run = startCli(["run", "--watch", "-o", output, path, "--", String(shell.pid)]);
    await expect.poll(() => readText(output), { timeout: 10_000 }).toContain("v0 begins\n");
    const counts: number[] = [];
    for (let version = 1; version <= 20; version++) {
      await changeDirectory(1);
      save(path, renderCounter({ version: `v${version}` }));
      await expect.poll(() => readText(output), { timeout: 20_000 }).toContain(`v${version} begins\n`);
      // The next version's process has started by then.
      await expect.poll(() => listChildren(run.child.pid!).length).toBe(2);
      counts.push(readdirSync(`/proc/${run.child.pid}/fd`).length);
    }
    // One that stayed of each version would be nineteen.
    expect(Math.abs(counts.at(-1)! - counts[1]!)).toBeLessThan(5);
    const held = countBpf([run.child.pid!, ...listChildren(run.child.pid!)]);
    expect(held).toEqual({ programs: 1, maps: 1 });
    await end(run);
    const versions = [...Array(21).keys()];
    expect(readText(output)).toBe(versions.map((n) => `v${n} begins\nv${n} ends at ${Math.min(n + 1, 20)}\n`).join(""));
  }, 120_000);

  it("ends all versions when the supervisor is killed", async () => {
    const { run } = await startCounter("orphan.ts");
    await expect.poll(() => listChildren(run.child.pid!).length).toBe(2);
    const versions = listChildren(run.child.pid!);
    run.child.kill("SIGKILL");
    await expect
      .poll(() => versions.filter((pid) => readText(`/proc/${pid}/cmdline`).includes("orphan.ts")), { timeout: 10_000 })
      .toEqual([]);
  });

  it("refuses what a run of several versions cannot do", async () => {
    const path = writeScript(folder, "refused.ts", renderCounter({ version: "one" }));
    const cases: readonly [readonly string[], string][] = [
      [["--fresh", path], "--fresh does nothing without --watch"],
      [["--watch", "-"], '--watch needs a file to watch, and "-" is none'],
      [
        ["--watch", join(folder, "nothing.ts")],
        `--watch needs a file to watch, and "${join(folder, "nothing.ts")}" is none`,
      ],
      [
        ["--watch", "--flame", "x.svg", path],
        "--watch and --flame do not go together: each version would draw it anew",
      ],
      [
        ["--watch", "--lab", "x.json", path],
        "--watch and --lab do not go together: each version would make the lab, and take it down",
      ],
    ];
    for (const [args, message] of cases) {
      const { status, stderr } = await runCli(["run", ...args]);
      expect(stderr).toContain(`error: ${message}\nhint: `);
      expect(status).toBe(2);
    }
  });
});

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function listChildren(pid: number): number[] {
  return readText(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}

/** Programs and maps that processes hold, each once; without those that are bpfts' own. */
function countBpf(pids: readonly number[]): { programs: number; maps: number } {
  const programs = new Set<string>();
  const maps = new Set<string>();
  for (const pid of pids)
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const info = readText(`/proc/${pid}/fdinfo/${fd}`);
      const program = /^prog_id:\t(\d+)$/m.exec(info)?.[1];
      const map = /^map_id:\t(\d+)$/m.exec(info)?.[1];
      if (program !== undefined && readLink(`/proc/${pid}/fd/${fd}`).includes("bpf-prog")) programs.add(program);
      if (map !== undefined) maps.add(map);
    }
  return { programs: programs.size, maps: maps.size };
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
