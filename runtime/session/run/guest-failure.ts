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
import { renderLocation } from "../../base/location.ts";
import type { SourceLocation } from "../../base/location.ts";
import type { Thrown } from "../../sandbox/describe-thrown.ts";
import { bundleName } from "../../script/bundle-script.ts";
import { findBigintHint } from "./bigint-hint.ts";
import { findGlobalHint } from "./missing-globals.ts";

/** The script, as far as its stacks are concerned. */
export interface GuestScript {
  /** The user's own files. */
  readonly files: readonly string[];
  mapPosition(line: number, column: number): SourceLocation | undefined;
}

/** One line of a guest's stack, in the user's file where it has one. */
interface Frame {
  readonly name: string;
  readonly location: SourceLocation | undefined;
}

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
  const own = frames.filter(({ location }) => location !== undefined && script.files.includes(location.file));
  const location = own[0]?.location;
  const passedOn = thrown.hostErrorId === undefined ? undefined : findError(thrown.hostErrorId);
  if (passedOn !== undefined) return placeError(passedOn, location);
  const hint =
    thrown.hint ??
    findBigintHint(thrown.name, thrown.message) ??
    findGlobalHint(thrown.name, thrown.message, frames.find((frame) => frame.location !== undefined)?.location?.file);
  const details: ErrorDetails = {
    ...(location === undefined ? {} : { location }),
    ...(hint === undefined ? {} : { hint }),
  };
  if (thrown.limit !== undefined) return describeLimit(thrown, details);
  const make = errorsByCode[thrown.code ?? ""];
  if (make !== undefined) return make(thrown.message, details);
  const isError = thrown.stack !== "" || thrown.message !== "";
  const message = noErrors.has(thrown.name)
    ? `The script threw ${thrown.message}, which is no error`
    : `${thrown.name}${thrown.message === "" ? "" : `: ${thrown.message}`}`;
  return new GuestError(message, {
    ...details,
    ...(isError && own.length > 0 ? { detail: renderStack(frames, script) } : {}),
  });
}

/** What is thrown and has no class, by `Thrown.name`. */
const noErrors = new Set(["null", "undefined", "string", "number", "bigint", "boolean", "symbol", "object"]);

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
function placeError(error: BpftsError, location: SourceLocation | undefined): BpftsError {
  if (error.location === undefined && location !== undefined)
    Object.defineProperty(error, "location", { value: location, enumerable: true });
  return error;
}

/** Frames of the SDK are left out: what is wrong stands in the script. */
function mapStack(stack: string, script: GuestScript): Frame[] {
  return stack.split("\n").flatMap((line) => {
    const match = /^\s*at (?:(.*?) )?\(?([^()\s]*?):(\d+)(?::(\d+))?\)?$/.exec(line);
    if (match === null) return [];
    const [, name = "", file, row, column = "1"] = match;
    if (file !== bundleName) return [];
    return [{ name, location: script.mapPosition(Number(row), Number(column)) }];
  });
}

const MAX_FRAMES = 20;

function renderStack(frames: readonly Frame[], script: GuestScript): string {
  const lines = frames.flatMap(({ name, location }) => {
    if (location === undefined || (!script.files.includes(location.file) && !location.file.includes("/node_modules/")))
      return [];
    const known = name !== "" && !name.startsWith("<");
    return [`    at ${known ? `${name} (${renderLocation(location)})` : renderLocation(location)}`];
  });
  if (lines.length <= MAX_FRAMES) return lines.join("\n");
  return [...lines.slice(0, MAX_FRAMES), `    … ${lines.length - MAX_FRAMES} more`].join("\n");
}
