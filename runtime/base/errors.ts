import type { Diagnostic } from "./diagnostic.ts";
import type { AttachErrorReason, MapErrorReason } from "../../sdk/wire/error-message.ts";
import type { SourceLocation, StackFrame } from "./location.ts";

/** What every error of bpfts may carry besides its message. */
export interface ErrorDetails {
  /** The lower error that led here. */
  readonly cause?: unknown;
  readonly location?: SourceLocation;
  /** The next step for the user, one sentence. */
  readonly hint?: string;
  /** More messages with places of their own: clang's, the verifier's. */
  readonly diagnostics?: readonly Diagnostic[];
  /** Long text that is shown on request only: a verifier log, a command's output. */
  readonly detail?: string;
  /** What the kernel answered, as a positive number. */
  readonly errno?: number;
  /** The script's own functions that led to it, the innermost first. */
  readonly frames?: readonly StackFrame[];
}

/**
 * The root of all errors that bpfts raises on purpose. `code` is stable and
 * meant for programs, `message` is one line for people, `exitCode` is what the
 * CLI ends with.
 */
export abstract class BpftsError extends Error {
  abstract readonly code: string;
  readonly exitCode: number = 1;
  readonly location?: SourceLocation;
  readonly hint?: string;
  readonly diagnostics: readonly Diagnostic[];
  readonly detail?: string;
  readonly errno?: number;
  readonly frames?: readonly StackFrame[];

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    if (details.location !== undefined) this.location = details.location;
    if (details.hint !== undefined) this.hint = details.hint;
    if (details.detail !== undefined) this.detail = details.detail;
    if (details.errno !== undefined) this.errno = details.errno;
    if (details.frames !== undefined) this.frames = details.frames;
    this.diagnostics = details.diagnostics ?? [];
  }
}

/** A bad option or argument on the command line of bpfts; what a script does wrong is an `ArgumentError`. */
export class UsageError extends BpftsError {
  override readonly code = "BPFTS_USAGE";
  override readonly exitCode = 2;
}

/** The script gave a call something that it does not take. */
export class ArgumentError extends BpftsError {
  override readonly code = "BPFTS_ARGUMENT";
}

/** The script itself: unreadable, a syntax error, an import that cannot be found. */
export class ScriptError extends BpftsError {
  override readonly code = "BPFTS_SCRIPT";
}

/** The C text uses the dialect in a way that cannot be right. */
export class DialectError extends BpftsError {
  override readonly code = "BPFTS_DIALECT";
}

/** clang refused the C text; `diagnostics` has all it said. */
export class CompileError extends BpftsError {
  override readonly code = "BPFTS_COMPILE";
}

/** clang is missing, too old, or has no bpf target. */
export class ToolchainError extends BpftsError {
  override readonly code = "BPFTS_TOOLCHAIN";
  override readonly exitCode = 3;
}

/** clang itself failed on a text that it should have compiled or refused; `detail` is its own report. */
export class ClangCrashError extends BpftsError {
  override readonly code = "BPFTS_CLANG_CRASH";
  override readonly exitCode = 3;
}

/** This kernel cannot do it. */
export class UnsupportedFeatureError extends BpftsError {
  override readonly code = "BPFTS_UNSUPPORTED";
  override readonly exitCode = 3;
  /** The kernel feature's name, as in `kernel/machine/features.ts`. */
  readonly feature: string;
  /** The kernel that has it first, `"5.8"`, when that is known. */
  readonly since?: string;

  constructor(feature: string, message: string, details: ErrorDetails & { readonly since?: string } = {}) {
    super(message, details);
    this.feature = feature;
    if (details.since !== undefined) this.since = details.since;
  }
}

/** This user may not do it. */
export class PrivilegeError extends BpftsError {
  override readonly code = "BPFTS_PRIVILEGE";
  override readonly exitCode = 3;
}

/** A limit of this process, or a full disk, is in the way. */
export class ResourceError extends BpftsError {
  override readonly code = "BPFTS_RESOURCE";
  override readonly exitCode = 3;
}

/** The kernel's verifier rejected a program; `detail` is its whole log. */
export class VerifierError extends BpftsError {
  override readonly code = "BPFTS_VERIFIER";
  readonly program: string;

  constructor(program: string, message: string, details: ErrorDetails = {}) {
    super(message, details);
    this.program = program;
  }
}

/** A program could not be attached. */
export class AttachError extends BpftsError {
  override readonly code = "BPFTS_ATTACH";
  readonly reason: AttachErrorReason;

  constructor(message: string, details: ErrorDetails & { readonly reason?: AttachErrorReason } = {}) {
    super(message, details);
    this.reason = details.reason ?? reasonsByErrno[details.errno ?? 0] ?? "other";
  }
}

/** Source: ENOENT, ESRCH, EBUSY and EEXIST of the kernel. */
const reasonsByErrno: Readonly<Record<number, AttachErrorReason>> = {
  2: "no_such_place",
  3: "no_such_process",
  16: "exists",
  17: "exists",
};

/** A map operation failed: wrong key or value, full map, wrong kind. */
export class MapError extends BpftsError {
  override readonly code = "BPFTS_MAP";
  readonly reason: MapErrorReason;

  constructor(message: string, details: ErrorDetails & { readonly reason?: MapErrorReason } = {}) {
    super(message, details);
    this.reason = details.reason ?? "other";
  }
}

/** Bytes do not fit the layout that they should be read with. */
export class DecodeError extends BpftsError {
  override readonly code = "BPFTS_DECODE";
}

/** The script threw and nobody caught it; `detail` is its stack in `.ts` lines. */
export class GuestError extends BpftsError {
  override readonly code = "BPFTS_GUEST";
}

/** The script passed its memory, stack or time budget. */
export class GuestLimitError extends BpftsError {
  override readonly code = "BPFTS_GUEST_LIMIT";
}

/** Something was used after it was closed. */
export class ClosedError extends BpftsError {
  override readonly code = "BPFTS_CLOSED";
}

/** The command of `-c` could not be run. Source: the status of a shell, 127 for one that is not found, else 126. */
export class CommandError extends BpftsError {
  override readonly code = "BPFTS_COMMAND";
  override readonly exitCode: number;

  constructor(exitCode: number, message: string, details: ErrorDetails = {}) {
    super(message, details);
    this.exitCode = exitCode;
  }
}

/** A signal ended the work before it was done. A script that runs ends with it as it does at its end; a check has no result. Source: the status of a shell's command that SIGINT ended. */
export class InterruptedError extends BpftsError {
  override readonly code = "BPFTS_INTERRUPTED";
  override readonly exitCode = 130;
}

/** A virtual machine could not be made ready, panicked or hung; `detail` is the end of its kernel's log. */
export class VmError extends BpftsError {
  override readonly code = "BPFTS_VM";
  override readonly exitCode = 3;
}

/** The command in a virtual machine did not end in its time. Source: the status of timeout(1). */
export class VmTimeoutError extends BpftsError {
  override readonly code = "BPFTS_VM_TIMEOUT";
  override readonly exitCode = 124;
}

/** Our own bug. */
export class InternalError extends BpftsError {
  override readonly code = "BPFTS_INTERNAL";
  override readonly exitCode = 70;
}
