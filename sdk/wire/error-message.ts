/**
 * Why a map operation failed: the map is full; the key is there already, or is not there; a key, an index or a value is past what its type or the
 * map holds; a key or value is of another type or size; the kernel does not do this with such a map; any other answer of the kernel's, see `errno`.
 */
export type MapErrorReason =
  | "full"
  | "exists"
  | "no_such_key"
  | "out_of_range"
  | "wrong_type"
  | "unsupported"
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
  readonly reason?: MapErrorReason;
  readonly location?: { readonly file: string; readonly line: number; readonly column?: number };
  /** What the host knows its own error object by, should the script not catch it. */
  readonly id: number;
}
