import { ArgumentError } from "../../base/errors.ts";
import type { BridgeState, Handlers, TestTarget } from "./bridge-state.ts";

/** The calls of a file of tests, and records of what a script shows. */
export function openTestCalls(state: BridgeState): Handlers<"record_output" | "note_test" | "replay_script"> {
  const requireTests = (call: string): TestTarget => {
    if (state.tests !== undefined) return state.tests;
    throw new ArgumentError(`${call} belongs into a file of tests`, {
      hint: `run it by: bpfts test ${state.scriptName.endsWith(".test") ? `${state.scriptName}.ts` : "NAME.test.ts"}`,
    });
  };
  return {
    record_output(lines) {
      state.records?.take(lines);
      return null;
    },
    note_test: (note) => requireTests("test()").note(note),
    replay_script: (argument) => requireTests("replay()").replay(argument),
  };
}
