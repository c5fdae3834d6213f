import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cli, makeFolder, runCli, startCli } from "../support/run-cli.ts";

/** Stands in every file that no script of this page may show. */
const words = "KEEP THIS BETWEEN US";

const base = makeFolder();
const outside = join(base, "outside");
mkdirSync(outside, { mode: 0o700 });
const secrets: Readonly<Record<string, string>> = {
  secret: `${words} 1\n${words} 2\n`,
  "secret.txt": `${words} 1\n${words} 2\n`,
  "secret.c": `${words} 1\n`,
  "secret.h": `#define SECRET "${words}"\n`,
  // A file of each kind that would be taken, and one that would be refused with its words in the message.
  "secret.json": `{"word":"${words}"}\n`,
  "broken.json": `${words}\n`,
  "secret.ts": `export default "${words}";\n`,
  "broken.ts": `${words}\n`,
  "package.json": `{"name":"outside","main":"secret.ts","description":"${words}"}\n`,
  "tsconfig.json": `{"compilerOptions":{"jsxFactory":"${words}"}}\n`,
  "secret.map": `{"version":3,"sources":["${words}"],"names":[],"mappings":"AAAA"}\n`,
};
for (const [name, text] of Object.entries(secrets)) writeFileSync(join(outside, name), text, { mode: 0o600 });

interface Attack {
  readonly name: string;
  /** Behind `import { argv, BPF, print, read_file } from "bpfts";`; `OUT` is the folder of the secrets. */
  readonly script: string;
  readonly args?: readonly string[];
  /** Files beside the script, by their paths. */
  readonly files?: Readonly<Record<string, string>>;
  /** Symbolic links beside the script and where they lead. */
  readonly links?: Readonly<Record<string, string>>;
  /** What the error says of the next step. */
  readonly hint?: RegExp;
  /** What is not read is not needed: the script ends well. */
  readonly endsWell?: boolean;
}

const show = (path: string, type = "text"): string =>
  `import x from ${JSON.stringify(path)}${type === "" ? "" : ` with { type: "${type}" }`};\nprint(x);`;
const source = (path: string): string => `new BPF({ src_file: ${JSON.stringify(path)} });`;
const read = (path: string): string => `print(read_file(${JSON.stringify(path)}));`;
const readHint = /below \/proc and \/sys only|no text file|environment/;

const attacks: readonly Attack[] = [
  // What a script imports.
  { name: "an absolute path as text", script: show("OUT/secret") },
  {
    name: "an absolute path as bytes",
    script: `import x from "OUT/secret" with { type: "bytes" };\nprint(new Uint8Array(x).length, String.fromCharCode(...x));`,
  },
  { name: "an absolute path as JSON", script: show("OUT/secret.json", "json") },
  { name: "a relative path", script: show("../outside/secret.txt", "") },
  {
    name: "a relative path that goes in before it goes out",
    script: show("./here/../../outside/secret.txt", ""),
    files: { "here/x": "" },
  },
  { name: "a path with dots and slashes in it", script: show("/.//OUT/././secret.txt", "") },
  { name: "a path with a query behind it", script: show("../outside/secret.txt?raw", "") },
  { name: "a path through /proc/self/root", script: show("/proc/self/rootOUT/secret.txt", "") },
  { name: "a path through /proc/self/cwd", script: show("/proc/self/cwd/../outside/secret.txt", "") },
  { name: "C text", script: show("../outside/secret.c", "") },
  { name: "a header", script: show("../outside/secret.h", "") },
  { name: "JSON", script: show("../outside/secret.json", "") },
  { name: "JSON that is none", script: show("../outside/broken.json", "") },
  { name: "TypeScript", script: show("../outside/secret.ts", "") },
  { name: "TypeScript that is none", script: show("../outside/broken.ts", "") },
  { name: "a folder with a package.json", script: show("../outside", "") },
  { name: "export … from", script: 'export * from "../outside/secret.ts";' },
  { name: "require", script: 'declare function require(name: string): unknown;\nprint(require("OUT/secret.txt"));' },
  { name: "a dynamic import", script: 'print((await import("OUT/secret.txt")).default);' },
  {
    name: "a dynamic import of a name that is put together",
    script: 'const name = "secret";\nprint((await import(`../outside/${name}.txt`)).default);',
    hint: /./,
  },
  {
    name: "a dynamic import of a name that only the run knows",
    script: 'const name = ["OUT", "secret.ts"].join("/");\nprint((await import(name)).default);',
    hint: /./,
  },
  { name: "a file: address", script: show("file://OUT/secret.txt", ""), hint: /sandbox|address/ },
  { name: "a file: address as text", script: show("file://OUT/secret"), hint: /sandbox|address/ },
  {
    name: "node:fs",
    script: 'import { readFileSync } from "node:fs";\nprint(readFileSync("OUT/secret", "utf8"));',
    hint: /sandbox without Node/,
  },
  { name: "an address of the web", script: show("https://localhost/secret.txt", ""), hint: /sandbox|address/ },
  { name: "a symbolic link", script: show("./link.txt", ""), links: { "link.txt": "../outside/secret.txt" } },
  {
    name: "a symbolic link to a symbolic link",
    script: show("./one.txt", ""),
    links: { "one.txt": "two.txt", "two.txt": "OUT/secret.txt" },
  },
  { name: "a symbolic link to a folder", script: show("./folder/secret.txt", ""), links: { folder: "OUT" } },
  {
    name: "a symbolic link to TypeScript that is none",
    script: show("./link.ts", ""),
    links: { "link.ts": "OUT/broken.ts" },
  },
  { name: "a symbolic link to /", script: show("./folder/OUT/secret.txt", ""), links: { folder: "/" } },
  // What a package says.
  ...["main", "module", "exports"].map(
    (field): Attack => ({
      name: `"${field}" of a package`,
      script: show("evil", ""),
      files: {
        "node_modules/evil/package.json": JSON.stringify({ name: "evil", [field]: "../../../outside/secret.txt" }),
      },
      ...(field === "exports" && { hint: /Cannot find/ }),
    }),
  ),
  {
    name: '"main" of a package, absolute',
    hint: /Cannot find/,
    script: show("evil", ""),
    files: { "node_modules/evil/package.json": '{"name":"evil","main":"OUT/secret.txt"}' },
  },
  {
    name: '"exports" of a package with several conditions',
    hint: /Cannot find/,
    script: show("evil/x", ""),
    files: {
      "node_modules/evil/package.json": '{"name":"evil","exports":{"./x":{"import":"./../../../outside/secret.txt"}}}',
    },
  },
  {
    name: '"imports" of a package',
    hint: /Cannot find/,
    script: show("#x", ""),
    files: { "package.json": '{"imports":{"#x":"./../outside/secret.txt"}}' },
  },
  {
    name: '"browser" of a package',
    script: show("evil", ""),
    files: {
      "node_modules/evil/package.json":
        '{"name":"evil","main":"a.js","browser":{"./a.js":"../../../outside/secret.ts"}}',
      "node_modules/evil/a.js": 'export { default } from "../../../outside/secret.ts";',
    },
  },
  { name: "a package that is a symbolic link", script: show("evil", ""), links: { "node_modules/evil": "OUT" } },
  {
    name: "a package.json that is a symbolic link",
    script: show("evil", ""),
    files: { "node_modules/evil/x": "" },
    links: { "node_modules/evil/package.json": "OUT/package.json" },
    hint: /./,
  },
  // What a tsconfig.json says.
  {
    name: '"paths"',
    script: show("@x", ""),
    files: { "tsconfig.json": '{"compilerOptions":{"paths":{"@x":["../outside/secret.txt"]}}}' },
  },
  {
    name: '"paths" and "baseUrl"',
    script: show("secret.txt", ""),
    files: { "tsconfig.json": '{"compilerOptions":{"baseUrl":"OUT"}}' },
  },
  { name: '"extends"', script: "print(1);", files: { "tsconfig.json": '{"extends":"../outside/broken.json"}' } },
  { name: '"extends", absolute', script: "print(1);", files: { "tsconfig.json": '{"extends":"OUT/broken.json"}' } },
  {
    name: '"extends" of a package',
    script: "print(1);",
    files: { "tsconfig.json": '{"extends":"evil/x.json"}', "node_modules/evil/package.json": "{}" },
    links: { "node_modules/evil/x.json": "OUT/broken.json" },
  },
  {
    name: "a tsconfig.json that is a symbolic link",
    script: "print(1);",
    endsWell: true,
    links: { "tsconfig.json": "OUT/broken.json" },
  },
  // Maps.
  {
    name: "a source map",
    script: 'import "./m.js";',
    files: { "m.js": "throw new Error('here');\n//# sourceMappingURL=../outside/secret.map\n" },
    hint: /here/,
  },
  {
    name: "a source map that names another file as its source",
    script: 'import "./m.js";',
    files: {
      "m.js": `throw new Error('here');\n//# sourceMappingURL=data:application/json,${JSON.stringify({ version: 3, sources: ["../outside/secret.txt"], names: [], mappings: "AAAA" })}\n`,
    },
    hint: /here/,
  },
  {
    name: "a source map that names a file of the system",
    script: 'import "./m.js";',
    files: {
      "m.js": `throw new Error('here');\n//# sourceMappingURL=data:application/json,${JSON.stringify({ version: 3, sources: ["OUT/secret"], names: [], mappings: "AAAA" })}\n`,
    },
    hint: /here/,
  },
  // C files.
  { name: "src_file, absolute", script: source("OUT/secret.c") },
  { name: "src_file, relative", script: source("../outside/secret.c") },
  {
    name: "src_file that goes in before it goes out",
    script: source("here/../../outside/secret.c"),
    files: { "here/x": "" },
  },
  { name: "src_file through /proc/self/root", script: source("/proc/self/rootOUT/secret.c") },
  { name: "src_file through /proc/self/fd", script: source("/proc/self/fd/0/../../../../../OUT/secret.c"), hint: /./ },
  { name: "src_file that is a symbolic link", script: source("link.c"), links: { "link.c": "OUT/secret.c" } },
  {
    name: "src_file in a folder that is a symbolic link",
    script: source("folder/secret.c"),
    links: { folder: "../outside" },
  },
  {
    name: "src_file of which the error is caught",
    script:
      'try { new BPF({ src_file: "OUT/secret.c" }); } catch (error) { print(JSON.stringify(error), String(error)); throw error; }',
  },
  // Lines that a message quotes.
  {
    name: "#line",
    script: 'new BPF({ text: `\n#line 1 "OUT/secret"\nint f(void *ctx) { return nothing; }\n` });',
    hint: /nothing/,
  },
  {
    name: "#line in a text that the script put together",
    script: 'new BPF({ text: ["#line 1 \\"OUT/secret\\"", "int f(void *ctx) { return nothing; }"].join("\\n") });',
    hint: /nothing/,
  },
  {
    name: "#line with a relative path",
    script: 'new BPF({ text: `\n#line 1 "../outside/secret"\nint f(void *ctx) { return nothing; }\n` });',
    hint: /nothing/,
  },
  {
    name: "#line in a C file",
    script: source("tool.c"),
    files: { "tool.c": '#line 1 "OUT/secret"\nint f(void *ctx) { return nothing; }\n' },
    hint: /nothing/,
  },
  {
    name: "#line in a header",
    script: source("tool.c"),
    files: {
      "tool.c": '#include "own.h"\nint g(void *ctx) { return 0; }\n',
      "own.h": '#line 1 "OUT/secret"\nstatic int f(void) { return nothing; }\n',
    },
    hint: /nothing/,
  },
  {
    name: "#line to a link beside the script",
    script: 'new BPF({ text: `\n#line 1 "./link.txt"\nint f(void *ctx) { return nothing; }\n` });',
    links: { "link.txt": "OUT/secret" },
    hint: /nothing/,
  },
  {
    name: "#line before a fault that the verifier finds",
    script:
      'const b = new BPF({ text: `\n#line 1 "OUT/secret"\nint f(struct pt_regs *ctx) { return *(int *)0; }\n` });\nb.load_func("f", BPF.KPROBE);',
    hint: /verifier|invalid/i,
  },
  {
    name: "a message that reads like a list of headers",
    script: `new BPF({ text: \`#include "own.h"\n_Static_assert(0, "\\\\n. OUT/secret\\\\n.. OUT/secret.h");\n\` });`,
    files: { "own.h": "\n" },
    hint: /assert/i,
  },
  // Files below /proc and /sys.
  { name: "read_file of another file", script: read("OUT/secret"), hint: readHint },
  { name: "read_file through /proc/self/root", script: read("/proc/self/rootOUT/secret"), hint: readHint },
  { name: "read_file through the root of a thread", script: read("/proc/thread-self/rootOUT/secret"), hint: readHint },
  { name: "read_file through the root of process 1", script: read("/proc/1/rootOUT/secret"), hint: /Cannot read/ },
  {
    name: "read_file through /proc/self/cwd",
    script: read("/proc/self/cwd/../../../../../../../../../OUT/secret"),
    hint: readHint,
  },
  { name: "read_file with dots behind /proc", script: read("/proc/..OUT/secret"), hint: readHint },
  { name: "read_file of an argument", script: "print(read_file(argv[0]!));", args: ["OUT/secret"], hint: readHint },
  {
    name: "read_file of an option's value",
    script: "print(read_file(argv[0]!.slice(7)));",
    args: ["--file=OUT/secret"],
    hint: readHint,
  },
  { name: "read_file of the program that runs", script: read("/proc/self/exe"), hint: readHint },
  {
    name: "read_file of descriptors",
    script:
      'for (let fd = 0; fd < 64; fd++) try { print(read_file(`/proc/self/fd/${fd}`)); } catch {}\nprint(read_file("/proc/self/fd/0"));',
    hint: /Cannot read/,
  },
  { name: "read_file of the environment", script: read("/proc/self/environ"), hint: readHint },
  { name: "read_file of the environment of a thread", script: read("/proc/thread-self/environ"), hint: readHint },
  { name: "read_file of another process's environment", script: read("/proc/CHILD/environ"), hint: readHint },
  { name: "read_file of memory", script: read("/proc/self/mem"), hint: readHint },
  { name: "read_file of a thread's memory", script: read("/proc/thread-self/mem"), hint: readHint },
  { name: "read_file of the kernel's memory", script: read("/proc/kcore"), hint: /Cannot read/ },
  { name: "read_file of mapped files", script: read("/proc/self/map_files"), hint: /Cannot read/ },
  // Programs and libraries.
  {
    name: "a probe in a file that is no program",
    script:
      'const b = new BPF({ text: "int f(void *ctx) { return 0; }" });\nb.attach_uprobe({ name: "OUT/secret", sym: "f", fn_name: "f" });',
    hint: /no ELF binary/,
  },
  {
    name: "functions of a file that is no program",
    script: 'print(BPF.get_user_functions("OUT/secret", ".*"));',
    hint: /no ELF binary/,
  },
  { name: "a module that is no program", script: 'BPF.add_module("OUT/secret");', hint: /no ELF binary/ },
  {
    name: "a cgroup that is none",
    script: 'import { cgroup_id } from "bpfts";\nprint(cgroup_id("OUT"));',
    hint: /cgroup/,
  },
  {
    name: "a tracepoint whose name is a path",
    script:
      'const b = new BPF({ text: "int f(void *ctx) { return 0; }" });\nb.attach_tracepoint({ tp: "../../../../..OUT:secret", fn_name: "f" });',
    hint: /tracepoint/,
  },
];

let count = 0;
/** A process of this test's own that has the words in its environment. */
const child = spawn("sleep", ["600"], { env: { KEPT_BY_ROOT: words } });
afterAll(() => child.kill());

function writeAttack({ script, files = {}, links = {} }: Pick<Attack, "script" | "files" | "links">): string {
  const folder = join(base, `script-${++count}`);
  // Outside of any project: a folder of its own is all that the script has.
  mkdirSync(folder, { recursive: true });
  const fill = (text: string): string => text.replaceAll("OUT", outside).replaceAll("CHILD", String(child.pid));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), fill(text));
  }
  for (const [name, target] of Object.entries(links)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    symlinkSync(fill(target), join(folder, name));
  }
  const path = join(folder, "script.ts");
  writeFileSync(
    path,
    `import { argv, BPF, print, read_file } from "bpfts";\n${fill(script)}\nvoid argv, BPF, print, read_file;\n`,
  );
  return path;
}

describe("a script reads no file that is not its own", () => {
  it.each(attacks)("$name", async (attack) => {
    const path = writeAttack(attack);
    const args = (attack.args ?? []).map((arg) => arg.replaceAll("OUT", outside));
    const result = await runCli(["run", path, "--", ...args], { cwd: dirname(path), env: { KEPT_BY_ROOT: words } });
    expect(result.stdout + result.stderr).not.toContain(words);
    if (attack.endsWell === true) return expect(result.status).toBe(0);
    expect(result.status, result.stderr).not.toBe(0);
    expect(result.stderr).toMatch(/^(?:\w+: |hint: )/m);
    expect(result.stderr).toMatch(attack.hint ?? /--allow-read/);
    expect(result.stderr).not.toContain("bpfts has a bug");
  });
});

describe("a script does not hang on what it may read", () => {
  const run = async (
    text: string,
    make: (folder: string) => void,
  ): Promise<{ text: string; durationMs: number; status: number | null }> => {
    const path = writeAttack({ script: text });
    make(dirname(path));
    const { status, stdout, stderr, durationMs } = await runCli(["run", path], { cwd: dirname(path) });
    return { text: stdout + stderr, durationMs, status };
  };
  function makePipe(name: string): (folder: string) => void {
    return (folder) => {
      execFileSync("mkfifo", [join(folder, name)]);
    };
  }

  const hangs: readonly (readonly [name: string, text: string, make: (folder: string) => void, said: RegExp])[] = [
    ["a pipe that it imports", show("./pipe.txt", ""), makePipe("pipe.txt"), /no regular file/],
    ["a pipe that it imports as C", show("./pipe.c", ""), makePipe("pipe.c"), /no regular file/],
    ["a pipe as src_file", source("pipe.c"), makePipe("pipe.c"), /no regular file/],
    ["a pipe as tsconfig.json", show("./none.ts", ""), makePipe("tsconfig.json"), /no regular file/],
    [
      "a link to /dev/zero",
      show("./zero.txt", ""),
      (folder: string) => symlinkSync("/dev/zero", join(folder, "zero.txt")),
      /--allow-read/,
    ],
    [
      "a link to /dev/zero as src_file",
      source("zero.c"),
      (folder: string) => symlinkSync("/dev/zero", join(folder, "zero.c")),
      /--allow-read/,
    ],
    [
      "a file without end",
      show("./large.txt", ""),
      (folder: string) => void execFileSync("truncate", ["-s", "4T", join(folder, "large.txt")]),
      /more than 16 MiB/,
    ],
    [
      "a link to itself",
      show("./loop.txt", ""),
      (folder: string) => symlinkSync("loop.txt", join(folder, "loop.txt")),
      /Cannot find/,
    ],
  ];

  it.each(hangs)("%s", async (_name, text, make, said) => {
    const result = await run(text, make);
    expect(result.text).toMatch(said);
    expect(result.status).toBe(1);
  });

  it("ends at the first signal while it is read", async () => {
    const path = writeAttack({ script: show("old", ""), files: { "node_modules/old/index.js": "" } });
    makePipe("node_modules/old/package.json")(dirname(path));
    const { child: reader, ended } = startCli(["run", path], { cwd: dirname(path) });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    reader.kill("SIGINT");
    const started = performance.now();
    const { status, signal } = await ended;
    expect([status, signal]).not.toEqual([0, null]);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe("what the user grants", () => {
  it.each([
    ["a folder", ["--allow-read", outside]],
    ["a folder of headers", ["-I", outside]],
    ["a folder by a relative path", ["--allow-read", "../outside"]],
  ])("is read: %s", async (_name, flags) => {
    const path = writeAttack({ script: show("../outside/secret.txt", "") });
    const granted = await runCli(["run", ...flags, path], { cwd: dirname(path) });
    expect(granted).toMatchObject({ status: 0, stderr: "" });
    expect(granted.stdout).toContain(words);
    // The bundle that was made then is of no use to a run without the flag.
    const refused = await runCli(["run", path], { cwd: dirname(path) });
    expect(refused.status).toBe(1);
    expect(refused.stdout + refused.stderr).not.toContain(words);
  });

  it("is taken by check and types, too", async () => {
    const path = writeAttack({ script: `${source("../outside/own.c")}` });
    writeFileSync(join(outside, "own.c"), "BPF_HASH(counts, u32, u64);\n");
    for (const command of ["check", "types"]) {
      expect(await runCli([command, "--allow-read", outside, path])).toMatchObject({ status: 0, stderr: "" });
      expect((await runCli([command, path])).stderr).toContain("--allow-read");
    }
  });

  it("is an error when it is no folder", async () => {
    const path = writeAttack({ script: "print(1);" });
    const none = await runCli(["run", "--allow-read", join(base, "none"), path]);
    expect(none).toMatchObject({ status: 2, stderr: expect.stringContaining("there is no such folder") });
    const file = await runCli(["run", "-I", join(outside, "secret.txt"), path]);
    expect(file).toMatchObject({ status: 2, stderr: expect.stringContaining("it is no folder") });
  });
});

describe("a script that comes through a pipe", () => {
  const text = 'import { print } from "bpfts";\nprint("seen");\n';
  const runPiped = (line: string): { status: number | null; text: string } => {
    const { status, stdout, stderr } = spawnSync("bash", ["-c", line], {
      encoding: "utf8",
      cwd: base,
      env: { ...process.env, NODE: process.execPath, CLI: cli },
    });
    return { status, text: stdout + stderr };
  };

  it.each([
    ["standard input", 'printf \'%s\' "$SCRIPT" | "$NODE" "$CLI" run /dev/stdin'],
    ["a process's output", '"$NODE" "$CLI" run <(printf \'%s\' "$SCRIPT")'],
  ])("runs: %s", (_name, line) => {
    process.env["SCRIPT"] = text;
    expect(runPiped(line)).toEqual({ status: 0, text: "seen\n" });
  });

  it("has no files of its own, and is quoted", () => {
    process.env["SCRIPT"] = text + show("./outside/secret.txt", "").replace("print", "void print");
    const { status, text: said } = runPiped('"$NODE" "$CLI" run <(printf \'%s\' "$SCRIPT")');
    expect(status).toBe(1);
    expect(said).toMatch(/comes through a pipe reads no files of its own.*--allow-read/s);
    expect(said).toContain('import x from "./outside/secret.txt"');
  });
});
