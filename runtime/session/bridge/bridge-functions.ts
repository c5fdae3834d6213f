import { TEST_HEAD_BYTES } from "../../../sdk/wire/function-calls.ts";
import type { BuiltProgram } from "../load/program.ts";
import type { Handlers } from "./bridge-state.ts";

/** The calls for functions that a script has in hand. */
export function openFunctionHandlers(
  requireProgram: (program: number) => BuiltProgram,
): Handlers<"function_describe" | "function_pin" | "function_test"> {
  return {
    function_describe: ({ program, fnName }) => requireProgram(program).functions.describe(fnName),
    function_pin({ program, fnName, path }) {
      requireProgram(program).functions.pin(fnName, path);
      return null;
    },
    function_test({ program, fnName, test }, bytes) {
      const [packet, context] = [bytes.subarray(0, test.packetBytes), bytes.subarray(test.packetBytes)];
      const run = requireProgram(program).functions.test(fnName, packet, context, test);
      const answer = new Uint8Array(TEST_HEAD_BYTES + run.packet.length + run.context.length);
      const view = new DataView(answer.buffer);
      [run.answer, run.durationNs, run.packet.length].forEach((number, index) =>
        view.setUint32(index * 4, number, true),
      );
      answer.set(run.packet, TEST_HEAD_BYTES);
      answer.set(run.context, TEST_HEAD_BYTES + run.packet.length);
      return answer;
    },
  };
}
