import { execFile } from "node:child_process";
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { cli, makeFolder, root, runCli, writeScript } from "../support/run-cli.ts";

const execute = promisify(execFile);
const folder = makeFolder();

/** Which file each kind of entry is: one that a run could not use is replaced by another file. */
function listFiles(cache: string): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(
    ["code", "image"].map((kind) => [
      kind,
      readdirSync(join(cache, kind)).map((name) => statSync(join(cache, kind, name)).ino),
    ]),
  );
}

describe("what a run left for the next one", () => {
  const script = writeScript(folder, "tricks.ts", 'console.log("fine");\n');
  const env = { BPFTS_CACHE: join(folder, "cache") };
  const run = async (flags = "") => {
    const { status, stdout, stderr } = await runCli(["run", script], { env: { ...env, NODE_OPTIONS: flags } });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "fine\n", stderr: "" });
    return listFiles(env.BPFTS_CACHE);
  };

  it("is taken by this Node: V8's compiled code and the memory image stay the files that they were", async () => {
    const first = await run();
    // The first run bundles the script: it uses both files of the CLI.
    expect(Object.values(first).map((files) => files.length)).toEqual([2, 1]);
    expect(await run()).toEqual(first);
    expect(await run()).toEqual(first);
  });

  it("stands aside where V8 has other flags: those runs have code of their own, and the same image", async () => {
    const first = await run();
    const other = await run("--interpreted-frames-native-stack");
    expect(other["image"]).toEqual(first["image"]);
    expect(other["code"]).toHaveLength(3);
    expect(await run("--interpreted-frames-native-stack")).toEqual(other);
    expect(await run()).toEqual(other);
  });
});

const listCompiled = async (script: string, plain = "", cache = process.env["BPFTS_CACHE"]): Promise<string[]> => {
  const { stdout } = await execute(
    process.execPath,
    ["--trace-wasm-compilation-times", cli, "run", "-c", "true", script],
    { env: { ...process.env, BPFTS_PLAIN_ENGINE: plain, BPFTS_CACHE: cache } },
  );
  return stdout.split("\n").filter((line) => /^Compiled function .* using Turbo/.test(line));
};

describe("a short run", () => {
  it("ends before V8 compiles QuickJS's interpreter anew, which would take as long as the run", async () => {
    // hello.ts hears of every directory that anybody makes, which may be many while other tests run.
    const hello = readFileSync(join(root, "scripts/hello.ts"), "utf8").replace("sys_enter_mkdir", "sys_enter_swapoff");
    const scripts = [writeScript(folder, "quiet-hello.ts", hello), join(root, "scripts/counts.ts")];
    for (const script of scripts) {
      // The first makes the memory image and compiles the C.
      await listCompiled(script);
      expect(await listCompiled(script), script).toEqual([]);
    }
    const busy = writeScript(folder, "busy.ts", "let sum = 0;\nfor (let i = 0; i < 1e6; i++) sum += i;\n");
    expect(await listCompiled(busy, "machine")).not.toEqual([]);
  });
});

describe("a run that does much", () => {
  // A second of work: V8 compiles on a processor of its own, and may be behind.
  const busy = writeScript(
    folder,
    "much.ts",
    "const end = Date.now() + 3000;\nlet sum = 0;\nwhile (Date.now() < end) for (let i = 0; i < 1e5; i++) sum += i;\n",
  );
  const cache = join(folder, "machine-cache");
  const compilesInterpreter = async (plain = ""): Promise<boolean> =>
    (await listCompiled(busy, plain, cache)).some((line) => Number(/codesize (\d+)/.exec(line)?.[1]) > 40_000);

  it.skipIf(Number.parseInt(process.versions.node, 10) > 24)(
    "leaves QuickJS's machine code for the next ones, which do not compile the interpreter anew",
    async () => {
      expect(await compilesInterpreter()).toBe(true);
      expect(await compilesInterpreter()).toBe(false);
      expect(await compilesInterpreter("machine")).toBe(true);
    },
  );

  it.skipIf(Number.parseInt(process.versions.node, 10) > 24)(
    "takes no machine code whose bytes were changed",
    async () => {
      for (const name of readdirSync(join(cache, "machine"))) {
        const path = join(cache, "machine", name);
        const bytes = readFileSync(path);
        bytes[bytes.length >> 1]! ^= 1;
        writeFileSync(path, bytes);
      }
      expect(await compilesInterpreter()).toBe(true);
    },
  );
});

describe("BPFTS_PLAIN_ENGINE", () => {
  const script = writeScript(
    folder,
    "plain.ts",
    `import { BPF, command, printf } from "bpfts";
const b = new BPF({ text: \`
BPF_HASH(counts, u32, u64);
BPF_PERF_OUTPUT(made);
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    counts.increment(pid);
    made.perf_submit(args, &pid, sizeof(pid));
    return 0;
}\` });
let seen = 0;
b.tables.made.open_perf_buffer((pid) => void (seen += Number(pid) === command!.pid ? 1 : 0));
for (;;) {
  try { b.perf_buffer_poll(); } catch { break; }
}
printf("%d %d %s\\n", seen, b.tables.counts.get(command!.pid) ?? 0n, String(new URL("a", "http://host/x/")));
`,
  );
  const short = writeScript(folder, "short.ts", 'console.log("short");\n');
  const made = join(folder, "made");
  const run = async (plain: string, cache: string) => {
    const env = { BPFTS_PLAIN_ENGINE: plain, BPFTS_CACHE: join(folder, cache) };
    const { status, stdout, stderr } = await runCli(["run", "-c", `mkdir ${made}-1 ${made}-2 ${made}-3`, script], {
      env,
    });
    for (const end of [1, 2, 3]) rmSync(`${made}-${end}`, { recursive: true, force: true });
    return { status, stdout, stderr };
  };

  it("runs a script without each trick, and without all, to the same end", async () => {
    for (const plain of ["code", "image", "call", "flags", "machine", "all", "image,call"])
      expect({ plain, ...(await run(plain, "shared")) }).toEqual({
        plain,
        status: 0,
        stdout: "3 3 http://host/x/a\n",
        stderr: "",
      });
  });

  it("keeps nothing of what is turned off, and the rest as ever", async () => {
    const listKinds = (cache: string): string[] =>
      ["code", "image"].filter((kind) => existsSync(join(folder, cache, kind)));
    for (const [plain, kept] of [
      ["all", []],
      ["code", ["image"]],
      ["image", ["code"]],
      ["call,flags", ["code", "image"]],
    ] as const) {
      const env = { BPFTS_PLAIN_ENGINE: plain, BPFTS_CACHE: join(folder, `own-${plain}`) };
      expect((await runCli(["run", short], { env })).stdout).toBe("short\n");
      expect([plain, listKinds(`own-${plain}`)]).toEqual([plain, kept]);
    }
  });

  it("leaves V8 its own time to compile without flags", async () => {
    expect(await listCompiled(join(root, "scripts/counts.ts"), "flags")).not.toEqual([]);
  });

  it("takes images of runs with and without the replaced call for each other's", async () => {
    const [first, second, third] = [await run("call", "shared"), await run("", "shared"), await run("call", "shared")];
    expect([first.stdout, second.stdout, third.stdout]).toEqual(Array(3).fill("3 3 http://host/x/a\n"));
  });

  it("refuses a name that is no trick's", async () => {
    const { status, stderr } = await run("imgae", "shared");
    expect([status, stderr]).toEqual([
      2,
      'error: BPFTS_PLAIN_ENGINE has "imgae", which turns nothing off\nhint: did you mean "image"?\n',
    ]);
  });
});
