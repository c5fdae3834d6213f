import { isStackWanted } from "../guest/process.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import type { StackUnit } from "../wire/stack-message.ts";

/**
 * A stack for the pictures of the command line.
 *
 * @example
 * import { record_stack, type RecordedStack } from "bpfts";
 * const stack: RecordedStack = { frames: ["do_read", "main"], value: 3, process: "cat" };
 * record_stack(stack);
 */
export interface RecordedStack {
  /** The functions, the outermost first. */
  readonly frames: readonly string[];
  /** What the stack weighs: how often it was seen, how long it took. Values of one stack are added up. */
  readonly value: number | bigint;
  /** The name of the process or task. It becomes the root frame of the stack. */
  readonly process?: string;
  /** What `value` counts; all stacks of a run have one unit. @default "count" */
  readonly unit?: StackUnit;
}

/**
 * Adds a stack to the pictures that the user asked for on the command line: `--flame`, `--folded`, `--speedscope`, `--pprof`, `--perfetto`. The script names no file.
 *
 * @returns false when the user asked for no picture; nothing is recorded then
 * @throws BpfError for a value that is no whole number from 0, and for stacks of two units
 *
 * @example
 * import { print, record_stack } from "bpfts";
 * const isDrawn = record_stack({ process: "server", frames: ["main", "handle", "read"], value: 12 });
 * print(isDrawn); // false
 */
export function record_stack({ frames, value, process, unit }: RecordedStack): boolean {
  if (typeof value !== "bigint" && !Number.isSafeInteger(value))
    throw makeArgumentError(`A stack cannot weigh ${value}: its value is a whole number`);
  if (!isStackWanted) return false;
  callHost("record_stack", { process: process ?? null, frames, value: String(value), unit: unit ?? "count" });
  return true;
}
