import { readClock } from "../base/clock.ts";
import { ArgumentError } from "../base/errors.ts";
import { escapeText } from "../../sdk/wire/escape-text.ts";
import type { HistogramMessage, HistogramRow } from "../../sdk/wire/histogram-message.ts";

/** A row of a heat map: the ends of its values. The lowest and the highest row may have one end only. */
export interface HeatRow {
  readonly from: bigint | null;
  readonly to: bigint | null;
}

/** What a row counted in a time. Units: milliseconds since the beginning. */
export interface HeatCell {
  readonly row: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly count: bigint;
}

/** The histograms of one thing over time. */
export interface HeatPanel {
  /** "disk = sda"; "" where nothing is told apart. */
  readonly name: string;
  readonly unit: string;
  /** From the lowest to the highest that counted. */
  readonly rows: readonly HeatRow[];
  /** Those that counted. */
  readonly cells: readonly HeatCell[];
}

/** All histograms of a run. */
export interface Heatmap {
  /** When the first time begins. Units: milliseconds since 1970. */
  readonly beganMs: number;
  /** When the last one ends. Units: milliseconds since the beginning. */
  readonly endMs: number;
  readonly panels: readonly HeatPanel[];
  /** How many histograms there were that counted anything. */
  readonly histograms: number;
}

/** What a script may make the host keep. Units: rows that counted. */
const MAX_CELLS = 1_000_000;
/** No table has more. */
const MAX_ROWS = 4096;
/** More columns would be narrower than a line. */
const MAX_COLUMNS = 500;

interface Column {
  readonly startMs: number;
  readonly endMs: number;
  readonly sections: readonly Section[];
}

interface Section {
  readonly name: string;
  readonly unit: string;
  readonly rows: readonly (HeatRow & { readonly count: bigint })[];
}

/** Keeps the histograms that a script records, with their times. */
export class HistogramStore {
  /** By the table that they are of. */
  private readonly series = new Map<string, Column[]>();
  private readonly openedMs: number;
  private cells = 0;
  /** How many histograms there was no room for. */
  dropped = 0;

  constructor(
    private readonly now: () => number = readClock,
    private readonly maxCells = MAX_CELLS,
  ) {
    this.openedMs = now();
  }

  /** Adds what was counted since the last histograms of that series. @throws ArgumentError for what is no histogram */
  add(message: HistogramMessage): void {
    const { series, unit, sections } = requireHistogram(message);
    const columns = this.series.get(series) ?? [];
    this.series.set(series, columns);
    const endMs = this.now();
    const kept = sections.map(({ name, rows }) => ({
      name: clean(name),
      unit: clean(unit),
      rows: rows.map(([from, to, count]) => ({
        from: from === null ? null : BigInt(from),
        to: to === null ? null : BigInt(to),
        count: BigInt(count),
      })),
    }));
    const cells = kept.reduce((sum, { rows }) => sum + rows.length, 0);
    const hasRoom = this.cells + cells <= this.maxCells;
    if (hasRoom) this.cells += cells;
    else this.dropped += kept.length;
    columns.push({ startMs: columns.at(-1)?.endMs ?? this.openedMs, endMs, sections: hasRoom ? kept : [] });
  }

  /** What was recorded; undefined when nothing was counted. */
  read(): Heatmap | undefined {
    const all = [...this.series.values()].map(shortenFirst);
    const firstMs = Math.min(...all.flatMap((columns) => columns.map(({ startMs }) => startMs)));
    const lastMs = Math.max(...all.flatMap((columns) => columns.map(({ endMs }) => endMs)));
    const panels = all.flatMap((columns) => listPanels(columns, firstMs)).filter(({ cells }) => cells.length > 0);
    if (panels.length === 0) return undefined;
    const counted = all.flat().flatMap(({ sections }) => sections);
    return {
      beganMs: Date.now() - (this.now() - firstMs),
      endMs: lastMs - firstMs,
      panels,
      histograms: counted.filter(({ rows }) => rows.some(({ count }) => count > 0n)).length,
    };
  }
}

/** Before the first histogram the program was compiled, so its time is taken to be no longer than the next one's. */
function shortenFirst(columns: readonly Column[]): readonly Column[] {
  const [first, second] = columns;
  if (first === undefined || second === undefined) return columns;
  const lengthMs = second.endMs - second.startMs;
  return [{ ...first, startMs: Math.max(first.startMs, first.endMs - lengthMs) }, ...columns.slice(1)];
}

function listPanels(columns: readonly Column[], firstMs: number): HeatPanel[] {
  const byName = new Map<string, { readonly column: Column; readonly section: Section }[]>();
  for (const column of mergeColumns(columns))
    for (const section of column.sections) {
      const key = JSON.stringify([section.name, section.unit]);
      byName.set(key, [...(byName.get(key) ?? []), { column, section }]);
    }
  return [...byName.values()].map((parts) => {
    const rows = listRows(parts.map(({ section }) => section));
    const places = new Map(rows.map((row, place) => [nameRow(row), place]));
    const cells = parts.flatMap(({ column, section }) =>
      section.rows.flatMap((row) => {
        if (row.count === 0n) return [];
        const [startMs, endMs] = [column.startMs - firstMs, column.endMs - firstMs];
        return [{ row: places.get(nameRow(row))!, startMs, endMs, count: row.count }];
      }),
    );
    const { name, unit } = parts[0]!.section;
    return { name, unit, rows, cells };
  });
}

/** Puts neighbours together where there are more than a picture can show. */
function mergeColumns(columns: readonly Column[]): readonly Column[] {
  const step = Math.ceil(columns.length / MAX_COLUMNS);
  if (step <= 1) return columns;
  return Array.from({ length: Math.ceil(columns.length / step) }, (_, at) => {
    const group = columns.slice(at * step, (at + 1) * step);
    const sums = new Map<string, { name: string; unit: string; rows: Map<string, HeatRow & { count: bigint }> }>();
    for (const { name, unit, rows } of group.flatMap(({ sections }) => sections)) {
      const key = JSON.stringify([name, unit]);
      const sum = sums.get(key) ?? { name, unit, rows: new Map<string, HeatRow & { count: bigint }>() };
      sums.set(key, sum);
      for (const row of rows) {
        const known = sum.rows.get(nameRow(row));
        if (known === undefined) sum.rows.set(nameRow(row), { ...row });
        else known.count += row.count;
      }
    }
    const sections = [...sums.values()].map((sum) => ({ ...sum, rows: [...sum.rows.values()] }));
    return { startMs: group[0]!.startMs, endMs: group.at(-1)!.endMs, sections };
  });
}

/** All rows from the lowest to the highest that counted. */
function listRows(sections: readonly Section[]): HeatRow[] {
  const rows = new Map<string, HeatRow>();
  const counted = new Set<string>();
  for (const { from, to, count } of sections.flatMap((section) => section.rows)) {
    const key = nameRow({ from, to });
    rows.set(key, { from, to });
    if (count > 0n) counted.add(key);
  }
  const ordered = [...rows.values()].sort(compareRows);
  const isCounted = (row: HeatRow): boolean => counted.has(nameRow(row));
  return ordered.slice(ordered.findIndex(isCounted), ordered.findLastIndex(isCounted) + 1);
}

function compareRows(a: HeatRow, b: HeatRow): number {
  if (a.from === null || b.from === null) return a.from === b.from ? 0 : a.from === null ? -1 : 1;
  return a.from < b.from ? -1 : a.from > b.from ? 1 : 0;
}

function nameRow({ from, to }: HeatRow): string {
  return `${from} ${to}`;
}

/** The last two characters of each plane are none, and XML has no place for the first two of them. */
function clean(text: string): string {
  return escapeText(text).replace(/[\ufffe\uffff]/g, "\ufffd");
}

function requireHistogram(message: HistogramMessage): HistogramMessage {
  const { series, unit, sections } = message as { readonly [Key in keyof HistogramMessage]: unknown };
  const isSection = (section: unknown): boolean => {
    const { name, rows } = section as { readonly name?: unknown; readonly rows?: unknown };
    return typeof name === "string" && Array.isArray(rows) && rows.length <= MAX_ROWS && rows.every(isRow);
  };
  if (typeof series === "string" && typeof unit === "string" && Array.isArray(sections) && sections.every(isSection))
    return message;
  throw new ArgumentError("Cannot record a histogram: its rows are two ends and a count each, as decimal texts");
}

function isRow(row: unknown): row is HistogramRow {
  if (!Array.isArray(row) || row.length !== 3) return false;
  const [from, to, count] = row as unknown[];
  const isEnd = (end: unknown): boolean => end === null || (typeof end === "string" && /^-?\d{1,20}$/.test(end));
  return isEnd(from) && isEnd(to) && typeof count === "string" && /^\d{1,20}$/.test(count);
}
