import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
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

describe("a short run", () => {
  const listCompiled = async (script: string): Promise<string[]> => {
    const { stdout } = await execute(process.execPath, [
      "--trace-wasm-compilation-times",
      cli,
      "run",
      "-c",
      "true",
      script,
    ]);
    return stdout.split("\n").filter((line) => /^Compiled function .* using Turbo/.test(line));
  };

  it("ends before V8 compiles QuickJS's interpreter anew, which would take as long as the run", async () => {
    const scripts = ["scripts/hello.ts", "scripts/counts.ts"];
    for (const script of scripts) {
      // The first makes the memory image and compiles the C.
      await listCompiled(join(root, script));
      expect(await listCompiled(join(root, script)), script).toEqual([]);
    }
    const busy = writeScript(folder, "busy.ts", "let sum = 0;\nfor (let i = 0; i < 1e6; i++) sum += i;\n");
    expect(await listCompiled(busy)).not.toEqual([]);
  });
});
