import type { HistogramMessage, HistogramRow } from "../wire/histogram-message.ts";
import { requireOptions, requireText } from "../checks/check-options.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { escapeJson, escapeText } from "../wire/escape-text.ts";
import { renderValue } from "../print/render-value.ts";
import { identifyValue } from "./identify-value.ts";

/**
 * How a histogram with one section for each bucket names and orders its sections.
 *
 * @example
 * import { BPF, type HistogramOptions } from "bpfts";
 * const options: HistogramOptions<{ readonly dev: number; readonly slot: number }> = {
 *   section_print_fn: (dev) => `device ${dev}`,
 *   strip_leading_zero: true,
 * };
 * const b = new BPF({ text: `struct key_t { u32 dev; u32 slot; }; BPF_HISTOGRAM(sizes, struct key_t);` });
 * b.tables.sizes.print_log2_hist("bytes", "device", options);
 */
export interface HistogramOptions<Key = unknown, Bucket = SectionBucket<Key>> {
  /** Turns a section's bucket into the text after the header. */
  readonly section_print_fn?: (bucket: Bucket) => unknown;
  /** Turns a bucket that is a struct into what sections are told apart by, for example an array of some of its members. */
  readonly bucket_fn?: (bucket: SectionBucket<Key>) => Bucket;
  /** Orders the sections; without it they come in the order of the map. */
  readonly bucket_sort_fn?: (buckets: Bucket[]) => Bucket[];
  /** Leaves out empty rows before the first that counts. */
  readonly strip_leading_zero?: boolean;
  /** Takes the counts out of the table, so that the next histogram begins with nothing: what is counted meanwhile is in one of the two. */
  readonly take?: boolean;
}

/** What a section stands for: the first member of the key struct, whatever its type is. */
export type SectionBucket<Key> = Key extends object ? Key[keyof Key] : unknown;

/** @throws BpfError for arguments that are not what the calls take */
export function requireHistogramArguments(call: string, valueType: unknown, header: unknown, options: unknown): void {
  requireText(call, "val_type, its first argument,", valueType);
  requireText(call, "section_header, its second argument,", header);
  requireOptions(call, options, ["section_print_fn", "bucket_fn", "bucket_sort_fn", "strip_leading_zero", "take"]);
}

type Slots = Iterable<readonly [unknown, unknown]>;

interface Section {
  readonly bucket: unknown;
  readonly counts: bigint[];
}

const LOG2_SLOTS = 65;
const LINEAR_SLOTS = 1025;

/**
 * Renders power-of-two histograms: one text for each section. Keys are slots, or structs whose first
 * member is the bucket and whose second (third after padding) is the slot. Without a header all sections are one.
 *
 * Source: BCC's print_log2_hist, whose layout scripts and people read.
 */
export function buildLog2Histogram<Key, Bucket = SectionBucket<Key>>(
  slots: Slots,
  valueType: string,
  header: string,
  options: HistogramOptions<Key, Bucket>,
): string[] {
  return buildSections(slots, LOG2_SLOTS, header, options, (counts) =>
    renderLog2(counts, valueType, options.strip_leading_zero ?? false),
  );
}

/** Renders histograms with a row for each slot. Source: BCC's print_linear_hist. */
export function buildLinearHistogram<Key, Bucket = SectionBucket<Key>>(
  slots: Slots,
  valueType: string,
  header: string,
  options: HistogramOptions<Key, Bucket>,
): string[] {
  return buildSections(slots, LINEAR_SLOTS, header, options, (counts) =>
    renderLinear(counts, valueType, options.strip_leading_zero ?? false),
  );
}

/** Renders power-of-two histograms as JSON: `{ ts, val_type, data: [{ "interval-start", "interval-end", count }], <header>: <bucket> }`. Source: BCC's print_json_hist. */
export function renderHistogramJson<Key, Bucket = SectionBucket<Key>>(
  slots: Slots,
  valueType: string,
  header: string,
  options: HistogramOptions<Key, Bucket>,
  now: Date = new Date(),
): string[] {
  return renderSectionsJson(slots, LOG2_SLOTS, valueType, header, options, now, listIntervals);
}

/** The same of a histogram with a row for each slot: intervals of one number. */
export function renderLinearJson<Key, Bucket = SectionBucket<Key>>(
  slots: Slots,
  valueType: string,
  header: string,
  options: HistogramOptions<Key, Bucket>,
  now: Date = new Date(),
): string[] {
  return renderSectionsJson(slots, LINEAR_SLOTS, valueType, header, options, now, (counts) =>
    counts
      .slice(0, findLast(counts) + 1)
      .map((count, slot) => ({ "interval-start": BigInt(slot), "interval-end": BigInt(slot), count })),
  );
}

/** The histograms with the ends of their rows, from the first row that is printed to the last one that counted. */
export function describeHistogram<Key, Bucket = SectionBucket<Key>>(
  series: string,
  slots: Slots,
  scale: "log2" | "linear",
  valueType: string,
  header: string,
  options: HistogramOptions<Key, Bucket>,
): HistogramMessage {
  const { plain, sections } = collectSections(slots, scale === "log2" ? LOG2_SLOTS : LINEAR_SLOTS, header, options);
  const first = scale === "log2" ? 1 : 0;
  const listRows = (counts: readonly bigint[]): HistogramRow[] =>
    counts.slice(first, findLast(counts) + 1).map((count, index) => {
      const slot = index + first;
      const [from, to] = scale === "log2" ? findInterval(slot) : [BigInt(slot), BigInt(slot)];
      return [String(from), String(to), String(count)];
    });
  return {
    series,
    unit: valueType,
    sections:
      plain === undefined
        ? sections.map(({ bucket, counts }) => ({
            name: `${header} = ${nameBucket(bucket, options)}`,
            rows: listRows(counts),
          }))
        : [{ name: "", rows: listRows(plain) }],
  };
}

function renderSectionsJson<Key, Bucket>(
  slots: Slots,
  size: number,
  valueType: string,
  header: string,
  options: HistogramOptions<Key, Bucket>,
  now: Date,
  list: (counts: readonly bigint[]) => readonly Interval[],
): string[] {
  const { plain, sections } = collectSections(slots, size, header, options);
  const stamp = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace("T", " ");
  const render = (counts: readonly bigint[], extra: object): string =>
    escapeJson(renderJson({ ts: stamp, val_type: valueType, data: list(counts), ...extra }));
  if (plain !== undefined) return [render(plain, {})];
  return sections.map(({ bucket, counts }) => {
    const name = options.section_print_fn === undefined ? bucket : options.section_print_fn(bucket as Bucket);
    return render(counts, {
      [header]: typeof name === "number" || typeof name === "bigint" ? name : renderValue(name),
    });
  });
}

/** JSON with every digit of a bigint, as Python writes its numbers. */
function renderJson(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(renderJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, item]) => `${JSON.stringify(name)}:${renderJson(item)}`)
    .join(",")}}`;
}

function buildSections<Key, Bucket>(
  slots: Slots,
  size: number,
  header: string,
  options: HistogramOptions<Key, Bucket>,
  render: (counts: readonly bigint[]) => string[],
): string[] {
  const { plain, sections } = collectSections(slots, size, header, options);
  if (plain !== undefined) {
    const rows = render(plain);
    return rows.length === 0 ? [] : [rows.join("\n")];
  }
  return sections.map(({ bucket, counts }) =>
    [`\n${header} = ${nameBucket(bucket, options)}`, ...render(counts)].join("\n"),
  );
}

function nameBucket<Key, Bucket>(bucket: unknown, options: HistogramOptions<Key, Bucket>): string {
  return escapeText(
    options.section_print_fn === undefined ? renderValue(bucket) : String(options.section_print_fn(bucket as Bucket)),
  );
}

function collectSections<Key, Bucket>(
  slots: Slots,
  size: number,
  header: string,
  options: HistogramOptions<Key, Bucket>,
): { plain?: bigint[]; sections: Section[] } {
  const sections = new Map<unknown, Section>();
  let plain: bigint[] | undefined;
  for (const [key, count] of slots) {
    const [member, slot] = typeof key === "object" && key !== null ? splitKey(key) : [undefined, Number(key)];
    if (header === "" || typeof key !== "object") {
      plain ??= newCounts(size);
      plain[requireSlot(slot, size)]! += requireCount(count);
      continue;
    }
    const bucket = options.bucket_fn === undefined ? member : options.bucket_fn(member as SectionBucket<Key>);
    const identity = identifyValue(bucket);
    let section = sections.get(identity);
    if (section === undefined) {
      section = { bucket, counts: newCounts(size) };
      sections.set(identity, section);
    }
    section.counts[requireSlot(slot, size)]! += requireCount(count);
  }
  let list = [...sections.values()];
  if (options.bucket_sort_fn !== undefined) {
    const order = options.bucket_sort_fn(list.map((section) => section.bucket as Bucket)) as unknown[];
    list = order.flatMap((bucket) => list.filter((section) => identifyValue(section.bucket) === identifyValue(bucket)));
  }
  return plain === undefined ? { sections: list } : { plain, sections: list };
}

/** The bucket and the slot of a key struct; members that only pad are not seen. */
function splitKey(key: object): [unknown, number] {
  const members = Object.entries(key).filter(([name]) => !/^__pad/.test(name)) as [string, unknown][];
  const [bucket, slot] = members;
  if (bucket !== undefined && slot !== undefined && members.length === 2) return [bucket[1], Number(slot[1])];
  const names = members.map(([name]) => name).join(", ");
  throw makeArgumentError(
    `Cannot print a histogram of keys with ${members.length === 1 ? "one member" : `${members.length} members`} (${names}): there have to be two, a bucket and a slot`,
    "make the members that tell the histograms apart one struct, and that the first member of the key",
  );
}

function newCounts(size: number): bigint[] {
  return new Array<bigint>(size).fill(0n);
}

/** A count in the wrong row would be a lie. */
function requireSlot(slot: number, size: number): number {
  if (Number.isInteger(slot) && slot >= 0 && slot < size) return slot;
  const hint =
    size === LOG2_SLOTS
      ? "the program stores bpf_log2l(value) as the slot"
      : "print_log2_hist, with bpf_log2l(value) as the slot, takes values of any size";
  throw makeArgumentError(`Cannot print a histogram with the slot ${slot}: slots are 0 to ${size - 1}`, hint);
}

function requireCount(count: unknown): bigint {
  if (typeof count === "bigint" || Number.isInteger(count)) return BigInt(count as bigint | number);
  throw makeArgumentError(
    `Cannot print a histogram of the value ${renderValue(count, { depth: 1 })}: it is no integer`,
    "a histogram's values are counts, as BPF_HISTOGRAM has them",
  );
}

function findLast(counts: readonly bigint[]): number {
  return counts.findLastIndex((count) => count > 0n);
}

/** A slot's ends: slot i counts values of i bits; 0 and 1 share the first row. */
export function findInterval(slot: number): [bigint, bigint] {
  const low = (1n << BigInt(slot)) >> 1n;
  const high = (1n << BigInt(slot)) - 1n;
  return [low === high ? low - 1n : low, high];
}

function renderLog2(counts: readonly bigint[], valueType: string, strip: boolean): string[] {
  const last = findLast(counts);
  if (last <= 0) return [];
  const narrow = last <= 32;
  const number = narrow ? 10 : 20;
  const width = narrow ? 40 : 20;
  const max = findMost(counts);
  const rows = [`${" ".repeat(narrow ? 5 : 15)}${valueType.padEnd(narrow ? 19 : 29)} : count     distribution`];
  for (let slot = 1; slot <= last; slot++) {
    const count = counts[slot]!;
    if (strip && count === 0n && rows.length === 1) continue;
    const [low, high] = findInterval(slot);
    rows.push(
      `${String(low).padStart(number)} -> ${String(high).padEnd(number)} : ${String(count).padEnd(8)} |${renderStars(count, max, width)}|`,
    );
  }
  return rows;
}

function renderLinear(counts: readonly bigint[], valueType: string, strip: boolean): string[] {
  const last = findLast(counts);
  if (last < 0) return [];
  const max = findMost(counts);
  const rows = [`     ${valueType.padEnd(13)} : count     distribution`];
  for (let slot = 0; slot <= last; slot++) {
    const count = counts[slot]!;
    if (strip && count === 0n && rows.length === 1) continue;
    rows.push(`        ${String(slot).padEnd(10)} : ${String(count).padEnd(8)} |${renderStars(count, max, 40)}|`);
  }
  return rows;
}

function findMost(counts: readonly bigint[]): bigint {
  return counts.reduce((most, count) => (count > most ? count : most));
}

/** A bar of `width` cells, the largest count filling it. */
export function renderStars(count: bigint, max: bigint, width: number): string {
  const exact = (width * Number(count)) / Number(max);
  let stars = 0;
  while (stars <= exact - 1 && stars <= width - 1) stars++;
  return "*".repeat(stars).padEnd(width);
}

interface Interval {
  readonly "interval-start": bigint;
  readonly "interval-end": bigint;
  readonly count: bigint;
}

function listIntervals(counts: readonly bigint[]): Interval[] {
  const last = findLast(counts);
  const rows: Interval[] = [];
  for (let slot = 1; slot <= last; slot++) {
    const [start, end] = findInterval(slot);
    rows.push({ "interval-start": start, "interval-end": end, count: counts[slot]! });
  }
  return rows;
}
