import type { ErrorMessage } from "./protocol.ts";

/** Where in the script's files an error points. */
export interface ErrorLocation {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
}

/**
 * What every failing call of this API throws. `code` is stable and meant for
 * programs (`"BPFTS_VERIFIER"`, `"BPFTS_ATTACH"`, `"BPFTS_MAP"`, …), `message` is one
 * line for people, `hint` the next step.
 */
export class BpfError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  /** Long text: the verifier's log, a command's output. */
  readonly detail: string | undefined;
  readonly location: ErrorLocation | undefined;
  /** The host's number for its own error object; undefined for errors born in the guest. */
  readonly hostErrorId: number | undefined;

  constructor(code: string, message: string, details: Partial<ErrorMessage> = {}) {
    super(message);
    this.name = details.name ?? "BpfError";
    this.code = code;
    this.hint = details.hint;
    this.detail = details.detail;
    this.location = details.location;
    this.hostErrorId = details.id;
  }
}

/**
 * Thrown out of blocking calls (`sleep`, polls, trace reads) when the user presses
 * Ctrl-C or the command of `-c` has ended. A script that does not catch it ends
 * quietly with status 0; one that catches it goes on. Source: Python's KeyboardInterrupt.
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
export function makeMapError(message: string, hint?: string): BpfError {
  return new BpfError("BPFTS_MAP", message, hint === undefined ? { name: "MapError" } : { name: "MapError", hint });
}

/** Makes the error for bytes or values that do not fit their layout. */
export function makeDecodeError(message: string, hint?: string): BpfError {
  return new BpfError(
    "BPFTS_DECODE",
    message,
    hint === undefined ? { name: "DecodeError" } : { name: "DecodeError", hint },
  );
}

/** Makes the error for a use after `close()`. */
export function makeClosedError(message: string): BpfError {
  return new BpfError("BPFTS_CLOSED", message, { name: "ClosedError" });
}

/** Makes the error for a wrong argument of a call of this API. */
export function makeArgumentError(message: string, hint?: string): BpfError {
  return new BpfError(
    "BPFTS_ARGUMENT",
    message,
    hint === undefined ? { name: "ArgumentError" } : { name: "ArgumentError", hint },
  );
}
