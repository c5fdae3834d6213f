import { findMapKind } from "../abi/map-kinds.ts";
import { requireOptions } from "../checks/check-options.ts";
import { pollRings, takeEvents } from "../events/rings.ts";
import { sleep } from "../events/sleep.ts";
import { EventTable } from "../events/table-ring.ts";
import { areHistogramsWanted } from "../print/record-histogram.ts";
import { haveAddedColumns, readAddedColumns, renderAddedColumns } from "../print/added-columns.ts";
import { haveRowFilter, isEventWanted, refuseRowFilter } from "../print/row-choice.ts";
import { isEventLimitReached } from "../print/shown-events.ts";
import { noteSortUsed } from "../print/sorted-rows.ts";
import { eprint, print, writeOutput } from "../print/output.ts";
import { addRecord, areRecordsWanted, findRecordStep } from "../print/output-records.ts";
import type { OutputRecord } from "../print/output-records.ts";
import type { BPF } from "../program/bpf-program.ts";
import { StackTraceTable } from "../tables/table-stack-trace.ts";
import { Table } from "../tables/table.ts";
import { Interrupt, makeArgumentError } from "../wire/errors.ts";
import type { ReportOptions, ReportedPrint, ReportedTable } from "./report-options.ts";
import { openIdleStacks } from "./idle-stacks.ts";
import type { IdleStacks } from "./idle-stacks.ts";
import { formatStacks, joinFrames } from "./format-stacks.ts";
import { findWallTime, isStackName, nameFrames, openFrameNames, renderWallTime } from "./show-part.ts";
import type { FindStacks } from "./show-part.ts";
import { renderJson } from "../print/render-json.ts";
import { isDrawn, recordTable } from "./record-table.ts";
import { showTable } from "./show-table.ts";
import { readRows, requireSortFound } from "./table-rows.ts";

/** A program as a report reads it. */
export type Reported = Pick<BPF<unknown, unknown>, "table_names" | "table">;

/**
 * Waits until Ctrl-C, the end of the command of `-c` or the given time; prints events as they come and tables at the end: rows with the smallest
 * value first, histograms in BCC's layout, stacks by their functions' names. This is how the script of a one-liner ends.
 *
 * @example
 * import { BPF, report } from "bpfts";
 * const b = new BPF({ text: `BPF_HASH(counts, u32, u64);` });
 * report(b, { duration: 5 });
 */
export function report(b: Reported, options: ReportOptions = {}): void {
  if (!Array.isArray((b as Partial<Reported> | undefined)?.table_names))
    throw makeArgumentError(
      "report() shows the tables of a BPF object",
      "for example: report(b), after b = new BPF(…)",
    );
  requireOptions("report()", options, [
    ...[
      "probes",
      "tables",
      "declared",
      "kept",
      "histograms",
      "prints",
      "duration",
      "interval",
      "keep",
      "top",
      "sort",
      "json",
      "show",
    ],
  ]);
  const findStacks: FindStacks = () => {
    const found = listTables(b).find(([, table]) => table instanceof StackTraceTable);
    return found?.[1] as StackTraceTable | undefined;
  };
  const rings = openEvents(b, options, findStacks);
  if (rings === 0) refuseRowFilter();
  const idle = openIdleStacks();
  // A check ends with the first wait: it has attached nothing.
  const first = waitUntil(Date.now() + 1, rings > 0);
  if (options.probes !== undefined && first !== "signal")
    eprint(`Attached ${options.probes} probe${options.probes === 1 ? "" : "s"}.`);
  const end = options.duration === undefined ? Number.POSITIVE_INFINITY : Date.now() + options.duration * 1000;
  const step = options.interval === undefined ? Number.POSITIVE_INFINITY : options.interval * 1000;
  let next = Date.now() + step;
  const send = (): void => show(b, { ...options, sends: true }, findStacks, idle, false, false);
  for (;;) {
    const isLast =
      first !== undefined || waitUntil(Math.min(end, next), rings > 0, send) !== undefined || Date.now() >= end;
    show(b, options, findStacks, idle, step !== Number.POSITIVE_INFINITY && options.keep !== true, isLast);
    requireSortFound();
    if (isLast) break;
    if (options.json !== true && !areHistogramsWanted()) print("");
    next += step;
  }
  warnOfLost(b, options);
  for (const [name, table] of listTables(b)) if (table instanceof EventTable) tellLost(name, table, options);
}

/** Tells with its cause what a buffer has lost; the host warns of it by itself. */
function tellLost(name: string, table: EventTable, { json }: ReportOptions): void {
  if (json !== true && !areRecordsWanted()) return;
  const count = json === true ? table.lost : findLost(table);
  if (count === 0) return;
  const { cpus, cause, pages, neededPages, burstSeconds, text } = table.explain_loss() ?? {};
  const record: OutputRecord = {
    type: "lost",
    name,
    count,
    ...(text !== undefined && { cause, cpus, pages, needed_pages: neededPages, burst_seconds: burstSeconds }),
    ...(text !== undefined && { text: `Lost ${count} event${count === 1 ? "" : "s"} of "${name}"${text}` }),
  };
  addRecord(() => record);
  if (json === true) print(renderJson(record));
}

/** What a buffer has lost, for records alone: a recorded run that had no reader of records did not ask, and its replay has no answer. */
function findLost(table: EventTable): number {
  try {
    return table.lost;
  } catch (error) {
    if (error instanceof Interrupt) throw error;
    return 0;
  }
}

/** Values that a full table did not take: what is made of them is missing without a trace. */
function warnOfLost(b: Reported, { kept = [] }: ReportOptions): void {
  for (const name of kept) {
    const counter = b.table(`${name}_lost`);
    const lost = counter instanceof Table ? Number(counter.get(0) ?? 0) : 0;
    if (lost > 0) eprint(`warning: ${name} was full: ${lost} value${lost === 1 ? " was" : "s were"} not kept`);
  }
}

function listTables(b: Reported): (readonly [string, unknown])[] {
  return b.table_names.map((name) => [name, b.table(name)] as const);
}

/** Waits for a moment; events go to their callbacks meanwhile. Answers what ended the script before. Units: ms of Date.now. */
function waitUntil(moment: number, haveRings: boolean, send?: () => void): Interrupt["reason"] | undefined {
  const step = send === undefined ? Number.POSITIVE_INFINITY : findRecordStep();
  let next = Date.now() + step;
  try {
    for (;;) {
      const now = Date.now();
      const left = moment - now;
      if (left <= 0) return undefined;
      if (now >= next) {
        send?.();
        // Large tables come less often: what is sent takes a thirtieth of the time at most.
        next = Math.max(next + step, now + 30 * (Date.now() - now));
      }
      // A wait is a 32-bit number of milliseconds.
      const wait = Math.min(left, Math.max(0, next - now), 86_400_000);
      if (haveRings) pollRings("any", wait);
      else sleep(wait / 1000);
    }
  } catch (error) {
    if (!(error instanceof Interrupt)) throw error;
    drain();
    return error.reason;
  }
}

/** A program that stays attached goes on filling its buffers. Units: milliseconds. */
const LONGEST_DRAIN_MS = 3000;

/** Takes what came before the end. */
function drain(): void {
  const end = Date.now() + LONGEST_DRAIN_MS;
  try {
    while (!isEventLimitReached() && takeEvents() && Date.now() < end);
  } catch (error) {
    if (!(error instanceof Interrupt)) throw error;
  }
}

const plainHistogram: ReportedTable = { kind: "slots", keys: [""] };

function show(
  b: Reported,
  options: ReportOptions & { readonly sends?: boolean },
  findStacks: FindStacks,
  idle: IdleStacks,
  takes: boolean,
  isLast: boolean,
): void {
  if (options.show !== undefined) return options.sends === true ? undefined : void options.show();
  const drawn = Object.values(options.tables ?? {}).filter(isDrawn).length;
  let isFirst = true;
  for (const [name, table] of listTables(b)) {
    const isHistogram = options.histograms?.includes(name) === true;
    const { tables } = options;
    const shown =
      tables !== undefined && Object.hasOwn(tables, name) ? tables[name] : isHistogram ? plainHistogram : undefined;
    if (tables !== undefined && shown === undefined && options.declared?.includes(name) !== true) continue;
    if (!(table instanceof Table) || table instanceof StackTraceTable) continue;
    const rows = readRows(table, shown, takes);
    noteSortUsed();
    if (options.sends !== true) idle.note(rows);
    if (rows.length === 0) continue;
    const draws = options.sends !== true && isDrawn(shown);
    // What stays in the tables comes again; it counts once.
    if (draws && (takes || isLast)) recordTable(drawn > 1 ? name : undefined, rows, findStacks);
    if (draws && options.json !== true && !areRecordsWanted()) continue;
    const isSent = options.sends === true || (draws && options.json !== true);
    if (!isFirst && options.json !== true && !isSent) print("");
    isFirst &&= isSent;
    showTable(name, shown, rows, { ...options, sends: isSent }, findStacks, takes || isLast);
    // The other kinds have all their keys from the beginning, or make room.
    const canBeFull = /^(?:PERCPU_)?HASH$/.test(findMapKind(table.ttype)?.name ?? "") && shown?.keys.length !== 0;
    if (!isSent && canBeFull && rows.length >= table.max_entries)
      eprint(`warning: ${name} is full: it has ${rows.length} keys, and others were not counted`);
  }
  const stacks = findStacks();
  if (takes && stacks !== undefined) idle.release(stacks);
}

/** Opens every buffer of events. Answers how many there are. */
export function openEvents(b: Reported, options: ReportOptions, findStacks: FindStacks): number {
  const rings = listTables(b).filter((entry): entry is readonly [string, EventTable] => entry[1] instanceof EventTable);
  for (const [name, ring] of rings) {
    if (name !== "prints" || options.prints === undefined) openPlain(name, ring, options);
    else openPrints(ring, options.prints, options.json === true, findStacks);
  }
  return rings.length;
}

/** Events of a script that says nothing of them: their fields. */
function openPlain(name: string, ring: EventTable, { json }: ReportOptions): void {
  const callback = (event: unknown): void => {
    if (!isEventWanted(event)) return;
    const shown = haveAddedColumns() ? { ...readAddedColumns(event), ...(event as object) } : event;
    addRecord(() => ({ type: "event", name, data: shown }));
    if (json === true) print(renderJson({ type: "event", name, data: shown }));
    else print(shown);
  };
  ring.subscribe(callback, { by_time: true });
}

/** Whether a value is shown otherwise than it is. */
function isSpecial(name: string): boolean {
  return isStackName(name) || name === "walltime";
}

function openPrints(ring: EventTable, prints: readonly ReportedPrint[], json: boolean, findStacks: FindStacks): void {
  const [only] = prints;
  if (!json && prints.length === 1 && !only!.values.some(isSpecial) && only!.values.length > 0)
    return ring.printf(only!.format, ...(only!.values as never[]));
  ring.open_ring_buffer((event) => {
    const record = event as Readonly<Record<string, unknown>>;
    const number = prints.length === 1 ? 1 : Number(record["statement"]);
    const statement = prints[number - 1];
    if (statement === undefined) throw makeArgumentError(`There is no print ${number}`);
    const fields = (prints.length === 1 ? record : record[`print_${number}`]) as Readonly<Record<string, unknown>>;
    if (haveRowFilter() && !isEventWanted(readFields(statement, fields, prints))) return undefined;
    const values = statement.values.map((name) => showField(name, fields, findStacks));
    const describe = (): OutputRecord => {
      const shown = statement.values.map((name, index) => [name, joinFrames(values[index])] as const);
      const data = { ...readAddedColumns(fields), ...Object.fromEntries(shown) };
      return { type: "event", name: "print", text: formatStacks(statement.format, values).replace(/\n$/, ""), data };
    };
    addRecord(describe);
    if (json) return print(renderJson(describe()));
    writeOutput(renderAddedColumns(fields));
    writeOutput(formatStacks(statement.format, values));
  });
}

/** What a print has to say of the fields of all of them: those of another print are empty. */
function readFields(
  { values }: ReportedPrint,
  fields: Readonly<Record<string, unknown>>,
  prints: readonly ReportedPrint[],
): Readonly<Record<string, unknown>> {
  const others = prints.flatMap((print) => print.values.map((name) => [name, undefined] as const));
  return { ...Object.fromEntries(others), ...Object.fromEntries(values.map((name) => [name, fields[name]])) };
}

function showField(name: string, fields: Readonly<Record<string, unknown>>, findStacks: FindStacks): unknown {
  const value = fields[name];
  if (name === "walltime") return renderWallTime(findWallTime(value as bigint));
  if (!isStackName(name)) return value;
  const pid = name === "ustack" ? Number(fields["ustack_pid"]) : undefined;
  return nameFrames(Number(value), pid, findStacks, openFrameNames());
}
