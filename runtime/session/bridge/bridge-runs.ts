import { AttachError } from "../../base/errors.ts";
import { renderErrno } from "../../kernel/door/errno.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import type { BuiltProgram } from "../load/program.ts";
import type { Handlers } from "./bridge-state.ts";

/** Units: bytes before the context: what the program returned, and padding. */
const HEAD_BYTES = 8;

/** The calls that run system call programs. */
export function openRunCalls(
  port: KernelPort,
  requireProgram: (program: number) => BuiltProgram,
): Handlers<"run_open" | "run"> {
  return {
    run_open: ({ program, fnName }) => ({ context: requireProgram(program).openRun(fnName).context ?? null }),
    run({ program, fnName }, bytes) {
      const { handle } = requireProgram(program).openRun(fnName);
      const run = handle === undefined ? { answer: 0, context: bytes } : port.programRun(handle, bytes);
      if (typeof run === "number")
        throw new AttachError(`Cannot run "${fnName}" (${renderErrno(run)})`, { errno: -run });
      const answer = new Uint8Array(HEAD_BYTES + run.context.length);
      new DataView(answer.buffer).setUint32(0, run.answer, true);
      answer.set(run.context, HEAD_BYTES);
      return answer;
    },
  };
}
