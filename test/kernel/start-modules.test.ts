import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeFolder, root, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

it("loads no module of Node's that a plain run does not need", async () => {
  const list = join(folder, "modules.txt");
  const preload = writeScript(
    folder,
    "list-modules.cjs",
    `process.on("exit", () => require("node:fs").writeFileSync(${JSON.stringify(list)}, process.moduleLoadList.join("\\n")));`,
  );
  const run = (): ReturnType<typeof runCli> =>
    runCli(["run", "-c", "true", join(root, "scripts/hello.ts")], { env: { NODE_OPTIONS: `--require=${preload}` } });
  // The first run may compile.
  await run();
  expect((await run()).status).toBe(0);
  const loaded = readFileSync(list, "utf8").split("\n");
  expect(loaded).toContain("NativeModule vm");
  const unwanted = ["child_process", "net", "perf_hooks", "readline", "tty", "zlib"];
  expect(loaded.filter((name) => unwanted.includes(name.replace("NativeModule ", "")))).toEqual([]);
});

it("reads a part of the CLI only: what compiles, explains and inspects comes when it is called", async () => {
  const list = join(folder, "files.txt");
  const preload = writeScript(
    folder,
    "list-files.cjs",
    `const fs = require("node:fs");
const { openSync, readFileSync } = fs;
const opened = new Map();
fs.openSync = (path, ...rest) => {
  const file = openSync(path, ...rest);
  if (/\\/dist\\/(?:main|later)\\.cjs$/.test(path)) opened.set(file, path.replace(/.*\\//, ""));
  return file;
};
fs.readFileSync = (file, ...rest) => {
  if (opened.has(file)) fs.appendFileSync(${JSON.stringify(list)}, opened.get(file) + "\\n");
  return readFileSync(file, ...rest);
};`,
  );
  const run = async (args: readonly string[]): Promise<string[]> => {
    writeFileSync(list, "");
    await runCli(args, { env: { NODE_OPTIONS: `--require=${preload}`, BPFTS_CACHE: join(folder, "cache") } });
    return readFileSync(list, "utf8").trimEnd().split("\n");
  };
  const hello = ["run", "-c", "true", join(root, "scripts/hello.ts")];
  expect(await run(hello)).toEqual(["main.cjs", "later.cjs"]);
  expect(await run(hello)).toEqual(["main.cjs"]);
  expect(await run(["run", "-c", "mkdir -p /tmp", join(root, "scripts/hello.ts")])).toEqual(["main.cjs"]);
  expect(await run(["doctor"])).toEqual(["main.cjs", "later.cjs"]);
});

it("is built to the same bytes each time: V8 takes compiled code for another text of the same length", {
  timeout: 180_000,
}, () => {
  const hashes = [1, 2].map(() => {
    const copy = join(folder, "copy");
    rmSync(copy, { recursive: true, force: true });
    mkdirSync(copy);
    for (const name of ["runtime", "sdk", "package.json", "package-lock.json", "tsconfig.json"])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    expect(spawnSync(process.execPath, ["runtime/build.mjs"], { cwd: copy, encoding: "utf8" })).toMatchObject({
      status: 0,
    });
    return ["bpfts.cjs", "main.cjs", "later.cjs"].map((name) => readFileSync(join(copy, "dist", name), "utf8"));
  });
  expect(hashes[0]).toEqual(hashes[1]);
});
