import { readFileSync, writeFileSync } from "node:fs";
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
const read = fs.readFileSync;
fs.readFileSync = (path, ...rest) => {
  if (/\\/dist\\/(?:main|later)\\.cjs$/.test(path)) fs.appendFileSync(${JSON.stringify(list)}, path.replace(/.*\\//, "") + "\\n");
  return read(path, ...rest);
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
