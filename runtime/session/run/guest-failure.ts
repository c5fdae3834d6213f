import {
  AttachError,
  type BpftsError,
  ClosedError,
  CompileError,
  DecodeError,
  DialectError,
  GuestError,
  GuestLimitError,
  InternalError,
  MapError,
  PrivilegeError,
  ScriptError,
  ToolchainError,
  ArgumentError,
} from "../../base/errors.ts";
import type { ErrorDetails } from "../../base/errors.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import type { SourceLocation, StackFrame } from "../../base/location.ts";
import type { Thrown } from "../../sandbox/describe-thrown.ts";
import { findBigintHint } from "./bigint-hint.ts";
import { findGlobalHint } from "./missing-globals.ts";
import { isOwn, listOwnFrames, mapStack, renderFrames } from "./script-stack.ts";
import type { GuestScript } from "./script-stack.ts";

/**
 * Makes the host's error of what a guest threw: the host's own object where the guest only passed it on, the
 * class that the code says for the SDK's errors, `GuestLimitError` for budgets, else `GuestError` with the stack in the user's files.
 */
export function describeGuestFailure(
  thrown: Thrown,
  script: GuestScript,
  findError: (id: number) => BpftsError | undefined,
): BpftsError {
  const frames = mapStack(thrown.stack, script);
  const own = frames.filter((frame) => isOwn(frame, script));
  const location = own[0]?.location;
  const related = thrown.related.map((one) => describeRelated(one, script, findError));
  // One frame says no more than the place does.
  const ownFrames = own.length < 2 ? undefined : listOwnFrames(own, script);
  const passedOn = thrown.hostErrorId === undefined ? undefined : findError(thrown.hostErrorId);
  if (passedOn !== undefined) return placeError(passedOn, location, { frames: ownFrames, related });
  const hint =
    thrown.hint ??
    findBigintHint(thrown.name, thrown.message) ??
    findGlobalHint(thrown.name, thrown.message, frames.find((frame) => frame.location !== undefined)?.location?.file);
  const details: ErrorDetails = {
    ...(location === undefined ? {} : { location }),
    ...(hint === undefined ? {} : { hint }),
    ...(ownFrames === undefined ? {} : { frames: ownFrames }),
    ...(related.length === 0 ? {} : { diagnostics: related }),
  };
  if (thrown.limit !== undefined) return describeLimit(thrown, details);
  const make = errorsByCode[thrown.code ?? ""];
  if (make !== undefined) return make(thrown.message, details);
  const isError = thrown.stack !== "" || thrown.message !== "";
  return new GuestError(renderThrown(thrown), {
    ...details,
    ...(isError && own.length > 0 ? { detail: renderFrames(frames, script).join("\n") } : {}),
  });
}

/** What is thrown and has no class, by `Thrown.name`. */
const noErrors = new Set([
  "null",
  "undefined",
  "string",
  "number",
  "bigint",
  "boolean",
  "symbol",
  "object",
  "function",
]);

function renderThrown(thrown: Thrown): string {
  if (noErrors.has(thrown.name)) return `The script threw ${thrown.message}, which is no error`;
  return `${thrown.name}${thrown.message === "" ? "" : `: ${thrown.message}`}`;
}

/** Makes a note of a cause, or of one of an AggregateError's errors: with its own place, what clang or the verifier said, and its own causes. */
function describeRelated(
  { label, thrown }: Thrown["related"][number],
  script: GuestScript,
  findError: (id: number) => BpftsError | undefined,
): Diagnostic {
  const host = thrown.hostErrorId === undefined ? undefined : findError(thrown.hostErrorId);
  const location = host?.location ?? mapStack(thrown.stack, script).find((frame) => isOwn(frame, script))?.location;
  const hint = host?.hint ?? thrown.hint;
  const notes = [
    ...(host?.diagnostics ?? []).filter(({ message }) => message !== host?.message),
    ...thrown.related.map((one) => describeRelated(one, script, findError)),
  ];
  const text = host === undefined ? renderThrown(thrown) : `${host.name}: ${host.message}`;
  return {
    severity: "note",
    message: `${label}: ${noErrors.has(thrown.name) ? thrown.message : text}`,
    ...(location && { location }),
    ...(hint !== undefined && { hint }),
    ...(notes.length > 0 && { notes }),
  };
}

type MakeError = (message: string, details: ErrorDetails) => BpftsError;

/** Errors that the SDK makes itself, or whose host object is long gone. */
const errorsByCode: Readonly<Record<string, MakeError>> = {
  BPFTS_ATTACH: (message, details) => new AttachError(message, details),
  BPFTS_CLOSED: (message, details) => new ClosedError(message, details),
  BPFTS_COMPILE: (message, details) => new CompileError(message, details),
  BPFTS_DECODE: (message, details) => new DecodeError(message, details),
  BPFTS_DIALECT: (message, details) => new DialectError(message, details),
  BPFTS_INTERNAL: (message, details) => new InternalError(message, details),
  BPFTS_MAP: (message, details) => new MapError(message, details),
  BPFTS_PRIVILEGE: (message, details) => new PrivilegeError(message, details),
  BPFTS_SCRIPT: (message, details) => new ScriptError(message, details),
  BPFTS_TOOLCHAIN: (message, details) => new ToolchainError(message, details),
  BPFTS_ARGUMENT: (message, details) => new ArgumentError(message, details),
};

function describeLimit(thrown: Thrown, details: ErrorDetails): GuestLimitError {
  switch (thrown.limit) {
    case "memory":
      return new GuestLimitError("The script used up its memory", {
        hint: "give it more with --memory, or keep less: maps stay in the kernel until they are read",
        ...details,
      });
    case "stack":
      return new GuestLimitError("The script called functions within functions too deep", {
        hint: "look for a recursion that does not end",
        ...details,
      });
    default:
      return new GuestLimitError("The script was stopped", details);
  }
}

/** An error without a place is the call's that failed. */
function placeError(
  error: BpftsError,
  location: SourceLocation | undefined,
  { frames, related }: { readonly frames: readonly StackFrame[] | undefined; readonly related: readonly Diagnostic[] },
): BpftsError {
  const define = (name: keyof BpftsError, value: unknown): void => {
    Object.defineProperty(error, name, { value, enumerable: true });
  };
  if (error.location === undefined && location !== undefined) define("location", location);
  if (frames !== undefined) define("frames", frames);
  if (related.length > 0) define("diagnostics", [...error.diagnostics, ...related]);
  return error;
}
