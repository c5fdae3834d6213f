/**
 * Why a map operation failed: the map is full; the key is there already, or is not there; a key, an index or a value is past what its type or the
 * map holds; a key or value is of another type or size; the kernel does not do this with such a map; any other answer of the kernel's, see `errno`.
 *
 * @example
 * import { MapError, print, type MapErrorReason } from "bpfts";
 * const advice: Partial<Record<MapErrorReason, string>> = { full: "make the table larger", exists: "it is there already" };
 * const advise = (error: unknown): string => (error instanceof MapError && advice[error.reason]) || "see the message";
 * print(advise(new Error("other"))); // see the message
 */
export type MapErrorReason =
  | "full"
  | "exists"
  | "no_such_key"
  | "out_of_range"
  | "wrong_type"
  | "unsupported"
  | "other";

/**
 * Why a program could not be attached: the kernel, the binary or the machine has no such function, tracepoint, probe or file; the C text has no such
 * function; the process is not there; the place is there and takes no probe; the name stands for several places; something is attached there already; any
 * other answer of the kernel's, see `errno`.
 *
 * @example
 * import { AttachError, print, type AttachErrorReason } from "bpfts";
 * const harmless = new Set<AttachErrorReason>(["no_such_place", "not_traceable"]);
 * const may_go_on = (error: unknown): boolean => error instanceof AttachError && harmless.has(error.reason);
 * print(may_go_on(new Error("other"))); // false
 */
export type AttachErrorReason =
  | "no_such_place"
  | "no_such_function"
  | "no_such_process"
  | "not_traceable"
  | "ambiguous"
  | "exists"
  | "other";

/** A host error as it crosses into the guest. */
export interface ErrorMessage {
  /** The class's name, `"VerifierError"`. */
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly detail?: string;
  readonly errno?: number;
  readonly reason?: MapErrorReason | AttachErrorReason;
  readonly location?: { readonly file: string; readonly line: number; readonly column?: number };
  /** What the host knows its own error object by, should the script not catch it. */
  readonly id: number;
}
