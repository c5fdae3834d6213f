import { findMapKind } from "../abi/map-kinds.ts";
import { isSameName, refuseName } from "../print/row-choice.ts";
import { findSort, sortRows } from "../print/sorted-rows.ts";
import { renderValue } from "../print/render-value.ts";
import type { Table } from "../tables/table.ts";
import type { ReportedTable } from "./report-options.ts";

/** One part of a key. */
export interface KeyPart {
  readonly name: string;
  readonly value: unknown;
}

/** One entry of a table, its key in parts. */
export interface TableRow {
  readonly key: readonly KeyPart[];
  readonly value: unknown;
}

/** The count of one slot. */
export interface SlotRow {
  readonly key: readonly KeyPart[];
  readonly slot: number;
  readonly count: bigint;
}

/** Reads a table's entries, each key in its parts; `takes` takes them out, so that none is seen twice and none is missed. */
export function readRows(table: Table, shown: ReportedTable | undefined, takes: boolean): TableRow[] {
  const isPerCpu = findMapKind(table.ttype)?.isPerCpu === true;
  const entries = takes ? table.items_lookup_and_delete_batch() : table.entries();
  return [...entries].flatMap(([key, leaf]) => {
    const value = combineValue(shown?.kind, leaf, isPerCpu);
    return value === undefined ? [] : [{ key: splitKey(key, shown?.keys), value }];
  });
}

/** A histogram's rows: the last part of each key is the slot. */
export function readSlots(rows: readonly TableRow[]): SlotRow[] {
  return rows
    .map(({ key, value }) => ({
      key: key.slice(0, -1),
      slot: Number(key.at(-1)!.value),
      count: BigInt(value as number | bigint),
    }))
    .filter(({ count }) => count > 0n);
}

function splitKey(key: unknown, names: readonly string[] | undefined): KeyPart[] {
  if (isRecord(key)) return Object.entries(key).map(([name, value]) => ({ name, value }));
  // A histogram's key is its slot where nothing else tells its rows apart.
  return [{ name: names?.[0] ?? "", value: key }];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** Makes one value of those of the CPUs, and a number of a struct that counts. */
function combineValue(kind: ReportedTable["kind"] | undefined, leaf: unknown, isPerCpu: boolean): unknown {
  switch (kind) {
    case "average": {
      const { total, count } = leaf as { readonly total: bigint; readonly count: bigint };
      return count === 0n ? undefined : total / count;
    }
    case "min":
    case "max": {
      const values = (leaf as readonly { readonly value: bigint; readonly is_set: bigint }[])
        .filter(({ is_set }) => is_set !== 0n)
        .map(({ value }) => value);
      if (values.length === 0) return undefined;
      return values.reduce((best, value) => ((kind === "min" ? value < best : value > best) ? value : best));
    }
    default:
      return isPerCpu &&
        Array.isArray(leaf) &&
        leaf.every((item) => typeof item === "bigint" || typeof item === "number")
        ? (leaf as readonly (bigint | number)[]).reduce((sum, item) => BigInt(sum) + BigInt(item), 0n)
        : leaf;
  }
}

let refusal: Error | undefined;

/** Orders rows, the smallest first, and keeps the largest of them. Rows of one rank keep the order of their keys. */
export function orderRows(rows: readonly TableRow[], by: "key" | "value", top: number | undefined): TableRow[] {
  const sort = findSort();
  if (sort === undefined) return orderBy(rows, by, top);
  const { field, descending } = sort;
  if (field !== "key" && field !== "value") {
    refusal ??= rows.map(({ key }) => refusePart(key, field)).find((found) => found !== undefined);
    if (refusal !== undefined) return orderBy(rows, by, top);
    return keepTop(
      sortRows(orderBy(rows, "key", undefined), ({ key }) => findPart(key, field)?.value),
      top,
      descending,
    );
  }
  const ordered = orderBy(rows, field, undefined);
  return keepTop(descending ? ordered.reverse() : ordered, top, descending);
}

/** The largest ones: they stand where the order puts them. */
function keepTop(rows: TableRow[], top: number | undefined, isFirst: boolean): TableRow[] {
  if (top === undefined) return rows;
  return isFirst ? rows.slice(0, top) : rows.slice(Math.max(0, rows.length - top));
}

function findPart(key: readonly KeyPart[], field: string): KeyPart | undefined {
  return key.find(({ name }) => isSameName(name, field));
}

function refusePart(key: readonly KeyPart[], field: string): Error | undefined {
  if (findPart(key, field) !== undefined) return undefined;
  return refuseName("--sort", field, [...key.map(({ name }) => name).filter((name) => name !== ""), "key", "value"]);
}

/**
 * Refuses an order by a part that keys do not have. Keys are known when they are read, at the end: what was counted is printed first, in its own order.
 *
 * @throws BpfError
 */
export function requireSortFound(): void {
  const found = refusal;
  refusal = undefined;
  if (found !== undefined) throw found;
}

function orderBy(rows: readonly TableRow[], by: "key" | "value", top: number | undefined): TableRow[] {
  const ordered = rows
    .map((row) => ({
      row,
      text: renderValue(
        row.key.map(({ value }) => value),
        { depth: 1 },
      ),
    }))
    .sort(
      (a, b) =>
        (by === "value" && compare(a.row.value, b.row.value)) ||
        compareKeys(a.row.key, b.row.key) ||
        compare(a.text, b.text),
    )
    .map(({ row }) => row);
  return top === undefined ? ordered : ordered.slice(Math.max(0, ordered.length - top));
}

function compareKeys(a: readonly KeyPart[], b: readonly KeyPart[]): number {
  for (let index = 0; index < a.length; index++) {
    const order = compare(a[index]!.value, b[index]?.value);
    if (order !== 0) return order;
  }
  return 0;
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  if ((typeof a === "bigint" || typeof a === "number") && (typeof b === "bigint" || typeof b === "number"))
    return a < b ? -1 : a > b ? 1 : 0;
  return 0;
}
