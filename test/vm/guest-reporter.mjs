// The reporter of the tests that run inside a guest: one line of JSON as soon as a test is done, so that a kernel that panics
// in the middle has told about everything before.
import { appendFileSync } from "node:fs";

const file = process.env.BPFTS_MATRIX_RESULTS;
const write = (row) => appendFileSync(file, `${JSON.stringify(row)}\n`);
const describeErrors = (errors) =>
  (errors ?? [])
    .map(({ message, stack, diff }) => [diff ? `${message}\n${diff}` : message, stack].filter(Boolean).join("\n"))
    .join("\n");

export default class GuestReporter {
  onTestCaseResult(test) {
    // vitest calls what a name pattern leaves out skipped.
    const { testNamePattern } = test.project.config;
    if (testNamePattern && !new RegExp(testNamePattern).test(test.fullName.replaceAll(" > ", " "))) return;
    const { state, errors, note } = test.result();
    write({
      kind: "test",
      file: test.module.relativeModuleId,
      name: test.fullName,
      state,
      reason: state === "failed" ? describeErrors(errors) : (note ?? ""),
      durationMs: Math.round(test.diagnostic()?.duration ?? 0),
    });
  }

  /** A file that cannot be loaded, or whose hooks fail, has no test to tell it. */
  onTestModuleEnd(module) {
    const errors = [module, ...module.children.allSuites()].flatMap((part) => part.errors());
    if (errors.length > 0)
      write({
        kind: "test",
        file: module.relativeModuleId,
        name: "(the file as a whole)",
        state: "failed",
        reason: describeErrors(errors),
        durationMs: 0,
      });
  }

  onTestRunEnd(_, unhandled) {
    for (const error of unhandled)
      write({
        kind: "test",
        file: "(the run as a whole)",
        name: "unhandled error",
        state: "failed",
        reason: describeErrors([error]),
        durationMs: 0,
      });
    write({ kind: "end" });
  }
}
