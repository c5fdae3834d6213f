import { print } from "../print/output.ts";
import { addRecord } from "../print/output-records.ts";
import type { OutputRecord } from "../print/output-records.ts";
import { renderJson } from "../print/render-json.ts";
import { renderValue } from "../print/render-value.ts";
import { findInterval, renderStars } from "../tables/histogram.ts";
import { identifyValue } from "../tables/identify-value.ts";
import { escapeText, quoteText } from "../wire/escape-text.ts";
import type { HistogramMessage } from "../wire/histogram-message.ts";
import type { ReportOptions, ReportedTable } from "./report-options.ts";
import { recordHistogram } from "../print/record-histogram.ts";
import { isStack, openFrameNames, renderParts, showParts } from "./show-part.ts";
import type { FindStacks } from "./show-part.ts";
import { orderRows, readSlots } from "./table-rows.ts";
import type { KeyPart, SlotRow, TableRow } from "./table-rows.ts";

/** A slot with its ends; one that has no end has none. */
interface Bucket {
  readonly from?: bigint;
  readonly to?: bigint;
  readonly count: bigint;
}

/** How a table is shown; `sends`: its record alone goes out, nothing is printed. */
type ShownOptions = ReportOptions & { readonly sends?: boolean };

/** Prints one table; one without entries prints nothing. A heat map takes only what is counted for the first time. */
export function showTable(
  name: string,
  table: ReportedTable | undefined,
  rows: readonly TableRow[],
  options: ShownOptions,
  findStacks: FindStacks,
  isNew: boolean,
): void {
  if (rows.length === 0) return;
  if (table?.kind === "log2" || table?.kind === "linear" || table?.kind === "slots")
    return showHistograms(name, table, rows, options, findStacks, isNew);
  const wanted = options.sends === true ? keepLargest(rows) : rows;
  const symbols = openFrameNames();
  const ordered = orderRows(wanted, options.sort ?? "value", options.top).map(({ key, value }) => ({
    key: table?.keys.length === 0 ? [] : showParts(key, findStacks, table === undefined ? "members" : "words", symbols),
    value,
  }));
  const describe = (): OutputRecord => ({
    type: "table",
    name,
    rows: ordered.map(({ key, value }) => ({ key: joinParts(key), value })),
  });
  addRecord(() => ({ ...describe(), ...(wanted.length < rows.length && { total: rows.length }) }));
  if (options.sends === true) return;
  if (options.json === true) return print(renderJson(describe()));
  if (table?.keys.length === 0) return print(`${name}: ${renderValue(ordered[0]!.value)}`);
  print(`${name}:`);
  const texts = ordered.map(({ key }) => escapeText(renderParts(key)));
  const width = texts.reduce((most, text) => Math.max(most, text.length), 0);
  ordered.forEach(({ key, value }, index) => {
    for (const frames of key.filter(isStack).map((part) => part.value as readonly string[]))
      for (const frame of frames) print(`    ${frame}`);
    print(`${texts[index]!.padEnd(width)}  ${renderValue(value)}`);
  });
}

/** What somebody who looks again and again wants to see of a large table. */
const MAX_SENT = 200;

function keepLargest(rows: readonly TableRow[]): readonly TableRow[] {
  const isNumber = ({ value }: TableRow): boolean => typeof value === "bigint" || typeof value === "number";
  if (rows.length <= MAX_SENT || !rows.every(isNumber)) return rows;
  const rank = (row: TableRow): number => Number(row.value);
  return rows.toSorted((a, b) => rank(b) - rank(a)).slice(0, MAX_SENT);
}

function showHistograms(
  name: string,
  table: ReportedTable,
  rows: readonly TableRow[],
  { json, top, sort, sends }: ShownOptions,
  findStacks: FindStacks,
  isNew: boolean,
): void {
  const groups = new Map<unknown, { key: readonly KeyPart[]; slots: SlotRow[]; total: bigint }>();
  for (const row of readSlots(rows)) {
    const identity = identifyValue(row.key.map(({ value }) => value));
    const group = groups.get(identity) ?? { key: row.key, slots: [], total: 0n };
    group.slots.push(row);
    group.total += row.count;
    groups.set(identity, group);
  }
  const ordered = orderRows(
    [...groups.values()].map((group) => ({ key: group.key, value: group.total, group })),
    sort ?? "value",
    top,
  ) as (TableRow & { readonly group: { readonly slots: SlotRow[] } })[];
  const symbols = openFrameNames();
  const shown = ordered.map(({ key, group }) => {
    const parts = showParts(key, findStacks, table.kind === "slots" ? "members" : "words", symbols);
    return { parts, labels: labelParts(parts), buckets: listBuckets(group.slots, table) };
  });
  const describe = ({ parts, buckets }: (typeof shown)[number]): OutputRecord => ({
    type: "hist",
    name,
    key: joinParts(parts),
    buckets: buckets.filter(({ count }) => count > 0n),
  });
  for (const one of shown) addRecord(() => describe(one));
  if (sends === true) return;
  if (recordHistogram(() => (isNew ? describeBuckets(name, shown) : undefined)) && json !== true) return;
  shown.forEach((one, index) => {
    const { parts, labels, buckets } = one;
    if (json === true) return print(renderJson(describe(one)));
    if (index > 0) print("");
    for (const frames of parts.filter(isStack).map((part) => part.value as readonly string[]))
      for (const frame of frames) print(`    ${frame}`);
    print(labels.length === 0 ? `${name}:` : [name, ...labels].join(", "));
    for (const line of renderBuckets(buckets)) print(line);
  });
}

/** What tells a histogram from the others of its table, but for stacks. */
function labelParts(parts: readonly KeyPart[]): string[] {
  return parts
    .filter((part) => !isStack(part))
    .map(
      (part) =>
        `${part.name} = ${typeof part.value === "string" ? quoteText(part.value) : renderValue(part.value, { depth: 1 })}`,
    );
}

function describeBuckets(
  name: string,
  histograms: readonly {
    readonly parts: readonly KeyPart[];
    readonly labels: readonly string[];
    readonly buckets: readonly Bucket[];
  }[],
): HistogramMessage {
  const renderEnd = (end: bigint | undefined): string | null => (end === undefined ? null : String(end));
  return {
    series: name,
    unit: name,
    sections: histograms.map(({ parts, labels, buckets }) => ({
      name: [...labels, ...parts.filter(isStack).map(({ value }) => (value as readonly string[]).join(" "))].join(", "),
      rows: buckets.map(({ from, to, count }) => [renderEnd(from), renderEnd(to), String(count)]),
    })),
  };
}

/** The slots from the first to the last one that counted. */
function listBuckets(slots: readonly SlotRow[], { kind, steps }: ReportedTable): Bucket[] {
  const counts = new Map<number, bigint>();
  for (const { slot, count } of slots) counts.set(slot, (counts.get(slot) ?? 0n) + count);
  const first = Math.min(...counts.keys());
  const last = Math.max(...counts.keys());
  const buckets: Bucket[] = [];
  for (let slot = first; slot <= last; slot++) {
    const count = counts.get(slot) ?? 0n;
    if (count === 0n && slot === 0) continue;
    buckets.push({ ...(steps === undefined ? boundLog2(slot, kind === "slots") : boundLinear(slot, steps)), count });
  }
  return buckets;
}

function boundLog2(slot: number, isUnsigned: boolean): Omit<Bucket, "count"> {
  if (slot === 0) return isUnsigned ? { from: 0n, to: 0n } : { to: -1n };
  const [from, to] = findInterval(slot);
  return { from, to };
}

function boundLinear(slot: number, [min, max, step]: readonly [number, number, number]): Omit<Bucket, "count"> {
  const from = min + (slot - 1) * step;
  if (slot === 0) return { to: BigInt(min) - 1n };
  if (from >= max) return { from: BigInt(max) };
  return { from: BigInt(from), to: BigInt(Math.min(from + step, max) - 1) };
}

/** BCC's layout, with rows for what lies below and above all slots. */
function renderBuckets(buckets: readonly Bucket[]): string[] {
  const isWide = buckets.some(({ from, to }) => (to ?? from ?? 0n) > 0xffffffffn);
  const number = isWide ? 20 : 10;
  const width = isWide ? 20 : 40;
  const max = buckets.reduce((most, { count }) => (count > most ? count : most), 0n);
  const head = `${" ".repeat(isWide ? 15 : 5)}${"value".padEnd(isWide ? 29 : 19)} : count     distribution`;
  return [
    head,
    ...buckets.map(({ from, to, count }) => {
      const [left, arrow, right] =
        from === undefined
          ? ["", "< ", String(to! + 1n)]
          : to === undefined
            ? ["", ">=", String(from)]
            : [String(from), "->", String(to)];
      return `${left.padStart(number)} ${arrow} ${right.padEnd(number)} : ${String(count).padEnd(8)} |${renderStars(count, max, width)}|`;
    }),
  ];
}

function joinParts(parts: readonly KeyPart[]): Record<string, unknown> {
  return Object.fromEntries(parts.map(({ name, value }) => [name === "" ? "key" : name, value]));
}
