import { makeArgumentError } from "../wire/errors.ts";
import { renderValue } from "../print/render-value.ts";

const SHOWN_LENGTH = 40;

/**
 * Looks whether a call got an object of options that it has: a mistyped one, or a value by its position as in Python, must not do nothing without a word.
 * `call` begins the sentence: `open_perf_buffer()`. @throws BpfError for anything else
 */
export function requireOptions(call: string, options: unknown, names: readonly string[]): void {
  const refuse = (reason: string): never => {
    throw makeArgumentError(
      `${call} ${reason}`,
      `its options are: ${names.join(", ")}; for example { ${names[0]!}: … }`,
    );
  };
  if (typeof options !== "object" || options === null || Array.isArray(options))
    return refuse(`takes its options as an object, got ${showValue(options)}`);
  for (const name of Object.keys(options)) if (!names.includes(name)) refuse(`has no option ${JSON.stringify(name)}`);
}

/** @throws BpfError for what is no number */
export function requireNumber(call: string, what: string, value: unknown): void {
  if (typeof value === "number" && !Number.isNaN(value)) return;
  throw makeArgumentError(
    `${call} takes ${what} as a number, got ${showValue(value)}`,
    Number.isNaN(value)
      ? "Number(…) of a text that is no number, or of an argument that was not given, is NaN"
      : undefined,
  );
}

/** The largest numbers of C's types that options end in; a larger one than `u64` cannot be written as a number of JavaScript's. */
export const MAX: { readonly i32: number; readonly u32: number; readonly u64: number } = {
  i32: 2 ** 31 - 1,
  u32: 2 ** 32 - 1,
  u64: Number.MAX_SAFE_INTEGER,
};

/** Looks at an option that may be left out. @throws BpfError for what is no whole number from `min` to `max` */
export function requireInteger(call: string, what: string, value: unknown, min: number, max: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max))
    return;
  throw makeArgumentError(`${call} takes ${what} as a whole number from ${min} to ${max}, got ${showValue(value)}`);
}

/** @throws BpfError for what is no whole number, an address for example: a bigint, or a number that is exact */
export function requireAddress(call: string, what: string, value: unknown): void {
  if (typeof value === "bigint" || Number.isSafeInteger(value)) return;
  throw makeArgumentError(
    `${call} takes ${what} as a bigint or a whole number, got ${showValue(value)}`,
    value === undefined ? "a member that an event or a table's value does not have is undefined" : undefined,
  );
}

/** @throws BpfError for what is no text */
export function requireText(call: string, what: string, value: unknown): void {
  if (typeof value !== "string") throw makeArgumentError(`${call} takes ${what} as a text, got ${showValue(value)}`);
}

/** @throws BpfError for what is no function */
export function requireFunction(call: string, what: string, value: unknown): void {
  if (typeof value !== "function")
    throw makeArgumentError(`${call} takes ${what} as a function, got ${showValue(value)}`);
}

/** A wrong value as errors show it. */
export function showValue(value: unknown): string {
  const text = renderValue(value, { depth: 1 });
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}
