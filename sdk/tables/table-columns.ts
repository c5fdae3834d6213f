import { buildColumns, listSpans } from "../codec/column-plan.ts";
import type { ColumnPlan } from "../codec/column-plan.ts";
import { callHost } from "../wire/host.ts";
import { alignUp } from "../wire/protocol.ts";

/**
 * Numbers of up to 32 bits and floats, in the typed array of their C type: `Uint32Array` for `u32`, `Int8Array` for `s8`.
 *
 * @example
 * import { BPF, type NumberColumn, print } from "bpfts";
 * using b = new BPF({ text: `BPF_HASH(counts, u32, u64);` });
 * const sum = (column: NumberColumn): number => {
 *   let total = 0;
 *   for (const one of column) total += one;
 *   return total;
 * };
 * b.tables.counts.set(7, 1n).set(8, 2n);
 * print(sum(b.tables.counts.columns().keys)); // 15
 */
export type NumberColumn = Omit<Float64Array, typeof Symbol.toStringTag>;

/**
 * Integers of 64 bits and pointers, in the typed array of their C type: `BigUint64Array` or `BigInt64Array`.
 *
 * @example
 * import { BPF, type BigintColumn, print } from "bpfts";
 * using b = new BPF({ text: `BPF_HASH(counts, u32, u64);` });
 * const largest = (column: BigintColumn): bigint => column.reduce((most, one) => (one > most ? one : most), 0n);
 * b.tables.counts.set(7, 9n);
 * print(largest(b.tables.counts.columns().values)); // 9
 */
export type BigintColumn = Omit<BigUint64Array, typeof Symbol.toStringTag>;

/**
 * The values of one C type as a column: a typed array for numbers, an object with a column for each member of a struct or union, and a plain array for
 * everything else: text, `bool`, arrays, integers of 128 bits.
 *
 * @example
 * import { BPF, type ColumnOf, print } from "bpfts";
 * using b = new BPF({ text: `struct key_t { char comm[16]; }; BPF_HASH(calls, struct key_t, u64);` });
 * const names: ColumnOf<string> = b.tables.calls.columns().keys.comm;
 * print(names.length); // 0
 */
export type ColumnOf<T> = unknown extends T
  ? unknown
  : [T] extends [bigint]
    ? BigintColumn
    : [T] extends [number]
      ? NumberColumn
      : T extends string | boolean | number | bigint | ArrayBufferView | readonly unknown[]
        ? readonly T[]
        : { readonly [Name in keyof T]: ColumnOf<T[Name]> };

/**
 * All entries of a table by columns.
 *
 * @example
 * import { BPF, type TableColumns, print } from "bpfts";
 * using b = new BPF({ text: `BPF_HASH(counts, u32, u64);` });
 * const columns: TableColumns<number, bigint> = b.tables.counts.columns();
 * print(columns.count, columns.keys.length); // 0 0
 */
export interface TableColumns<Key, Leaf> {
  /** How many entries there are: `keys` and `values` have a place for each. */
  readonly count: number;
  /** The keys, in the kernel's order. */
  readonly keys: ColumnOf<Key>;
  /** The values, in the order of their keys. */
  readonly values: ColumnOf<Leaf>;
}

/** Rows of one layout in a buffer. */
export interface ColumnRows {
  readonly plan: ColumnPlan;
  /** Units: byte offset of the first row, a multiple of 8. */
  readonly at: number;
  /** Units: bytes of one row. */
  readonly size: number;
}

/**
 * Makes columns of rows. The host puts the members of structs side by side, which costs it a nanosecond where it costs QuickJS fifty; what is a column
 * already is looked at where it lies.
 */
export function readColumns(buffer: ArrayBuffer, count: number, parts: readonly ColumnRows[]): unknown[] {
  const asked = parts
    .map((part) => ({ ...part, spans: listSpans(part.plan) }))
    .map((part) => ({
      ...part,
      isColumn: part.spans.length === 1 && part.spans[0]![1] === part.size,
    }));
  const split = asked
    .filter(({ isColumn }) => !isColumn)
    .map(({ at, size, spans }) => ({ at, rows: count, size, spans }));
  const bytes = split.length === 0 ? undefined : callHost("split_columns", { parts: split }, new Uint8Array(buffer));
  const side = (bytes ?? new Uint8Array(0)).buffer as ArrayBuffer;
  let next = 0;
  const takeNext = (size: number): number => {
    const place = next;
    next += alignUp(count * size);
    return place;
  };
  return asked.map(({ plan, at, isColumn }) =>
    isColumn ? buildColumns(plan, buffer, count, () => at) : buildColumns(plan, side, count, takeNext),
  );
}
