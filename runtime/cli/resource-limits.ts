import { readFileSync } from "node:fs";
import { BpftsError, ResourceError } from "../base/errors.ts";

/** V8 takes the main thread's stack for this large, whatever the limit is: below it a deep call ends the process without a word. Source: `--stack-size` of V8, 984 KiB. Units: bytes. */
const MIN_STACK_BYTES = 1024 * 1024;

/** Node itself has about 20 files open, and what starts other programs fails in ways of its own without more. */
const MIN_FILES = 64;

/** @throws ResourceError when a limit of this process is below what any run needs */
export function requireLimits(): void {
  const stackBytes = readLimit("Max stack size") ?? Infinity;
  if (stackBytes < MIN_STACK_BYTES)
    throw new ResourceError(`The limit of the stack is ${Math.floor(stackBytes / 1024)} KiB, and Node needs 1024 KiB`, {
      hint: "raise the limit before the start: ulimit -s 8192",
    });
  const files = readLimit("Max open files") ?? Infinity;
  if (files < MIN_FILES)
    throw new ResourceError(`This process may not open more than ${files} files, and bpfts needs ${MIN_FILES}`, {
      hint: "raise the limit before the start: ulimit -n 1024",
    });
}

/** The error that says what is used up, where the error at hand is a consequence of that; else the error itself. */
export function explainResource(error: unknown): unknown {
  if (isCausedBy(error, "EMFILE")) {
    const limit = readLimit("Max open files");
    return describe(error, `This process may not open more than ${limit ?? "so many"} files`, {
      hint: "raise the limit before the start: ulimit -n 1024; each buffer of a CPU and each attached probe takes one",
    });
  }
  if (isCausedBy(error, "ENFILE"))
    return describe(error, "This machine has as many files open as it may", {
      hint: "raise the limit: sysctl fs.file-max",
    });
  if (isFileError(error, "ENOSPC") || isFileError(error, "EDQUOT"))
    return describe(error, "The disk is full, or this user's share of it", {
      hint: "make room there, or choose other folders: BPFTS_CACHE for the cache, TMPDIR for temporary files",
    });
  return error;
}

function describe(error: unknown, reason: string, { hint }: { readonly hint: string }): ResourceError {
  const known = error instanceof BpftsError ? error : undefined;
  return new ResourceError(`${reason}: ${(error as Error).message}`, {
    cause: error,
    hint,
    ...(known?.location !== undefined && { location: known.location }),
    ...(known?.detail !== undefined && { detail: known.detail }),
  });
}

/** The kernel's own answers carry the name in their sentence. */
function isCausedBy(error: unknown, name: string): boolean {
  return isFileError(error, name) || (error instanceof BpftsError && error.message.includes(`${name}, `));
}

function isFileError(error: unknown, code: string): boolean {
  if (!(error instanceof Error)) return false;
  return (error as NodeJS.ErrnoException).code === code || isFileError(error.cause, code);
}

/** The soft limit of this process; undefined when there is none. Source: /proc/PID/limits of proc(5). */
function readLimit(name: string): number | undefined {
  try {
    const text = readFileSync("/proc/self/limits", "latin1");
    const value = new RegExp(`^${name} +(\\d+) `, "m").exec(text)?.[1];
    return value === undefined ? undefined : Number(value);
  } catch {
    return undefined;
  }
}
