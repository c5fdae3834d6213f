import { describe, expect, it } from "vitest";
import { runScriptText } from "../../support/guest-run.ts";
import { listMissingLines, listSdkExamples } from "../../support/public-names.ts";

const examples = listSdkExamples().filter(({ needsKernel }) => !needsKernel);

describe("the examples of doc comments that need no kernel", () => {
  it("are many", () => {
    expect(examples.length).toBeGreaterThan(40);
  });

  it.each(examples)("run: $title", async (example) => {
    const { error, stdout, stderr, exitCode } = await runScriptText(example.code);
    expect({ error, exitCode, missing: listMissingLines(example, stdout) }, stdout + stderr).toEqual({
      error: undefined,
      exitCode: 0,
      missing: [],
    });
  });
});
