import { callHost } from "../wire/host.ts";
import { renderJson } from "./render-json.ts";

/** What a script shows, as data: what the host's page and tests of scripts read in place of the printed text. */
export type OutputRecord =
  /** A row of a RowPrinter; several printers of one script have other columns. */
  | { readonly type: "row"; readonly data: Readonly<Record<string, unknown>> }
  /** An event that a report prints, a row of `events.printf`, a line of the trace pipe. */
  | {
      readonly type: "event";
      readonly name: string;
      readonly text?: string;
      readonly data: unknown;
    }
  /** A whole table, or of one with `total` entries the largest: the next one of its name takes its place. */
  | {
      readonly type: "table";
      readonly name: string;
      readonly total?: number;
      readonly rows: readonly { readonly key: Readonly<Record<string, unknown>>; readonly value: unknown }[];
    }
  /** The rows of a TopScreen: the next ones take their place. */
  | { readonly type: "top"; readonly name: string; readonly rows: readonly Readonly<Record<string, unknown>>[] }
  /** A histogram: rows with their ends, which the lowest and the highest may lack. */
  | {
      readonly type: "hist";
      readonly name: string;
      readonly key: Readonly<Record<string, unknown>>;
      readonly buckets: readonly { readonly from?: unknown; readonly to?: unknown; readonly count: unknown }[];
    }
  /** What a buffer has lost, and why: `LossReply`. */
  | {
      readonly type: "lost";
      readonly name: string;
      readonly count: number;
      readonly text?: string;
      readonly cause?: string | undefined;
      readonly cpus?: readonly { readonly cpu: number; readonly lost: number }[] | undefined;
      readonly pages?: number | undefined;
      readonly needed_pages?: number | null | undefined;
      readonly burst_seconds?: number | null | undefined;
    }
  /** A stack, the outermost function first. */
  | {
      readonly type: "stack";
      readonly process: string | null;
      readonly frames: readonly string[];
      readonly value: unknown;
      readonly unit: string;
    };

let everyMs: number | undefined;
let lines: string[] = [];
let size = 0;

/** Units: UTF-16 code units of buffered records. */
const FLUSH_AT = 64 * 1024;

/** Takes whether somebody reads records in this run, and how often reports are to send their tables meanwhile; 0 for no more often than they print them. */
export function wantRecords(wanted: { readonly everyMs: number } | null): void {
  everyMs = wanted?.everyMs;
  lines = [];
  size = 0;
}

/** Whether somebody reads records. */
export function areRecordsWanted(): boolean {
  return everyMs !== undefined;
}

/** How often a report sends its tables while it waits; Infinity where it only sends what it prints. Units: milliseconds. */
export function findRecordStep(): number {
  return everyMs === undefined || everyMs === 0 ? Number.POSITIVE_INFINITY : everyMs;
}

/** Hands a record over, if somebody reads them. It goes out with what is printed. */
export function addRecord(make: () => OutputRecord): void {
  if (everyMs === undefined) return;
  const line = renderJson(make());
  lines.push(line);
  if ((size += line.length) >= FLUSH_AT) flushRecords();
}

/** Sends what is buffered. */
export function flushRecords(): void {
  if (lines.length === 0) return;
  const text = lines.join("\n");
  lines = [];
  size = 0;
  callHost("record_output", text);
}
