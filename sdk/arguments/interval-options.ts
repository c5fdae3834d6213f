import { makeArgumentError } from "../wire/errors.ts";

/** The type of an argument that is a time above nought, "0.5" or "10": pass it to `parse_args` as `type`. Units: seconds. @throws BpfError for what is none */
export function positive_seconds(text: string): number {
  const seconds = /^\s*\+?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?\s*$/i.test(text) ? Number(text) : Number.NaN;
  if (seconds > 0) return seconds;
  throw makeArgumentError(`invalid time: '${text}' (a number of seconds above 0)`);
}

/** The type of an argument that is a whole number above nought. @throws BpfError for what is none */
export function positive_int(text: string): number {
  const value = /^\s*\+?\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0) return value;
  throw makeArgumentError(`invalid number: '${text}' (a whole number above 0)`);
}

/**
 * The arguments of a tool that prints a summary every so often: `-T`, and the positional `interval` and `count`. Spread them into the arguments of
 * `parse_args`, and pass what they got to `print_intervals`.
 */
export const interval_options = {
  timestamp: { flags: ["-T", "--timestamp"], help: "include timestamp on output" },
  interval: { type: positive_seconds as (text: string) => number, optional: true, help: "output interval, in seconds" },
  count: { type: positive_int as (text: string) => number, optional: true, help: "number of outputs" },
} as const;
