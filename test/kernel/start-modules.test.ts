import { readFileSync } from "node:fs";
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
