import type { AttachErrorReason, ErrorMessage, MapErrorReason } from "./error-message.ts";

/**
 * Where in the script's files an error points.
 *
 * @example
 * import { print, type ErrorLocation } from "bpfts";
 * const show = ({ file, line }: ErrorLocation): string => `${file}:${line}`;
 * print(show({ file: "tool.ts", line: 7 })); // tool.ts:7
 */
export interface ErrorLocation {
  /** Absolute path. */
  readonly file: string;
  /** Units: from 1. */
  readonly line: number;
  /** Units: from 1, UTF-16; absent where it is not known. */
  readonly column?: number;
}

/**
 * The codes of errors, each with a class of its own; `BPFTS_CLANG_CRASH` is a `ToolchainError`, too.
 *
 * @example
 * import { BpfError, print, sprintf, type ErrorCode } from "bpfts";
 * const expected: readonly ErrorCode[] = ["BPFTS_ARGUMENT", "BPFTS_MAP"];
 * try {
 *   sprintf("%d", {} as never);
 * } catch (error) {
 *   print(error instanceof BpfError && expected.includes(error.code)); // true
 * }
 */
export type ErrorCode =
  | "BPFTS_ARGUMENT"
  | "BPFTS_DIALECT"
  | "BPFTS_COMPILE"
  | "BPFTS_VERIFIER"
  | "BPFTS_ATTACH"
  | "BPFTS_UNSUPPORTED"
  | "BPFTS_PRIVILEGE"
  | "BPFTS_RESOURCE"
  | "BPFTS_TOOLCHAIN"
  | "BPFTS_CLANG_CRASH"
  | "BPFTS_SCRIPT"
  | "BPFTS_MAP"
  | "BPFTS_DECODE"
  | "BPFTS_CLOSED"
  | "BPFTS_INTERNAL";

/**
 * What every failing call of this API throws, always as one of its subclasses. `code` is stable and meant for programs, `message` is one
 * line for people, `hint` the next step.
 *
 * @example
 * import { BPF, BpfError, print } from "bpfts";
 * try {
 *   new BPF({ text: `int on_event(void *ctx) { return 0 }` });
 * } catch (error) {
 *   if (!(error instanceof BpfError)) throw error;
 *   print(error.code, error.location?.line !== undefined); // BPFTS_COMPILE true
 * }
 */
export class BpfError extends Error {
  /** The kind of the error, for programs: it does not change between versions. */
  readonly code: ErrorCode;
  /** The next step, one sentence. */
  readonly hint: string | undefined;
  /** Long text: the verifier's log, a command's output. */
  readonly detail: string | undefined;
  /** The place in the script, where there is one. */
  readonly location: ErrorLocation | undefined;
  /** What the kernel answered, as a positive number: `errno_name(errno)` is its name. Undefined where the kernel was not asked. */
  readonly errno: number | undefined;
  /** The host's number for its own error object; undefined for errors born in the guest. */
  readonly hostErrorId: number | undefined;

  constructor(code: ErrorCode, message: string, details: Partial<ErrorMessage> = {}) {
    super(message);
    this.name = new.target.name;
    this.code = code;
    this.hint = details.hint;
    this.detail = details.detail;
    this.location = details.location;
    this.errno = details.errno;
    this.hostErrorId = details.id;
  }
}

/**
 * A wrong argument of a call of this API.
 *
 * @example
 * import { ArgumentError, BPF, print } from "bpfts";
 * const b = new BPF({ text: `BPF_HASH(counts, u32, u64);` });
 * try {
 *   b.table("count");
 * } catch (error) {
 *   if (error instanceof ArgumentError) print(error.hint); // its tables are: "counts"
 * }
 */
export class ArgumentError extends BpfError {}
/**
 * The C text uses the dialect in a way that cannot be right.
 *
 * @example
 * import { BPF, DialectError, print } from "bpfts";
 * try {
 *   new BPF({ text: `BPF_HASH(counts, u32); int on_event(void *ctx) { counts.incremnt(1); return 0; }` });
 * } catch (error) {
 *   if (error instanceof DialectError) print(error.message); // Map "counts" has no method "incremnt"
 * }
 */
export class DialectError extends BpfError {}
/**
 * clang refused the C text.
 *
 * @example
 * import { BPF, CompileError, print } from "bpfts";
 * try {
 *   new BPF({ text: `int on_event(void *ctx) { return missing; }` });
 * } catch (error) {
 *   if (error instanceof CompileError) print(error.message); // C: use of undeclared identifier 'missing'
 * }
 */
export class CompileError extends BpfError {}
/**
 * The kernel's verifier refused a program; `detail` is its log.
 *
 * @example
 * import { BPF, VerifierError, print } from "bpfts";
 * try {
 *   new BPF({
 *     text: `TRACEPOINT_PROBE(sched, sched_switch) {
 *     for (;;) bpf_ktime_get_ns();
 *     return 0;
 * }`,
 *   });
 * } catch (error) {
 *   if (error instanceof VerifierError) print(error.detail !== undefined); // true
 * }
 */
export class VerifierError extends BpfError {}
/**
 * This kernel cannot do it.
 *
 * @example
 * import { BPF, UnsupportedFeatureError, eprint } from "bpfts";
 * const b = new BPF({ text: `int on_read(struct pt_regs *ctx) { return 0; }` });
 * try {
 *   b.attach_kprobe({ event: "vfs_read", fn_name: "on_read" });
 * } catch (error) {
 *   if (!(error instanceof UnsupportedFeatureError)) throw error;
 *   eprint("this kernel has no kprobes:", error.hint);
 * }
 */
export class UnsupportedFeatureError extends BpfError {}
/**
 * This user may not do it.
 *
 * @example
 * import { BPF, PrivilegeError, exit } from "bpfts";
 * try {
 *   new BPF({ text: `TRACEPOINT_PROBE(sched, sched_switch) { return 0; }` });
 * } catch (error) {
 *   if (!(error instanceof PrivilegeError)) throw error;
 *   exit(77);
 * }
 */
export class PrivilegeError extends BpfError {}
/**
 * A limit of the process, or a full disk, is in the way.
 *
 * @example
 * import { BPF, ResourceError, eprint } from "bpfts";
 * try {
 *   new BPF({ text: `BPF_HASH(seen, u64, u64, 1000000);` });
 * } catch (error) {
 *   if (!(error instanceof ResourceError)) throw error;
 *   eprint("too large for this machine:", error.message);
 * }
 */
export class ResourceError extends BpfError {}
/**
 * clang is missing, too old, or has no bpf target.
 *
 * @example
 * import { BPF, ToolchainError, exit } from "bpfts";
 * try {
 *   new BPF({ text: `BPF_HASH(counts, u32, u64);` });
 * } catch (error) {
 *   if (!(error instanceof ToolchainError)) throw error;
 *   exit(3);
 * }
 */
export class ToolchainError extends BpfError {}
/**
 * A file that the script names cannot be read.
 *
 * @example
 * import { BPF, ScriptError, print } from "bpfts";
 * try {
 *   new BPF({ src_file: "no-such-file.c" });
 * } catch (error) {
 *   print(error instanceof ScriptError); // true
 * }
 */
export class ScriptError extends BpfError {}
/**
 * Bytes or values do not fit the layout of their C type.
 *
 * @example
 * import { BPF, DecodeError, print } from "bpfts";
 * const b = new BPF({ text: `BPF_HASH(sums, u32, u64);` });
 * b.tables.sums.set(1, 2n ** 60n);
 * try {
 *   b.get_table("sums", { u64: "number" }).get(1);
 * } catch (error) {
 *   print(error instanceof DecodeError); // true
 * }
 */
export class DecodeError extends BpfError {}
/**
 * Something was used after it was closed.
 *
 * @example
 * import { BPF, ClosedError, print } from "bpfts";
 * const b = new BPF({ text: `BPF_HASH(counts, u32, u64);` });
 * b.close();
 * try {
 *   b.tables.counts.get(1);
 * } catch (error) {
 *   print(error instanceof ClosedError); // true
 * }
 */
export class ClosedError extends BpfError {}
/**
 * A bug of bpfts.
 *
 * @example
 * import { BPF, InternalError, eprint } from "bpfts";
 * try {
 *   new BPF({ text: `BPF_HASH(counts, u32, u64);` });
 * } catch (error) {
 *   if (error instanceof InternalError) eprint("please report this:", error.message);
 *   throw error;
 * }
 */
export class InternalError extends BpfError {}

/**
 * A map operation failed.
 *
 * @example
 * import { BPF, MapError, print } from "bpfts";
 * const b = new BPF({ text: `BPF_HASH(seen, u32, u64, 2);` });
 * try {
 *   for (let pid = 1; pid < 4; pid++) b.tables.seen.set(pid, 1n);
 * } catch (error) {
 *   if (error instanceof MapError) print(error.reason); // full
 * }
 */
export class MapError extends BpfError {
  /** Why, in a word. */
  readonly reason: MapErrorReason;

  constructor(code: ErrorCode, message: string, details: Partial<ErrorMessage> = {}) {
    super(code, message, details);
    this.reason = (details.reason ?? "other") as MapErrorReason;
  }
}

/**
 * A program could not be attached.
 *
 * @example
 * import { AttachError, BPF, print } from "bpfts";
 * const b = new BPF({ text: `int on_event(void *ctx) { return 0; }` });
 * try {
 *   b.attach_tracepoint({ tp: "sched:sched_swich", fn_name: "on_event" });
 * } catch (error) {
 *   if (error instanceof AttachError) print(error.reason); // no_such_place
 * }
 */
export class AttachError extends BpfError {
  /** Why, in a word. */
  readonly reason: AttachErrorReason;

  constructor(code: ErrorCode, message: string, details: Partial<ErrorMessage> = {}) {
    super(code, message, details);
    this.reason = (details.reason ?? "other") as AttachErrorReason;
  }
}

type ErrorClass = new (code: ErrorCode, message: string, details?: Partial<ErrorMessage>) => BpfError;

const errorClasses: Readonly<Record<ErrorCode, ErrorClass>> = {
  BPFTS_ARGUMENT: ArgumentError,
  BPFTS_DIALECT: DialectError,
  BPFTS_COMPILE: CompileError,
  BPFTS_VERIFIER: VerifierError,
  BPFTS_ATTACH: AttachError,
  BPFTS_UNSUPPORTED: UnsupportedFeatureError,
  BPFTS_PRIVILEGE: PrivilegeError,
  BPFTS_RESOURCE: ResourceError,
  BPFTS_TOOLCHAIN: ToolchainError,
  BPFTS_CLANG_CRASH: ToolchainError,
  BPFTS_SCRIPT: ScriptError,
  BPFTS_MAP: MapError,
  BPFTS_DECODE: DecodeError,
  BPFTS_CLOSED: ClosedError,
  BPFTS_INTERNAL: InternalError,
};

/** Makes the error that a host's message says, of the class that its code has. */
export function makeError(message: ErrorMessage): BpfError {
  const code = (Object.hasOwn(errorClasses, message.code) ? message.code : "BPFTS_INTERNAL") as ErrorCode;
  return new errorClasses[code](code, message.message, message);
}

/**
 * Thrown out of blocking calls (`sleep`, polls, trace reads) when the user presses
 * Ctrl-C or the command of `-c` has ended. A script that does not catch it ends
 * quietly with status 0; one that catches it goes on. Source: Python's KeyboardInterrupt.
 *
 * @example
 * import { Interrupt, print, sleep } from "bpfts";
 * try {
 *   for (;;) sleep(1);
 * } catch (error) {
 *   if (!(error instanceof Interrupt)) throw error;
 *   print("the end"); // the end
 * }
 */
export class Interrupt extends Error {
  /** What interrupted: a signal, or the end of the command of `-c`. */
  readonly reason: "signal" | "command";
  /** @internal A call that blocked has thrown it: whoever else gets it need not end the script. */
  isDelivered = false;

  constructor(reason: "signal" | "command" = "signal") {
    super(reason === "signal" ? "Interrupted" : "The command has ended");
    this.name = "Interrupt";
    this.reason = reason;
  }
}

/** Makes the error for a wrong key, value or argument. */
export function makeMapError(message: string, hint?: string, reason: MapErrorReason = "wrong_type"): MapError {
  return new MapError("BPFTS_MAP", message, hint === undefined ? { reason } : { hint, reason });
}

/** Makes the error for bytes or values that do not fit their layout. */
export function makeDecodeError(message: string, hint?: string): DecodeError {
  return new DecodeError("BPFTS_DECODE", message, hint === undefined ? {} : { hint });
}

/** Makes the error for a use after `close()`. */
export function makeClosedError(message: string): ClosedError {
  return new ClosedError("BPFTS_CLOSED", message);
}

/** Makes the error for a wrong argument of a call of this API. */
export function makeArgumentError(message: string, hint?: string): ArgumentError {
  return new ArgumentError("BPFTS_ARGUMENT", message, hint === undefined ? {} : { hint });
}
