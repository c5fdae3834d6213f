import { formatC } from "./format.ts";
import { callHost } from "./host.ts";
import { renderValue } from "./render-value.ts";

/** Units: UTF-16 code units of buffered text, about bytes. */
const FLUSH_AT = 64 * 1024;

interface Channel {
  readonly fd: 1 | 2;
  text: string;
}

const standardOutput: Channel = { fd: 1, text: "" };
const standardError: Channel = { fd: 2, text: "" };

function writeText(channel: Channel, text: string): void {
  channel.text += text;
  if (channel.text.length >= FLUSH_AT) flushChannel(channel);
}

function flushChannel(channel: Channel): void {
  if (channel.text === "") return;
  const { text } = channel;
  channel.text = "";
  callHost("write", { fd: channel.fd, text });
}

/** Writes out what is buffered. Happens by itself before every blocking call and at the end. */
export function flush(): void {
  flushChannel(standardOutput);
  flushChannel(standardError);
}

/** Prints values to standard output with spaces between and a newline at the end; text as it is. Source: Python's print. */
export function print(...values: readonly unknown[]): void {
  writeText(standardOutput, joinValues(values) + "\n");
}

/** Prints to standard output as C's printf does, with no newline of its own: `printf("%-6d %-16s %s\n", e.pid, e.comm, e.fname)`. */
export function printf(format: string, ...values: readonly unknown[]): void {
  writeText(standardOutput, formatC(format, values));
}

/** Formats as C's printf does and answers the text. */
export function sprintf(format: string, ...values: readonly unknown[]): string {
  return formatC(format, values);
}

/** Prints to standard error with a newline at the end. */
export function eprint(...values: readonly unknown[]): void {
  // What was printed before must stand before.
  flushChannel(standardOutput);
  writeText(standardError, `${joinValues(values)}\n`);
}

function joinValues(values: readonly unknown[]): string {
  if (values.length === 1 && typeof values[0] === "string") return values[0];
  return values.map((value) => (typeof value === "string" ? value : renderValue(value))).join(" ");
}

/** What scripts get as `console`. */
export const guestConsole = {
  log: print,
  info: print,
  debug: print,
  error: eprint,
  warn: eprint,
};
