/** Numbers that old names have. Source: the Web IDL standard. */
const codes: Readonly<Record<string, number>> = {
  InvalidCharacterError: 5,
  SyntaxError: 12,
  InvalidStateError: 11,
  AbortError: 20,
  QuotaExceededError: 22,
  TimeoutError: 23,
  DataCloneError: 25,
};

/** An error with one of the web's names: `AbortError`, `TimeoutError`, `DataCloneError`. */
export class DOMException extends Error {
  readonly code: number;

  constructor(message = "", name: string | { readonly name?: string; readonly cause?: unknown } = "Error") {
    const options = typeof name === "string" ? { name } : name;
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = options.name ?? "Error";
    this.code = Object.hasOwn(codes, this.name) ? codes[this.name]! : 0;
  }
}
