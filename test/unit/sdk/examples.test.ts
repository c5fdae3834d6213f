import { describe, expect, it } from "vitest";
import type { TestTarget } from "../../../runtime/session/bridge/bridge-state.ts";
import { runScriptText } from "../../support/guest-run.ts";
import { listMissingLines, listSdkExamples } from "../../support/public-names.ts";

const examples = listSdkExamples().filter(({ needsKernel }) => !needsKernel);

/** Replays answer the same, whatever they are of. */
const tests: TestTarget = {
  note: () => ({ test: 1, runs: true }),
  replay: () => ({ status: 0, output: "3 directories\n", errors: "", records: "" }),
};

describe("the examples of doc comments that need no kernel", () => {
  it("are many", () => {
    expect(examples.length).toBeGreaterThan(40);
  });

  it.each(examples)("run: $title", async (example) => {
    const { error, stdout, stderr, exitCode } = await runScriptText(example.code, { tests });
    expect({ error, exitCode, missing: listMissingLines(example, stdout) }, stdout + stderr).toEqual({
      error: undefined,
      exitCode: 0,
      missing: [],
    });
  });
});
