import { makeCodec } from "../codec/codec.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import type { Layout } from "../wire/layout.ts";

/**
 * How a run of a system call program ended.
 *
 * @example
 * import { print, type ProgramRun } from "bpfts";
 * const succeeded = ({ retval }: ProgramRun): boolean => retval === 0;
 * print(succeeded({ retval: 0, ctx: undefined })); // true
 */
export interface ProgramRun<Context = unknown> {
  /** What the function returned, an `int` of C. */
  readonly retval: number;
  /** The context as the function left it; undefined where it takes none. */
  readonly ctx: Context;
}

/** Units: bytes before the context in an answer. */
const HEAD_BYTES = 8;

/** Runs a system call program once. @throws BpfError when the context does not fit, or the kernel refuses */
export function runProgram(program: number, fnName: string, ctx: unknown): ProgramRun {
  const { context } = callHost("run_open", { program, fnName });
  const bytes = encodeContext(fnName, context, ctx);
  const answer = callHost("run", { program, fnName }, bytes)!;
  const view = new DataView(answer.buffer, answer.byteOffset);
  const left = answer.slice(HEAD_BYTES);
  return { retval: view.getInt32(0, true), ctx: decodeContext(fnName, context, left) };
}

function encodeContext(fnName: string, layout: Layout | null, ctx: unknown): Uint8Array {
  if (ctx instanceof Uint8Array && layout?.kind !== "array") return ctx;
  if (ctx === undefined && layout !== null) return new Uint8Array(layout.size);
  if (ctx === undefined) return new Uint8Array(0);
  if (layout === null)
    throw makeArgumentError(
      `Cannot run "${fnName}" with a context: its parameter has no type`,
      `write it with one: SEC("syscall") int ${fnName}(struct arguments *ctx); or give bytes (Uint8Array)`,
    );
  return makeCodec(layout, `the context of "${fnName}"`).encode(ctx);
}

function decodeContext(fnName: string, layout: Layout | null, bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  return layout === null || layout.size !== bytes.length
    ? bytes
    : makeCodec(layout, `the context of "${fnName}"`).decode(bytes);
}
