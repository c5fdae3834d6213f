import { makeBytesLayout, makeTableCodec } from "../codec/codec.ts";
import type { Codec } from "../codec/codec.ts";
import { MAX, requireInteger, requireNumber, requireOptions } from "../checks/check-options.ts";
import { makeMapError, makeArgumentError } from "../wire/errors.ts";
import {
  buildLinearHistogram,
  buildLog2Histogram,
  describeHistogram,
  renderHistogramJson,
  renderLinearJson,
  requireHistogramArguments,
} from "./histogram.ts";
import type { HistogramOptions, SectionBucket } from "./histogram.ts";
import { callHost } from "../wire/host.ts";
import { print } from "../print/output.ts";
import { renderValue } from "../print/render-value.ts";
import { compilePairWalk } from "../codec/pair-walk.ts";
import type { PairWalk } from "../codec/pair-walk.ts";
import { planColumns } from "../codec/column-plan.ts";
import type { ColumnPlan } from "../codec/column-plan.ts";
import { alignUp } from "../wire/protocol.ts";
import type { MapReply } from "../wire/protocol.ts";
import { is_json_output } from "../print/row-printer.ts";
import { addHistogramRecords, recordHistogram } from "../print/record-histogram.ts";
import type { HistogramMessage } from "../wire/histogram-message.ts";
import { TableBase } from "./table-base.ts";
import type { TableOwner } from "./table-base.ts";
import { readColumns } from "./table-columns.ts";
import type { ColumnOf, TableColumns } from "./table-columns.ts";

/** The fields of a struct that are numbers. */
export type NumberField<Leaf> = {
  [Name in keyof Leaf & string]: Leaf[Name] extends number | bigint ? Name : never;
}[keyof Leaf & string];

/**
 * A flag of `set`: makes an entry, or changes the one that is there. Source: enum of linux/bpf.h, as the next two.
 *
 * @example
 * import { BPF, BPF_ANY } from "bpfts";
 * using b = new BPF({ text: `BPF_HASH(counts, u32, u64);` });
 * b.tables.counts.set(7, 1n, BPF_ANY); // what set() does without a flag
 */
export const BPF_ANY = 0;
/**
 * A flag of `set`: makes an entry, and fails with `EEXIST` where there is one.
 *
 * @example
 * import { BPF, BPF_NOEXIST, MapError, print } from "bpfts";
 * using b = new BPF({ text: `BPF_HASH(counts, u32, u64);` });
 * b.tables.counts.set(7, 1n, BPF_NOEXIST);
 * try {
 *   b.tables.counts.set(7, 2n, BPF_NOEXIST);
 * } catch (error) {
 *   if (!(error instanceof MapError)) throw error;
 *   print(error.reason); // exists
 * }
 */
export const BPF_NOEXIST = 1;
/**
 * A flag of `set`: changes an entry, and fails with `ENOENT` where there is none.
 *
 * @example
 * import { BPF, BPF_EXIST, MapError, print } from "bpfts";
 * using b = new BPF({ text: `BPF_HASH(counts, u32, u64);` });
 * try {
 *   b.tables.counts.set(7, 2n, BPF_EXIST);
 * } catch (error) {
 *   if (!(error instanceof MapError)) throw error;
 *   print(error.reason); // no_such_key
 * }
 */
export const BPF_EXIST = 2;

/**
 * A BPF map of any kind that has keys, as a JavaScript `Map`: `get set has delete clear size keys values
 * entries forEach`, iterable. 64-bit integers are bigint, structs plain objects. A missing key is `undefined`.
 *
 * Shape: every value is a copy. Iterating reads the whole map in one batch first, so deleting meanwhile is fine.
 *
 * @example
 * import { BPF, print } from "bpfts";
 * using b = new BPF({ text: `BPF_HASH(counts, u32, u64);` });
 * b.tables.counts.set(7, 1n);
 * for (const [key, count] of b.tables.counts) print(key, count);
 */
export class Table<Key = unknown, Leaf = unknown> extends TableBase {
  /** @internal */
  protected readonly keyCodec: Codec<Key>;
  /** @internal */
  protected readonly leafCodec: Codec<Leaf>;
  private columnPlans: readonly [key: ColumnPlan, leaf: ColumnPlan] | undefined;
  private bindPairs: ((buffer: ArrayBuffer) => PairWalk) | undefined;

  constructor(info: MapReply, owner: TableOwner, leafCodec?: Codec<Leaf>) {
    super(info, owner);
    this.keyCodec = makeTableCodec<Key>(info.key ?? makeBytesLayout(info.keySize), `key of "${info.name}"`);
    this.leafCodec =
      leafCodec ?? makeTableCodec<Leaf>(info.value ?? makeBytesLayout(info.valueSize), `value of "${info.name}"`);
  }

  /** The value of a key, undefined when there is none. @throws BpfError for a key of the wrong shape */
  get(key: Key): Leaf | undefined {
    const bytes = callHost("map_lookup", { map: this.requireOpen(), remove: false }, this.keyCodec.encode(key));
    return bytes === undefined ? undefined : this.leafCodec.decode(bytes);
  }

  /** Sets the value of a key; `flags` is one of `BPF_ANY`, `BPF_NOEXIST` and `BPF_EXIST`. @throws BpfError for a wrong key or value, and when the map is full */
  set(key: Key, leaf: Leaf, flags: number = BPF_ANY): this {
    if (flags !== BPF_ANY) requireInteger("set()", "its flags, the third argument,", flags, 0, MAX.u32);
    const bytes = new Uint8Array(this.keyCodec.size + this.leafCodec.size);
    const view = new DataView(bytes.buffer);
    this.keyCodec.encodeInto(key, view, 0);
    this.leafCodec.encodeInto(leaf, view, this.keyCodec.size);
    callHost("map_update", { map: this.requireOpen(), flags }, bytes);
    return this;
  }

  /** Whether there is a value under a key. */
  has(key: Key): boolean {
    return callHost("map_lookup", { map: this.requireOpen(), remove: false }, this.keyCodec.encode(key)) !== undefined;
  }

  /** Deletes a key; an array's element is set to zero instead. Answers whether it was there. */
  delete(key: Key): boolean {
    return callHost("map_delete", { map: this.requireOpen() }, this.keyCodec.encode(key));
  }

  /** How many keys there are now. */
  get size(): number {
    return callHost("map_count", { map: this.requireOpen() });
  }

  /** Deletes every key; an array's elements are set to zero. */
  clear(): void {
    callHost("map_delete_all", { map: this.requireOpen() });
  }

  /** Keys with their values, in the kernel's order. */
  entries(): IterableIterator<[Key, Leaf]> {
    return this.readPairs(false);
  }

  /** The keys, in the kernel's order. */
  *keys(): IterableIterator<Key> {
    const batch = this.readBatch(false);
    const read = this.keyCodec.bind(batch.buffer);
    for (let i = 0; i < batch.count; i++) yield read(batch.keysAt + i * this.keyCodec.size);
  }

  /** The values, in the kernel's order. */
  *values(): IterableIterator<Leaf> {
    const batch = this.readBatch(false);
    const read = this.leafCodec.bind(batch.buffer);
    for (let i = 0; i < batch.count; i++) yield read(batch.valuesAt + i * this.leafCodec.size);
  }

  [Symbol.iterator](): IterableIterator<[Key, Leaf]> {
    return this.entries();
  }

  /** Calls `run` for each entry: of all ways to see them, the one that takes the least time. */
  forEach(run: (leaf: Leaf, key: Key, table: this) => void): void {
    const { buffer, count, keysAt, valuesAt } = this.readBatch(false);
    const readKey = this.keyCodec.bind(buffer);
    const readLeaf = this.leafCodec.bind(buffer);
    for (let i = 0; i < count; i++)
      run(readLeaf(valuesAt + i * this.leafCodec.size), readKey(keysAt + i * this.keyCodec.size), this);
  }

  /**
   * The `n` entries with the largest values, or all, the largest first. `by` says what counts where the value is no number itself: a field's name, or a
   * function of value and key. Of per-CPU values without `by` their sum counts.
   *
   * @throws BpfError when a value is no number and `by` does not make it one
   */
  top<K, V>(
    this: Table<K, V>,
    n: number = Number.POSITIVE_INFINITY,
    by?: NumberField<V> | ((leaf: V, key: K) => number | bigint),
  ): [K, V][] {
    requireNumber("top()", "how many entries, its first argument,", n);
    const ranked = [...this.entries()].map((entry) => ({ entry, rank: this.rankEntry(entry, by) }));
    // NaN is neither more nor less than others, and would stay anywhere.
    const isNaN = (rank: number | bigint): boolean => Number.isNaN(Number(rank));
    ranked.sort(
      (a, b) => Number(isNaN(a.rank)) - Number(isNaN(b.rank)) || (a.rank > b.rank ? -1 : a.rank < b.rank ? 1 : 0),
    );
    return ranked.slice(0, Math.max(0, n)).map(({ entry }) => entry);
  }

  /**
   * All entries by columns: a typed array for each number of keys and values, for those who add up, sort or look for many entries. No objects are made.
   * With `take`, the call takes the entries out of the map. The values of a per-CPU table are arrays with one value for each CPU.
   *
   * @throws BpfError for an option that there is not
   */
  columns<K, V>(this: Table<K, V>, options: { readonly take?: boolean } = {}): TableColumns<K, V> {
    requireOptions("columns()", options, ["take"]);
    const { buffer, count, keysAt, valuesAt } = this.readBatch(options.take ?? false);
    const [key, leaf] = (this.columnPlans ??= [planCodec(this.keyCodec), planCodec(this.leafCodec)]);
    const [keys, values] = readColumns(buffer, count, [
      { plan: key, at: keysAt, size: this.keyCodec.size },
      { plan: leaf, at: valuesAt, size: this.leafCodec.size },
    ]);
    return { count, keys: keys as ColumnOf<K>, values: values as ColumnOf<V> };
  }

  /** Sets the value of every key that is there to zero. */
  zero(): void {
    const batch = this.readBatch(false);
    const bytes = new Uint8Array(batch.valuesAt - HEADER_SIZE + batch.count * this.leafCodec.size);
    bytes.set(new Uint8Array(batch.buffer, batch.keysAt, batch.count * this.keyCodec.size));
    callHost("map_update_all", { map: this.requireOpen(), count: batch.count, flags: BPF_ANY }, bytes);
  }

  /** All entries, as BCC's call of that name; `entries()` does the same. */
  items_lookup_batch(): IterableIterator<[Key, Leaf]> {
    return this.readPairs(false);
  }

  /** Takes all entries out of the map and answers them. Since: Linux 5.6 in one go; slower before. */
  *items_lookup_and_delete_batch(): IterableIterator<[Key, Leaf]> {
    yield* this.readPairs(true);
  }

  /** Sets many keys in one go. @throws BpfError when the lists differ in length */
  items_update_batch(keys: Iterable<Key>, leaves: Iterable<Leaf>): void {
    const keyList = [...keys];
    const leafList = [...leaves];
    if (keyList.length !== leafList.length)
      throw makeMapError(
        `Cannot update "${this.name}": ${keyList.length} keys and ${leafList.length} values were given`,
      );
    const valuesAt = alignUp(keyList.length * this.keyCodec.size);
    const bytes = new Uint8Array(valuesAt + leafList.length * this.leafCodec.size);
    writeList(keyList, this.keyCodec, bytes, 0);
    writeList(leafList, this.leafCodec, bytes, valuesAt);
    callHost("map_update_all", { map: this.requireOpen(), count: keyList.length, flags: BPF_ANY }, bytes);
  }

  /** Deletes the given keys, or all. Answers how many were there. */
  items_delete_batch(keys?: Iterable<Key>): number {
    if (keys === undefined) return callHost("map_delete_all", { map: this.requireOpen() });
    const list = [...keys];
    if (list.length === 0) return 0;
    const bytes = new Uint8Array(list.length * this.keyCodec.size);
    writeList(list, this.keyCodec, bytes, 0);
    return callHost("map_delete_all", { map: this.requireOpen() }, bytes);
  }

  /** Prints a histogram of power-of-two buckets in BCC's layout, or as JSON after `json_output()`. */
  print_log2_hist<K, Bucket = SectionBucket<K>>(
    this: Table<K>,
    val_type = "value",
    section_header = "Bucket ptr",
    options: HistogramOptions<K, Bucket> = {},
  ): void {
    requireHistogramArguments("print_log2_hist()", val_type, section_header, options);
    const slots = [...this.countSlots(options.take)];
    const describe = (): HistogramMessage =>
      describeHistogram(this.name, slots, "log2", val_type, section_header, options);
    addHistogramRecords(describe);
    if (recordHistogram(describe)) return;
    const build = is_json_output() ? renderHistogramJson : buildLog2Histogram;
    for (const text of build(slots, val_type, section_header, options)) print(text);
  }

  /** Prints a histogram of buckets of width one in BCC's layout, or as JSON after `json_output()`. */
  print_linear_hist<K, Bucket = SectionBucket<K>>(
    this: Table<K>,
    val_type = "value",
    section_header = "Bucket ptr",
    options: HistogramOptions<K, Bucket> = {},
  ): void {
    requireHistogramArguments("print_linear_hist()", val_type, section_header, options);
    const slots = [...this.countSlots(options.take)];
    const describe = (): HistogramMessage =>
      describeHistogram(this.name, slots, "linear", val_type, section_header, options);
    addHistogramRecords(describe);
    if (recordHistogram(describe)) return;
    const build = is_json_output() ? renderLinearJson : buildLinearHistogram;
    for (const text of build(slots, val_type, section_header, options)) print(text);
  }

  /** Prints a power-of-two histogram as JSON, one object a section. */
  print_json_hist<K, Bucket = SectionBucket<K>>(
    this: Table<K>,
    val_type = "value",
    section_header = "Bucket ptr",
    options: HistogramOptions<K, Bucket> = {},
  ): void {
    requireHistogramArguments("print_json_hist()", val_type, section_header, options);
    const slots = [...this.countSlots(options.take)];
    const describe = (): HistogramMessage =>
      describeHistogram(this.name, slots, "log2", val_type, section_header, options);
    addHistogramRecords(describe);
    recordHistogram(describe);
    for (const text of renderHistogramJson(slots, val_type, section_header, options)) print(text);
  }

  /** What an entry is ordered by where nothing else is asked for. */
  protected rankValue(leaf: Leaf): unknown {
    return leaf;
  }

  private rankEntry([key, leaf]: [Key, Leaf], by?: unknown): number | bigint {
    const rank: unknown =
      typeof by === "function"
        ? (by as (leaf: Leaf, key: Key) => unknown)(leaf, key)
        : by === undefined
          ? this.rankValue(leaf)
          : (leaf as Record<string, unknown>)[by as string];
    if (typeof rank === "bigint" || typeof rank === "number") return rank;
    throw makeArgumentError(
      `Cannot order the entries of "${this.name}" by ${renderValue(rank, { depth: 1 })}: it is no number`,
      typeof leaf === "object" && leaf !== null && !Array.isArray(leaf)
        ? `say what counts: top(10, ${JSON.stringify(Object.keys(leaf)[0] ?? "field")}), or top(10, (value, key) => …)`
        : "say what counts: top(10, (value, key) => …)",
    );
  }

  /** The entries as a histogram counts them. */
  protected countSlots(take = false): Iterable<readonly [Key, unknown]> {
    return this.readPairs(take);
  }

  protected readBatch(remove: boolean): { buffer: ArrayBuffer; count: number; keysAt: number; valuesAt: number } {
    const bytes = callHost("map_read_all", { map: this.requireOpen(), remove });
    const buffer = (bytes ?? new Uint8Array(HEADER_SIZE)).buffer as ArrayBuffer;
    const count = new DataView(buffer).getUint32(0, true);
    return { buffer, count, keysAt: HEADER_SIZE, valuesAt: HEADER_SIZE + alignUp(count * this.keyCodec.size) };
  }

  protected readPairs(remove: boolean): IterableIterator<[Key, Leaf]> {
    const { buffer, count, keysAt, valuesAt } = this.readBatch(remove);
    this.bindPairs ??= bindPairs(this.keyCodec, this.leafCodec);
    return this.bindPairs(buffer)(count, keysAt, valuesAt) as IterableIterator<[Key, Leaf]>;
  }
}

/** Writes values one behind the other. */
function writeList<T>(values: readonly T[], codec: Codec<T>, bytes: Uint8Array, start: number): void {
  const write = codec.bindWriter(bytes.buffer as ArrayBuffer);
  for (let i = 0, offset = start; i < values.length; i++, offset += codec.size) write(values[i]!, offset);
}

/** The values of a codec that comes from no one layout are read one by one. */
function planCodec(codec: Codec): ColumnPlan {
  if (codec.layout !== undefined) return planColumns(codec.layout);
  return {
    offset: 0,
    size: codec.size,
    read(buffer, at, rows) {
      const read = codec.bind(buffer);
      return Array.from({ length: rows }, (_, row) => read(at + row * codec.size));
    },
  };
}

/** Codecs that come from no one layout are asked for each value. */
function bindPairs(key: Codec, leaf: Codec): (buffer: ArrayBuffer) => PairWalk {
  if (key.layout !== undefined && leaf.layout !== undefined) return compilePairWalk(key.layout, leaf.layout);
  return (buffer) => {
    const readKey = key.bind(buffer);
    const readLeaf = leaf.bind(buffer);
    return function* (count, keysAt, valuesAt) {
      for (let i = 0; i < count; i++) yield [readKey(keysAt + i * key.size), readLeaf(valuesAt + i * leaf.size)];
    };
  };
}

const HEADER_SIZE = 8;
