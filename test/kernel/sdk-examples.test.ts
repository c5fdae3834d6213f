import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { listMissingLines, listSdkExamples } from "../support/public-names.ts";
import { cli, makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const examples = listSdkExamples().filter(({ needsKernel }) => needsKernel);
const folder = makeFolder();

describe("the examples of doc comments that ask the kernel", () => {
  it("are many", () => {
    expect(examples.length).toBeGreaterThan(30);
  });

  // They trace everybody for a moment and change nothing. What this kernel lacks, they answer themselves.
  it.each(examples)("run: $title", async (example) => {
    const path = writeScript(folder, `${example.title.replace(" ", "-")}.ts`, `${example.code}\n`);
    const { status, stdout, stderr } = example.code.includes("veth0")
      ? runBesideDevice(path)
      : await runCli(["run", "-c", "true", path]);
    expect({ status, missing: listMissingLines(example, stdout) }, stdout + stderr).toEqual({ status: 0, missing: [] });
  });
});

/** In a network namespace of its own that has the device. */
function runBesideDevice(script: string): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const commands = `ip link add veth0 type veth peer name veth1 && exec "$@"`;
  const run = [process.execPath, cli, "run", "-c", "true", script];
  return spawnSync("unshare", ["--net", "sh", "-c", commands, "sh", ...run], { encoding: "utf8" });
}
