import { makeArgumentError } from "../wire/errors.ts";
import type { RowSort } from "../wire/row-choice.ts";
import { holdOutput } from "./output.ts";

let sort: RowSort | undefined;
let isUsed = false;
/** Rows of one printer that are not printed yet. */
let held: { readonly value: unknown; readonly line: string }[] = [];
let owner: object | undefined;
/** Whether a row that is printed now is shown for an event. */
let isEventHandled = false;
let loneRows = 0;
let groups = 0;

/** Takes by which field the user wants rows in order, for a run that begins. */
export function chooseSort(wanted: RowSort | undefined): void {
  sort = wanted;
  isEventHandled = false;
  isUsed = false;
  held = [];
  loneRows = groups = 0;
}

/** The field by which the user wants rows in order; undefined when he leaves them as they are. */
export function findSort(): RowSort | undefined {
  return sort;
}

/** Notes that there are rows in the user's order. */
export function noteSortUsed(): void {
  isUsed = true;
}

/** What is wrong with the user's order when the script has ended. */
export function describeUnusedSort(): string | undefined {
  if (sort === undefined) return undefined;
  if (!isUsed)
    return "warning: --sort sorted nothing: the script printed no rows that have columns, and no tables of a report";
  if (loneRows > 1 && loneRows === groups)
    return "warning: --sort sorted nothing: the script prints something else between its rows";
  return undefined;
}

/**
 * Keeps a row until the script prints something else, waits or ends: the rows until then are printed in order.
 *
 * @throws BpfError for a row that is printed for an event
 */
export function holdRow(printer: object, value: unknown, line: string): void {
  if (isEventHandled) refuseSort();
  if (owner !== printer) holdOutput(undefined);
  owner = printer;
  isUsed = true;
  held.push({ value, line });
  holdOutput(release);
}

/** Refuses an order where rows are events. @throws BpfError */
export function refuseSort(): void {
  if (sort === undefined) return;
  throw makeArgumentError(
    "--sort puts the rows of a table in order, and these rows are events: each is printed when it comes",
    "leave out --sort, and sort what was printed: bpfts … | sort -k2; --max-events or --duration ends it",
  );
}

/** Notes that the script handles an event from now on, or that it is done. */
export function noteEvent(isHandled: boolean): void {
  isEventHandled = isHandled;
}

/** Makes the callback in which rows are known to be events; where the user wants no order it is the callback itself. */
export function markEvents<Parameters extends readonly unknown[]>(
  callback: (...values: Parameters) => unknown,
): (...values: Parameters) => unknown {
  if (sort === undefined) return callback;
  return (...values) => {
    isEventHandled = true;
    try {
      return callback(...values);
    } finally {
      isEventHandled = false;
    }
  };
}

/** The lines that were held, in order. */
function release(): string {
  const rows = held;
  held = [];
  owner = undefined;
  groups++;
  if (rows.length === 1) loneRows++;
  return sortRows(rows, ({ value }) => value)
    .map(({ line }) => `${line}\n`)
    .join("");
}

/** Puts rows into the user's order; equal ones stay as they are. */
export function sortRows<Row>(rows: readonly Row[], read: (row: Row) => unknown): Row[] {
  const direction = sort?.descending === true ? -1 : 1;
  return rows
    .map((row) => ({ row, value: read(row) }))
    .sort((a, b) => direction * compareValues(a.value, b.value))
    .map(({ row }) => row);
}

/** Numbers by their size before texts; what is no value (`-`, `?`, null) before both. */
function compareValues(a: unknown, b: unknown): number {
  const [left, right] = [rankValue(a), rankValue(b)];
  if (left.rank !== right.rank) return left.rank - right.rank;
  return left.value < right.value ? -1 : left.value > right.value ? 1 : 0;
}

function rankValue(value: unknown): { readonly rank: number; readonly value: number | bigint | string } {
  if (typeof value === "bigint") return { rank: 1, value };
  if (typeof value === "number") return Number.isNaN(value) ? { rank: 0, value: 0 } : { rank: 1, value };
  if (typeof value === "boolean") return { rank: 1, value: Number(value) };
  const text = value === undefined || value === null ? "" : String(value as string);
  if (text === "" || text === "-" || text === "?") return { rank: 0, value: 0 };
  if (/^\s*-?\d+\s*$/.test(text)) return { rank: 1, value: BigInt(text.trim()) };
  const number = text.trim() === "" ? NaN : Number(text);
  return Number.isNaN(number) ? { rank: 2, value: text } : { rank: 1, value: number };
}
