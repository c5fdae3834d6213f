import type { OutputRecord } from "../../sdk/print/output-records.ts";

/** One part of the page, as it crosses to the browser: a new one takes the place of the last one of its id. */
export type PagePart =
  | {
      readonly kind: "rows";
      readonly id: string;
      readonly name: string;
      readonly total: number;
      readonly columns: readonly string[];
      readonly rows: readonly (readonly unknown[])[];
    }
  | {
      readonly kind: "hist";
      readonly id: string;
      readonly name: string;
      readonly label: string;
      readonly buckets: readonly Bucket[];
      /** Of each of the last seconds: the counts of buckets by their numbers. */
      readonly heat: readonly HeatColumn[];
    }
  | {
      readonly kind: "flame";
      readonly id: string;
      readonly name: string;
      readonly total: number;
      readonly stacks: readonly Stack[];
    }
  | { readonly kind: "text"; readonly id: "text"; readonly lines: readonly string[] };

type Bucket = readonly [from: string, to: string, count: number];
type HeatColumn = readonly [second: number, counts: Readonly<Record<string, number>>];
type Stack = readonly [frames: readonly string[], value: number];

/** What a page shows of each: the last rows, the largest entries. */
const MAX_ROWS = 200;
const MAX_STACKS = 2000;
const MAX_LINES = 300;
const MAX_SECONDS = 120;
/** What a script may make the host keep. */
const MAX_PARTS = 64;
const MAX_KEPT_STACKS = 20_000;
/** A flame graph is large, and nobody reads it ten times a second. Units: milliseconds. */
const FLAME_STEP_MS = 1000;

interface Rows {
  readonly name: string;
  readonly columns: string[];
  rows: Readonly<Record<string, unknown>>[];
  total: number;
}

interface Histogram {
  readonly name: string;
  readonly label: string;
  counts: Map<string, Bucket>;
  readonly heat: [second: number, counts: Record<string, number>][];
}

interface Stacks {
  readonly name: string;
  readonly sums: Map<string, { readonly frames: readonly string[]; value: number }>;
  toldMs: number;
}

/** What the page shows, made of the records of a run. It keeps what is last and largest, so its size has an end. */
export class PageState {
  private readonly rows = new Map<string, Rows>();
  private readonly histograms = new Map<string, Histogram>();
  private readonly stacks = new Map<string, Stacks>();
  private lines: string[] = [];
  private rest = "";
  private readonly changed = new Set<string>();
  /** Parts that there was no room for. */
  dropped = 0;

  constructor(private readonly now: () => number) {}

  /** Adds records, a JSON object a line. */
  add(lines: string): void {
    for (const line of lines.split("\n")) if (line !== "") this.addRecord(JSON.parse(line) as OutputRecord);
  }

  /** Adds what the script printed. */
  addText(text: string): void {
    const pieces = (this.rest + text).split("\n");
    this.rest = pieces.pop()!.slice(-4096);
    this.lines = [...this.lines, ...pieces.slice(-MAX_LINES)].slice(-MAX_LINES);
    this.changed.add("text");
  }

  private addRecord(record: OutputRecord): void {
    switch (record.type) {
      case "row":
        return this.addRow("rows", Object.keys(record.data), record.data);
      case "event":
        return this.addEvent(record);
      case "top":
        return this.setRows(`top ${record.name}`, record.name, record.rows);
      case "table":
        return this.setTable(record);
      case "hist":
        return this.setHistogram(record);
      case "lost":
        return this.addText(`${record.text ?? `Lost ${record.count} events of "${record.name}"`}\n`);
      case "stack": {
        const { process, frames, value } = record;
        return this.addStack("stacks", process === null ? frames : [process, ...frames], Number(value));
      }
    }
  }

  private addEvent({ name, text, data }: Extract<OutputRecord, { readonly type: "event" }>): void {
    const isRecord = typeof data === "object" && data !== null && !Array.isArray(data);
    const fields = isRecord ? (data as Readonly<Record<string, unknown>>) : { value: data };
    const shown = text === undefined ? fields : { text, ...fields };
    this.addRow(name, Object.keys(shown), shown);
  }

  private addRow(name: string, columns: string[], row: Readonly<Record<string, unknown>>): void {
    const id = `${name} ${columns.join(",")}`;
    const found = this.rows.get(id) ?? this.open(this.rows, id, { name, columns, rows: [], total: 0 });
    if (found === undefined) return;
    found.total++;
    found.rows.push(row);
    if (found.rows.length >= 2 * MAX_ROWS) found.rows = found.rows.slice(-MAX_ROWS);
    this.changed.add(id);
  }

  private setRows(id: string, name: string, rows: readonly Readonly<Record<string, unknown>>[]): void {
    const columns = Object.keys(rows[0] ?? {});
    const found = this.rows.get(id) ?? this.open(this.rows, id, { name, columns, rows: [], total: 0 });
    if (found === undefined) return;
    if (columns.length > 0) found.columns.splice(0, found.columns.length, ...columns);
    found.total = rows.length;
    found.rows = rows.slice(0, MAX_ROWS).toReversed();
    this.changed.add(id);
  }

  /** A table by stacks is a flame graph. Its rows come smallest first. */
  private setTable({ name, rows, total = rows.length }: Extract<OutputRecord, { readonly type: "table" }>): void {
    const isStack = (key: Readonly<Record<string, unknown>>): boolean =>
      Array.isArray(key["kstack"]) || Array.isArray(key["ustack"]);
    if (!rows.some(({ key }) => isStack(key))) {
      const shown = rows.slice(-MAX_ROWS).map(({ key, value }) => ({ ...key, value }));
      this.setRows(`table ${name}`, name, shown.toReversed());
      const found = this.rows.get(`table ${name}`);
      if (found !== undefined) found.total = total;
      return;
    }
    this.stacks.get(`flame ${name}`)?.sums.clear();
    for (const { key, value } of rows) {
      const frames = [key["ustack"], key["kstack"]].flatMap((part) =>
        Array.isArray(part) ? (part as readonly string[]).map(dropOffset).toReversed() : [],
      );
      const others = Object.entries(key).flatMap(([part, text]) =>
        part === "kstack" || part === "ustack" ? [] : [String(text)],
      );
      this.addStack(name, [...others, ...frames], Number(value));
    }
  }

  private addStack(name: string, frames: readonly string[], value: number): void {
    const id = `flame ${name}`;
    const found = this.stacks.get(id) ?? this.open(this.stacks, id, { name, sums: new Map(), toldMs: -Infinity });
    if (found === undefined || !(value > 0)) return;
    const key = frames.join("\n");
    const sum = found.sums.get(key);
    if (sum !== undefined) sum.value += value;
    else if (found.sums.size < MAX_KEPT_STACKS) found.sums.set(key, { frames, value });
    else this.dropped++;
    this.changed.add(id);
  }

  private setHistogram({ name, key, buckets }: Extract<OutputRecord, { readonly type: "hist" }>): void {
    const label = Object.entries(key)
      .map(([part, value]) => `${part} = ${Array.isArray(value) ? value.join(" ") : String(value)}`)
      .join(", ");
    const id = `hist ${name} ${label}`;
    const found =
      this.histograms.get(id) ?? this.open(this.histograms, id, { name, label, counts: new Map(), heat: [] });
    if (found === undefined) return;
    const counts = new Map<string, Bucket>(
      buckets.map(({ from, to, count }) => {
        const bucket: Bucket = [
          from === undefined ? "" : String(from),
          to === undefined ? "" : String(to),
          Number(count),
        ];
        return [`${bucket[0]}-${bucket[1]}`, bucket] as const;
      }),
    );
    // A table that was emptied, or taken out, begins anew.
    const goesOn = [...found.counts].every(([bucket, [, , count]]) => (counts.get(bucket)?.[2] ?? -1) >= count);
    const second = Math.floor(this.now() / 1000);
    const last = found.heat.at(-1);
    const column = last?.[0] === second ? last : ([second, {}] as [number, Record<string, number>]);
    if (column !== last) found.heat.push(column);
    for (const [bucket, [, , count]] of counts) {
      const more = count - (goesOn ? (found.counts.get(bucket)?.[2] ?? 0) : 0);
      if (more > 0) column[1][bucket] = (column[1][bucket] ?? 0) + more;
    }
    while (found.heat[0]![0] <= second - MAX_SECONDS) found.heat.shift();
    found.counts = counts;
    this.changed.add(id);
  }

  private open<Part>(parts: Map<string, Part>, id: string, part: Part): Part | undefined {
    if (this.rows.size + this.histograms.size + this.stacks.size >= MAX_PARTS) {
      this.dropped++;
      return undefined;
    }
    parts.set(id, part);
    return part;
  }

  /** The parts that changed since they were last taken. Flame graphs come once a second, and at the end. */
  takeChanges(isEnd = false): PagePart[] {
    const ids = [...this.changed];
    const due = ids.filter((id) => {
      const stacks = this.stacks.get(id);
      return stacks === undefined || isEnd || this.now() - stacks.toldMs >= FLAME_STEP_MS;
    });
    for (const id of due) {
      this.changed.delete(id);
      const stacks = this.stacks.get(id);
      if (stacks !== undefined) stacks.toldMs = this.now();
    }
    return due.map((id) => this.describe(id));
  }

  /** All parts, for who opens the page. */
  listParts(): PagePart[] {
    const ids = [...this.stacks.keys(), ...this.histograms.keys(), ...this.rows.keys()];
    return [...ids, ...(this.lines.length > 0 ? ["text"] : [])].map((id) => this.describe(id));
  }

  private describe(id: string): PagePart {
    const rows = this.rows.get(id);
    if (rows !== undefined) {
      const { name, total, columns } = rows;
      const shown = rows.rows.slice(-MAX_ROWS).toReversed();
      return { kind: "rows", id, name, total, columns, rows: shown.map((row) => columns.map((column) => row[column])) };
    }
    const histogram = this.histograms.get(id);
    if (histogram !== undefined) {
      const { name, label, counts, heat } = histogram;
      return { kind: "hist", id, name, label, buckets: [...counts.values()], heat };
    }
    const stacks = this.stacks.get(id);
    if (stacks !== undefined) {
      const all = [...stacks.sums.values()].sort((a, b) => b.value - a.value);
      const total = all.reduce((sum, { value }) => sum + value, 0);
      const shown = all.slice(0, MAX_STACKS).map(({ frames, value }): Stack => [frames, value]);
      return { kind: "flame", id, name: stacks.name, total, stacks: shown };
    }
    return { kind: "text", id: "text", lines: this.lines };
  }
}

/** Boxes are functions. */
function dropOffset(frame: string): string {
  return frame.replace(/\+0x[0-9a-f]+(?= |$)/, "");
}
