import { formatC } from "../print/format.ts";
import { eprint, print } from "../print/output.ts";
import { renderValue } from "../print/render-value.ts";
import { readStack } from "../wire/error-stacks.ts";
import { escapeText } from "../wire/escape-text.ts";
import { performance } from "./performance.ts";

/** The calls of `console` beyond plain values. Source: the Console standard; Node's conversions. */

const INDENT = "  ";
let indent = "";
const counts = new Map<string, number>();
const timers = new Map<string, number>();

/** Renders what `log` and the like are given: a text with `%s %d %i %f %o %O %j %c` takes the values behind it. */
export function formatLog(values: readonly unknown[]): string {
  const [first, ...rest] = values;
  if (typeof first !== "string") return values.map(renderShown).join(" ");
  let at = 0;
  const text = first.replace(/%([sdifoOjc%])/g, (whole, conversion: string) => {
    if (conversion === "%") return rest.length === 0 ? whole : "%";
    if (at >= rest.length) return whole;
    return conversions[conversion]!(rest[at++]);
  });
  return [text, ...rest.slice(at).map(renderShown)].join(" ");
}

const renderShown = (value: unknown): string =>
  value instanceof Error ? renderError(value, 0) : renderValue(value, { bigints: "n" });

const MAX_CAUSES = 6;

/** An error with its stack and its causes. */
function renderError(error: Error, depth: number): string {
  const { hint, errors } = error as { readonly hint?: unknown; readonly errors?: unknown };
  const lines = [readStack(error) || `${error.name}: ${error.message}`];
  if (typeof hint === "string") lines.push(`hint: ${hint}`);
  const add = (label: string, value: unknown): void => {
    const text = value instanceof Error ? renderError(value, depth + 1) : renderCell(value);
    lines.push(`${label}: ${text}`.replace(/\n/g, "\n  "));
  };
  if (depth < MAX_CAUSES) {
    if (Array.isArray(errors)) errors.forEach((one, at) => add(`error ${at + 1} of ${errors.length}`, one));
    if (error.cause !== undefined) add("caused by", error.cause);
  }
  return escapeText(lines.join("\n"), "\n\t");
}

const conversions: Readonly<Record<string, (value: unknown) => string>> = {
  s: (value) => (typeof value === "symbol" ? value.toString() : renderShown(value)),
  d: (value) => renderNumber(value, Number),
  i: (value) => renderNumber(value, (one) => Number.parseInt(String(one), 10)),
  f: (value) => (typeof value === "symbol" ? "NaN" : String(Number.parseFloat(String(value)))),
  o: (value) => renderValue(value, { bigints: "n", depth: 1 }),
  O: (value) => renderValue(value, { bigints: "n", depth: 1 }),
  j: renderJson,
  c: () => "",
};

function renderNumber(value: unknown, convert: (value: unknown) => number): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" || typeof value === "symbol" || typeof value === "function") return "NaN";
  return String(convert(value));
}

/** A u64 is a bigint, which JSON does not know: it is written as its digits. */
function renderJson(value: unknown): string {
  try {
    return String(JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? String(item) : item)));
  } catch (error) {
    if (error instanceof TypeError && /circular/i.test(error.message)) return "[Circular]";
    throw error;
  }
}

/** Prints a line, moved in by the groups that are open. */
export function writeLog(values: readonly unknown[], toError: boolean): void {
  writeText(formatLog(values), toError);
}

function writeText(text: string, toError = false): void {
  const moved = indent === "" ? text : text.replace(/^/gm, indent);
  if (toError) eprint(moved);
  else print(moved);
}

/** Begins a group: what follows is moved in. */
export function group(...values: readonly unknown[]): void {
  if (values.length > 0) writeLog(values, false);
  indent += INDENT;
}

/** Ends a group. */
export function groupEnd(): void {
  indent = indent.slice(INDENT.length);
}

/** Whether a group is open. */
export function isGrouped(): boolean {
  return indent !== "";
}

/** Prints how often it was called with this label. */
export function count(label = "default"): void {
  const next = (counts.get(String(label)) ?? 0) + 1;
  counts.set(String(label), next);
  writeText(`${label}: ${next}`);
}

/** Begins to count anew. */
export function countReset(label = "default"): void {
  if (!counts.delete(String(label))) eprint(`Count for '${label}' does not exist`);
}

/** Starts a clock. */
export function time(label = "default"): void {
  if (timers.has(String(label))) eprint(`Label '${label}' already exists for console.time()`);
  else timers.set(String(label), performance.now());
}

/** Prints how long a clock has run. */
export function timeLog(label = "default", ...values: readonly unknown[]): void {
  const begun = timers.get(String(label));
  if (begun === undefined) return eprint(`No such label '${label}' for console.timeLog()`);
  writeText([`${label}: ${renderDuration(performance.now() - begun)}`, ...values.map(renderShown)].join(" "));
}

/** Prints how long a clock has run, and stops it. */
export function timeEnd(label = "default"): void {
  if (!timers.has(String(label))) return eprint(`No such label '${label}' for console.timeEnd()`);
  timeLog(label);
  timers.delete(String(label));
}

function renderDuration(milliseconds: number): string {
  return milliseconds >= 1000 ? formatC("%.3fs", [milliseconds / 1000]) : formatC("%.3fms", [milliseconds]);
}

/** Prints a value to standard error when a condition does not hold. */
export function assert(condition?: unknown, ...values: readonly unknown[]): void {
  if (condition) return;
  const [first, ...rest] = values;
  if (values.length === 0) writeText("Assertion failed", true);
  else if (typeof first === "string") writeLog([`Assertion failed: ${first}`, ...rest], true);
  else writeLog(["Assertion failed:", ...values], true);
}

/** Prints a value with its contents. */
export function dir(value?: unknown): void {
  writeText(renderValue(value, { bigints: "n", depth: 1 }));
}

/** Prints values to standard error with where it was called. */
export function trace(...values: readonly unknown[]): void {
  const stack = (new Error().stack ?? "").split("\n").slice(1);
  const heading = values.length === 0 ? "Trace" : `Trace: ${formatLog(values)}`;
  writeText([heading, ...stack].join("\n").trimEnd(), true);
}

/** Prints rows of objects, arrays or a map as a table; `columns` picks and orders fields. Anything else is printed as `log` does. */
export function table(rows?: unknown, columns?: readonly string[]): void {
  if (typeof rows !== "object" || rows === null) return writeLog([rows], false);
  const isMap = rows instanceof Map;
  const entries: (readonly [unknown, unknown])[] = isMap
    ? [...(rows as ReadonlyMap<unknown, unknown>)]
    : Symbol.iterator in rows
      ? [...(rows as Iterable<unknown>)].map((row, at) => [at, row] as const)
      : Object.entries(rows);
  const fields = new Set<string>(columns);
  let haveValues = false;
  for (const [, row] of entries) {
    if (typeof row !== "object" || row === null) haveValues = true;
    else if (columns === undefined) for (const name of Object.keys(row)) fields.add(name);
  }
  const headings = [isMap ? "(key)" : "(index)", ...fields, ...(haveValues ? ["Values"] : [])];
  const cells = entries.map(([key, row]) => {
    const isObject = typeof row === "object" && row !== null;
    const shown = [...fields].map((name) =>
      isObject && Object.hasOwn(row, name) ? renderCell((row as Record<string, unknown>)[name]) : "",
    );
    return [isMap ? renderCell(key) : String(key), ...shown, ...(haveValues ? [isObject ? "" : renderCell(row)] : [])];
  });
  writeText(drawTable([headings, ...cells]));
}

const renderCell = (value: unknown): string => renderValue(value, { bigints: "n", depth: 1 });

function drawTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (left: string, middle: string, right: string): string =>
    left + widths.map((width) => "─".repeat(width + 2)).join(middle) + right;
  const [heading, ...body] = rows.map(
    (row) => `│ ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" │ ")} │`,
  );
  return [line("┌", "┬", "┐"), heading, line("├", "┼", "┤"), ...body, line("└", "┴", "┘")].join("\n");
}
