import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CliError, CliResult } from "../support/run-cli.ts";
import { cli, makeFolder, parseCliError, root, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const script = writeScript(
  folder,
  "probe.ts",
  `import { BPF, print } from "bpfts";
const b = new BPF({ text: \`
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) { return 0; }
\` });
print("loaded");
b.close();
`,
);

/** Runs the script under another command, which is given the CLI's words as its last arguments. */
function runUnder(command: readonly string[], env: Readonly<Record<string, string>> = {}, started = cli): CliResult {
  const [program, ...args] = [...command, process.execPath, started, "run", "--json-errors", script];
  const result = spawnSync(program!, args, { cwd: root, env: { ...process.env, ...env }, encoding: "utf8" });
  return { ...result, durationMs: 0 };
}

function parseError(result: CliResult): CliError {
  const error = parseCliError(result);
  expect(result.status).toBe(error.exitCode);
  return error;
}

describe("what this machine or user lacks", () => {
  it("a missing clang: what to install", async () => {
    const error = parseError(await runCli(["run", "--json-errors", script], { env: { PATH: folder } }));
    expect(error).toMatchObject({ code: "BPFTS_TOOLCHAIN", exitCode: 3, message: "Cannot find clang on the PATH" });
    expect(error.hint).toContain("apt-get install clang");
  });

  it("a clang that is too old, or that cannot run", async () => {
    const old = join(folder, "old");
    mkdirSync(old);
    writeFileSync(join(old, "clang-9"), "#!/bin/sh\n");
    chmodSync(join(old, "clang-9"), 0o755);
    expect(parseError(await runCli(["run", "--json-errors", script], { env: { PATH: old } })).message).toMatch(
      /clang 9 at ".*clang-9" is too old: version 12 or newer/,
    );
    expect(
      parseError(await runCli(["run", "--json-errors", script], { env: { BPFTS_CLANG: join(folder, "none") } }))
        .message,
    ).toContain("BPFTS_CLANG");
  });

  it("a PID namespace of its own", () => {
    const line = 'mount -t proc proc /proc && exec "$@"';
    const text = "tracepoint:syscalls:sys_enter_chdir if (pid == cpid) { count(); }";
    const run = [process.execPath, cli, "-e", text, "-c", `sh -c "cd /"`];
    const result = spawnSync("unshare", ["-m", "-p", "-f", "--kill-child", "sh", "-c", line, "sh", ...run], {
      encoding: "utf8",
    });
    expect(result.stderr).toMatch(
      /^warning: bpfts runs in a PID namespace of its own, as in a container: .* --pid=host\)\n/,
    );
    expect(result.status).toBe(0);
  });

  it("a kernel without its own types", () => {
    const error = parseError(
      runUnder(["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys/kernel/btf && exec "$@"', "sh"]),
    );
    expect(error).toMatchObject({ code: "BPFTS_UNSUPPORTED", exitCode: 3 });
    expect(error.message).toContain("/sys/kernel/btf/vmlinux");
    expect(error.hint).toContain("CONFIG_DEBUG_INFO_BTF");
  });

  it("a user without rights", () => {
    chmodSync(folder, 0o755);
    const home = join(folder, "nobody");
    mkdirSync(home);
    chmodSync(home, 0o777);
    // The checkout may lie where only its owner looks, compilers among those who do not. So may Node itself.
    const own = join(folder, "package");
    const parts = ["package.json", "binding.gyp", "dist", "build/Release", "bpf-headers", "sdk"];
    for (const part of [...parts, "node_modules/esbuild", "node_modules/@esbuild"])
      cpSync(join(root, part), join(own, part), { recursive: true });
    const caps = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"];
    const error = parseError(
      runUnder(
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", ...caps],
        { HOME: home, BPFTS_CACHE: join(home, "cache") },
        join(own, "dist/bpfts.cjs"),
      ),
    );
    expect(error).toMatchObject({ code: "BPFTS_PRIVILEGE", exitCode: 3 });
    expect(error.hint).toMatch(/root.*CAP_BPF/);
  });
});

describe("the cache", () => {
  const listObjects = (cache: string): string[] =>
    readdirSync(join(cache, "object")).map((name) => join(cache, "object", name));

  it("two runs that race over an empty cache both work, and leave no temporary file", async () => {
    const cache = join(folder, "race");
    const results = await Promise.all([1, 2, 3].map(() => runCli(["run", script], { env: { BPFTS_CACHE: cache } })));
    expect(results.map(({ stdout, stderr, status }) => ({ stdout, stderr, status }))).toEqual(
      Array(3).fill({ stdout: "loaded\n", stderr: "", status: 0 }),
    );
    expect(readdirSync(cache, { recursive: true }).filter((name) => String(name).endsWith(".tmp"))).toEqual([]);
  });

  it("a second run starts no clang", async () => {
    const cache = join(folder, "race");
    const compiled = (result: CliResult): boolean => result.stderr.includes("compiled");
    expect(compiled(await runCli(["run", "--verbose", script], { env: { BPFTS_CACHE: cache } }))).toBe(false);
  });

  it.each([
    ["cut off", (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ["empty", () => Buffer.alloc(0)],
    [
      "changed in one byte",
      (bytes: Buffer) =>
        Buffer.concat([bytes.subarray(0, 1000), Buffer.from([bytes[1000]! ^ 1]), bytes.subarray(1001)]),
    ],
  ])("an entry that is %s is made anew", async (_name, damage) => {
    const cache = join(folder, "race");
    const [path] = listObjects(cache);
    const before = readFileSync(path!);
    writeFileSync(path!, damage(before));
    const result = await runCli(["run", script], { env: { BPFTS_CACHE: cache } });
    expect(result).toMatchObject({ stdout: "loaded\n", stderr: "", status: 0 });
    expect(statSync(path!).size).toBe(before.length);
  });

  it("a damaged precompiled header is made anew", async () => {
    const cache = join(folder, "race");
    const [prelude] = readdirSync(join(cache, "prelude")).map((name) => join(cache, "prelude", name));
    const pch = readdirSync(prelude!).find((name) => name.endsWith(".pch"))!;
    writeFileSync(join(prelude!, pch), "not a header");
    for (const path of listObjects(cache)) writeFileSync(path, "");
    expect(await runCli(["run", script], { env: { BPFTS_CACHE: cache } })).toMatchObject({
      stdout: "loaded\n",
      stderr: "",
      status: 0,
    });
  });

  it("a copy of the cache at another path compiles a new text", async () => {
    const copy = join(folder, "copied");
    cpSync(join(folder, "race"), copy, { recursive: true });
    const changed = writeScript(
      folder,
      "changed.ts",
      readFileSync(script, "utf8").replace("return 0;", "return 0 + 0;"),
    );
    expect(readFileSync(changed, "utf8")).toContain("0 + 0");
    expect(await runCli(["run", changed], { env: { BPFTS_CACHE: copy } })).toMatchObject({
      stdout: "loaded\n",
      stderr: "",
      status: 0,
    });
  });

  it("a folder that cannot be written to gives way to a private one", () => {
    const cache = join(folder, "read-only");
    mkdirSync(cache);
    const result = runUnder(
      [
        "unshare",
        "-m",
        "sh",
        "-c",
        `mount --bind "${cache}" "${cache}" && mount -o remount,bind,ro "${cache}" && exec "$@"`,
        "sh",
      ],
      { BPFTS_CACHE: cache, XDG_CACHE_HOME: join(folder, "other") },
    );
    expect(result).toMatchObject({ stdout: "loaded\n", status: 0 });
    expect(result.stderr).toMatch(/^warning: Nothing is kept .*read-only" cannot be written to\n$/);
    expect(existsSync(join(folder, "other"))).toBe(false);
  });
});

describe("the command line", () => {
  it.each([
    [["run"], 2, /Missing required argument 'script'\nhint: see bpfts run --help/],
    [["run", "--verbos", "x.ts"], 2, /Unknown option '--verbos'\nhint: .*--verbose/],
    [["run", "--frob", "x.ts"], 2, /Unknown option '--frob'\nhint: a script's own options go after --/],
    [["map", "get"], 2, /Missing required argument 'map'\nhint: see bpfts map get --help/],
    [["top", "--frob"], 2, /Unknown option '--frob'\nhint: see bpfts top --help/],
    [
      ["tracepoint:a:b { count(); }"],
      2,
      /\nhint: a text of probes follows -e: bpfts -e 'tracepoint:a:b \{ count\(\); \}'\n/,
    ],
    [["run", "-d", "1", "x.ts"], 2, /Unknown option '-d'\nhint: did you mean --duration\?/],
    [["runn", "x.ts"], 2, /There is no command or tool "runn"\nhint: did you mean "run"\?/],
    [["run", "--memory", "1", "x.ts"], 2, /whole number of MiB/],
    [["run", "-c", "", "scripts/hello.ts"], 2, /-c/],
    [["run", "nothing-here.ts"], 1, /nothing-here\.ts/],
    [["check", "--emit", "asm", "scripts/hello.ts"], 2, /asm/],
  ])("%j ends with %i and a sentence", async (args, status, message) => {
    const result = await runCli(args);
    expect(result.stderr).toMatch(message);
    expect(result.stderr.startsWith("error: ")).toBe(true);
    expect(result.status).toBe(status);
  });

  it("a command that does not exist is told, and its script still ends", async () => {
    const result = await runCli(["run", "-c", "/no/such/program", "scripts/hello.ts"]);
    expect(result).toMatchObject({
      status: 127,
      stdout: "",
      stderr: 'error: Cannot run the command "/no/such/program" (ENOENT, no such file or directory)\n',
    });
  });

  it.each([
    ["a reader that is gone", "| head -n 1 >/dev/null; exit ${PIPESTATUS[0]}", 0, ""],
    ["a full disk", ">/dev/full", 3, "error: Cannot write to stdout (ENOSPC)\n"],
  ])("%s ends a command that prints", (_, into, status, stderr) => {
    const line = `'${process.execPath}' '${cli}' list -v 'tracepoint:*' ${into}`;
    const result = spawnSync("bash", ["-c", line], { cwd: root, encoding: "utf8" });
    expect({ status: result.status, stderr: result.stderr }).toEqual({ status, stderr });
  });

  it("--version and --help say what they should", async () => {
    expect((await runCli(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const help = await runCli(["--help"]);
    for (const word of ["run", "check", "doctor", "vm", "Examples:"]) expect(help.stdout).toContain(word);
    expect((await runCli(["run", "--help"])).stdout).toContain("Examples:");
  });

  it("check says in one line what is in order, and what is not, for many files", async () => {
    const good = writeScript(
      folder,
      "good.c",
      "BPF_HASH(counts, u32);\nTRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {\n  u32 key = 1;\n  counts.increment(key);\n  return 0;\n}\n",
    );
    const bad = writeScript(folder, "bad.c", "int f(void *ctx) {\n  return nothing_like_it;\n}\n");
    const result = await runCli(["check", good, bad]);
    expect(result.status).toBe(1);
    const [first, second] = result.stdout.split("\n");
    expect(first).toMatch(/good\.c: ok, 1 program, 1 map, verified in \d+ ms$/);
    expect(second).toMatch(/bad\.c: line 2: C: use of undeclared identifier 'nothing_like_it'$/);
    expect((await runCli(["check", "--emit", "c", good])).stdout).toContain("#line 1");
    expect(JSON.parse((await runCli(["check", "--emit", "spec", good])).stdout)).toMatchObject({
      maps: [{ name: "counts", type: 1 }],
    });
    expect((await runCli(["check", "--no-load", "scripts/counts.ts"])).stdout).toMatch(/compiled in/);
  });
});
