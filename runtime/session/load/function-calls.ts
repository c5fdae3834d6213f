import type { FunctionReply, TestArgument } from "../../../sdk/wire/function-calls.ts";
import { InternalError, InterruptedError } from "../../base/errors.ts";
import { errno } from "../../kernel/door/errno.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";
import type { ProgramTest } from "../../kernel/door/program-port.ts";
import { readProgramInfo } from "../../kernel/live/program-info.ts";
import { describeTestFailure, requireTestKind } from "../../kernel/load/test-runs.ts";
import { pinAt } from "../../kernel/machine/pin-folder.ts";
import type { Guard } from "../../permit/guard.ts";

/** What a script does with functions that it has in hand. */
export interface FunctionCalls {
  /** Loads a function when it is not loaded yet, and says what the kernel made of it. @throws VerifierError, AttachError */
  describe(name: string): FunctionReply;
  /** Runs a function on a packet or a context; a check answers what came in. @throws AttachError, UnsupportedFeatureError, PrivilegeError */
  test(name: string, packet: Uint8Array, context: Uint8Array, argument: TestArgument): ProgramTest;
  /** Gives a function a name in a BPF file system, where it stays. A check notes it. @throws AttachError */
  pin(name: string, path: string): void;
}

/** What functions in hand need of their program. */
export interface FunctionCallsOptions {
  readonly port: KernelPort;
  readonly guard: Guard;
  /** The object that the functions are of. */
  readonly bytes: Uint8Array;
  /** False for a check: nothing runs and nothing is pinned. */
  readonly attaches: boolean;
  load(name: string): Handle;
}

/** Opens the calls for the functions of one object. */
export function openFunctionCalls({ port, guard, bytes, attaches, load }: FunctionCallsOptions): FunctionCalls {
  const describe = (name: string): FunctionReply & { readonly handle: Handle } => {
    const handle = load(name);
    const info = port.programInfo(handle);
    const found = typeof info === "number" ? undefined : readProgramInfo(port, info.id);
    if (found === undefined) throw new InternalError(`The kernel does not know the program "${name}" any more`);
    return { handle, id: found.id, tag: found.tag, type: found.type };
  };
  return {
    describe(name) {
      const { id, tag, type } = describe(name);
      return { id, tag, type };
    },
    test(name, packet, context, { repeat, keepsContext }) {
      const { handle, type } = describe(name);
      const request = { functionName: name, type, packet, hasContext: context.length > 0 };
      requireTestKind(request);
      guard.admitTestRun(bytes, name);
      if (!attaches) return checkedTest(packet, context);
      const run = (count: number): ProgramTest => {
        // The kernel ends a run at a signal that comes while it runs.
        const test =
          port.signalPending() === 0 ? port.programTest(handle, packet, context, count, keepsContext) : errno.EINTR;
        if (typeof test !== "number") return test;
        if (test === errno.EINTR && port.signalTake() !== 0) throw new InterruptedError("A signal came");
        throw describeTestFailure(request, test);
      };
      return runOften(repeat, run);
    },
    pin(name, path) {
      const handle = load(name);
      guard.notePin(path);
      if (!attaches) return;
      const action = `Cannot pin function "${name}" at "${path}"`;
      pinAt(action, path, (place) => port.programPin(handle, place));
    },
  };
}

/** Repetitions of one call into the kernel: a signal that comes just before it waits for its end. */
const mostAtOnce = 1_000_000;

/** Answers as the last call does, with the mean time of all. */
function runOften(repeat: number, run: (count: number) => ProgramTest): ProgramTest {
  const first = run(Math.min(repeat, mostAtOnce));
  let [last, totalNs] = [first, first.durationNs * Math.min(repeat, mostAtOnce)];
  for (let left = repeat - mostAtOnce; left > 0; left -= mostAtOnce) {
    const count = Math.min(left, mostAtOnce);
    last = run(count);
    totalNs += last.durationNs * count;
  }
  return repeat <= 1 ? last : { ...last, durationNs: Math.round(totalNs / repeat) };
}

/** What a check answers, which runs nothing. */
export function checkedTest(packet: Uint8Array, context: Uint8Array): ProgramTest {
  return { answer: 0, durationNs: 0, packet, context };
}

/** Functions that are in no kernel: `look` may refuse what is asked for. */
export function makeCheckedFunctions(look: (name: string) => void): FunctionCalls {
  return {
    describe(name) {
      look(name);
      return { id: 0, tag: "", type: 0 };
    },
    test(name, packet, context) {
      look(name);
      return checkedTest(packet, context);
    },
    pin: (name) => look(name),
  };
}
