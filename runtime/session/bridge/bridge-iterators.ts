import { InterruptedError } from "../../base/errors.ts";
import { describeReadFailure } from "../../kernel/hooks/iterators.ts";
import { errno } from "../../kernel/door/errno.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";
import type { BuiltProgram } from "../load/program.ts";
import type { Handlers } from "./bridge-state.ts";

/** What crosses at once. Units: bytes. */
const PIECE_BYTES = 256 * 1024;

interface OpenIterator {
  readonly functionName: string;
  /** Undefined in a check, which reads nothing. */
  readonly handle: Handle | undefined;
}

/** The calls that read iterators. What a script leaves open goes with its program. */
export function openIteratorCalls(
  port: KernelPort,
  requireProgram: (program: number) => BuiltProgram,
): Handlers<"iterator_open" | "iterator_read" | "iterator_close"> {
  const iterators = new Map<number, OpenIterator>();
  let last = 0;
  return {
    iterator_open({ program, fnName, options }) {
      const { handle, record } = requireProgram(program).openIterator(fnName, options);
      const iterator = ++last;
      iterators.set(iterator, { functionName: fnName, handle });
      return { iterator, record };
    },
    iterator_read({ iterator }) {
      const { functionName = "", handle } = iterators.get(iterator) ?? {};
      if (handle === undefined) return undefined;
      const bytes = port.iteratorRead(handle, PIECE_BYTES);
      if (typeof bytes !== "number") return bytes.length === 0 ? undefined : bytes;
      if (bytes === errno.EINTR && port.signalTake() !== 0) throw new InterruptedError("A signal came");
      throw describeReadFailure(functionName, bytes);
    },
    iterator_close({ iterator }) {
      const handle = iterators.get(iterator)?.handle;
      iterators.delete(iterator);
      if (handle !== undefined) port.iteratorClose(handle);
      return null;
    },
  };
}
