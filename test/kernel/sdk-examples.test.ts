import { describe, expect, it } from "vitest";
import { listMissingLines, listSdkExamples } from "../support/public-names.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const examples = listSdkExamples().filter(({ needsKernel }) => needsKernel);
const folder = makeFolder();

describe("the examples of doc comments that ask the kernel", () => {
  it("are many", () => {
    expect(examples.length).toBeGreaterThan(30);
  });

  // They trace everybody for a moment and change nothing. What this kernel lacks, they answer themselves.
  it.each(examples)("run: $title", async (example) => {
    const path = writeScript(folder, `${example.title.replace(" ", "-")}.ts`, `${example.code}\n`);
    const { status, stdout, stderr } = await runCli(["run", "-c", "true", path]);
    expect({ status, missing: listMissingLines(example, stdout) }, stdout + stderr).toEqual({ status: 0, missing: [] });
  });
});
