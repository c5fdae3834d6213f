import { makeArgumentError } from "../wire/errors.ts";

/**
 * The type of an argument that is a time above nought, "0.5" or "10": pass it to `parse_args` as `type`. Units: seconds.
 *
 * @throws BpfError for what is none
 *
 * @example
 * import { parse_args, positive_seconds, print } from "bpfts";
 * const args = parse_args({
 *   description: "Trace for a while",
 *   arguments: { duration: { type: positive_seconds, default: 0.5, help: "seconds" } },
 * });
 * print(args.duration); // 0.5
 */
export function positive_seconds(text: string): number {
  const seconds = /^\s*\+?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?\s*$/i.test(text) ? Number(text) : Number.NaN;
  if (seconds > 0) return seconds;
  throw makeArgumentError(`invalid time: '${text}' (a number of seconds above 0)`);
}

/**
 * The type of an argument that is a whole number above nought.
 *
 * @throws BpfError for what is none
 *
 * @example
 * import { parse_args, positive_int, print } from "bpfts";
 * const args = parse_args({
 *   description: "Show the largest",
 *   arguments: { rows: { flags: ["-r", "--rows"], type: positive_int, default: 20, help: "rows to show" } },
 * });
 * print(args.rows); // 20
 */
export function positive_int(text: string): number {
  const value = /^\s*\+?\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0) return value;
  throw makeArgumentError(`invalid number: '${text}' (a whole number above 0)`);
}

/**
 * The arguments of a tool that prints a summary every so often: `-T`, and the positional `interval` and `count`. Spread them into the arguments of
 * `parse_args`, and pass what they got to `print_intervals`.
 *
 * @example
 * import { interval_options, parse_args, print } from "bpfts";
 * const args = parse_args({ description: "Count page faults", arguments: { ...interval_options } });
 * print(args.timestamp, args.interval); // false undefined
 */
export const interval_options = {
  timestamp: { flags: ["-T", "--timestamp"], help: "include timestamp on output" },
  interval: { type: positive_seconds as (text: string) => number, optional: true, help: "output interval, in seconds" },
  count: { type: positive_int as (text: string) => number, optional: true, help: "number of outputs" },
} as const;
