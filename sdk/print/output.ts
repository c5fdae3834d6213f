import { formatC } from "./format.ts";
import { callHost } from "../wire/host.ts";
import { renderValue } from "./render-value.ts";
import { flushRecords } from "./output-records.ts";
import { encodeUtf8, isPlainText } from "../wire/utf8.ts";

/** Units: UTF-16 code units of buffered text, about bytes. */
const FLUSH_AT = 64 * 1024;
/** What a piece of text counts for besides its length, so that short ones are not too many. */
const PIECE_COST = 8;

/** Put together at once: measured, a text that grows with each line takes twice the time. */
let lines: string[] = [];
let lineCount = 0;
let lineLength = 0;
/** Pieces that were written out before. */
let writtenCount = 0;
let standardError = "";
/** Lines that wait for more of their kind: they stand before whatever else is written. */
let takeHeld: (() => string) | undefined;

/** Holds lines back until something else is written, or the script waits; what was held before is written at once. */
export function holdOutput(take: (() => string) | undefined): void {
  if (take === takeHeld) return;
  releaseHeld();
  takeHeld = take;
}

function releaseHeld(): void {
  const take = takeHeld;
  if (take === undefined) return;
  takeHeld = undefined;
  writeOutput(take());
}

/** Writes a text to standard output as it is. */
export function writeOutput(text: string): void {
  if (takeHeld !== undefined) releaseHeld();
  // Measured, `push` takes twice the time.
  lines[lineCount++] = text;
  if ((lineLength += text.length + PIECE_COST) >= FLUSH_AT) flushOutput();
}

function flushOutput(): void {
  if (takeHeld !== undefined) releaseHeld();
  if (lineCount === 0) return;
  const text = lines.join("");
  lines = [];
  writtenCount += lineCount;
  lineCount = lineLength = 0;
  if (text !== "") send("write", text);
}

/** Drops what is buffered. */
export function dropOutput(): void {
  takeHeld = undefined;
  lines = [];
  lineCount = lineLength = 0;
  standardError = "";
}

/** How many times the script has printed. */
export function countOutput(): number {
  return writtenCount + lineCount;
}

function send(call: "write" | "write_error", text: string): void {
  if (isPlainText(text)) callHost(call, text);
  else callHost(call, "", encodeUtf8(text));
}

/**
 * Writes out what is buffered. Happens by itself before every blocking call and at the end.
 *
 * @example
 * import { flush, printf } from "bpfts";
 * printf("Tracing ...");
 * flush();
 */
export function flush(): void {
  flushOutput();
  flushRecords();
  if (standardError === "") return;
  const text = standardError;
  standardError = "";
  send("write_error", text);
}

/**
 * Prints values to standard output with spaces between and a newline at the end; text as it is. Source: Python's print.
 *
 * @example
 * import { print } from "bpfts";
 * print("reads", 12n, "of", 3);
 */
export function print(...values: readonly unknown[]): void {
  writeOutput(`${joinValues(values)}\n`);
}

/**
 * Prints to standard output as C's printf does, with no newline of its own: `printf("%-6d %-16s %s\n", e.pid, e.comm, e.fname)`.
 *
 * @example
 * import { printf } from "bpfts";
 * printf("%-6d %-16s\n", 1, "init");
 */
export function printf(format: string, ...values: readonly unknown[]): void {
  writeOutput(formatC(format, values));
}

/**
 * Formats as C's printf does and answers the text.
 *
 * @example
 * import { print, sprintf } from "bpfts";
 * print(sprintf("%-16s %6d", "bash", 42));
 */
export function sprintf(format: string, ...values: readonly unknown[]): string {
  return formatC(format, values);
}

/**
 * Prints to standard error with a newline at the end.
 *
 * @example
 * import { eprint } from "bpfts";
 * eprint("Tracing. Ctrl-C to end.");
 */
export function eprint(...values: readonly unknown[]): void {
  // What was printed before must stand before.
  flushOutput();
  standardError += `${joinValues(values)}\n`;
  if (standardError.length >= FLUSH_AT) flush();
}

function joinValues(values: readonly unknown[]): string {
  if (values.length === 1 && typeof values[0] === "string") return values[0];
  return values.map((value) => (typeof value === "string" ? value : renderValue(value))).join(" ");
}
