import { haveOpenRing, takeEvents } from "../events/rings.ts";
import { EventTable } from "../events/table-ring.ts";
import { countOutput, dropOutput, print } from "../print/output.ts";
import { renderValue } from "../print/render-value.ts";
import { BPF } from "../program/bpf.ts";
import { openEvents } from "../report/report.ts";
import type { Reported } from "../report/report.ts";
import type { ReportOptions, ReportedTable } from "../report/report-options.ts";
import type { FindStacks } from "../report/show-part.ts";
import { showTable } from "../report/show-table.ts";
import { readRows } from "../report/table-rows.ts";
import { TableBase } from "../tables/table-base.ts";
import { StackTraceTable } from "../tables/table-stack-trace.ts";
import { Table } from "../tables/table.ts";
import { takeTurn } from "../time/wait.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { LIVE_NAMES } from "../wire/guest-hooks.ts";
import type { LiveHooks, LiveNames } from "../wire/guest-hooks.ts";

/** A table of the session, with what a report was told of it. */
interface LiveTable {
  readonly table: TableBase;
  shown: ReportedTable | undefined;
  readonly findStacks: FindStacks;
}

/** Tables that one-liners keep for themselves. */
const hiddenTables = /^(?:prints|stack_traces|command_pid|.*_(?:lost|room))$/;

/** Columns of a table that are worth a line each. */
const MAX_INLINE = 72;

/** Makes what the host calls in the guest of a session. */
export function makeLiveHooks(): LiveHooks {
  const tables = new Map<string, LiveTable>();
  const globals = globalThis as unknown as Record<string, unknown>;
  let exports: readonly string[] = [];

  const define = (name: string, value: unknown): void => {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  };

  /** Makes variables of a program's tables; a name that stands for something else already keeps it. */
  const addProgram = (b: Reported, text: unknown): void => {
    const findStacks: FindStacks = () =>
      b.table_names.map((name) => b.table(name)).find((table) => table instanceof StackTraceTable) as
        | StackTraceTable
        | undefined;
    const histograms = new Set(
      [...String(text).matchAll(/\bBPF_HISTOGRAM\s*\(\s*(\w+)/g)].map(([, histogram]) => histogram!),
    );
    for (const name of b.table_names) {
      const table = b.table(name);
      if (!(table instanceof TableBase) || hiddenTables.test(name) || name.startsWith("_")) continue;
      // Tables that share a map are one table.
      if (tables.get(name)?.table.id === table.id) continue;
      tables.set(name, { table, shown: histograms.has(name) ? { kind: "slots", keys: [""] } : undefined, findStacks });
      if (!Object.hasOwn(globals, name) || globals[name] instanceof TableBase) define(name, table);
    }
    if (!Object.hasOwn(globals, "b") || globals["b"] instanceof BPF) define("b", b);
  };

  const LiveBpf = new Proxy(BPF, {
    construct(target, [options, ...rest]) {
      const made = Reflect.construct(target as never, [options, ...(rest as unknown[])]) as object;
      addProgram(made as Reported, (options as { readonly text?: unknown } | undefined)?.text);
      return made;
    },
  });

  /** In place of a report's waiting: its events are shown from now on, and its tables as it says. */
  const report = (b: Reported, options: ReportOptions = {}): void => {
    const findStacks = (): StackTraceTable | undefined =>
      b.table_names.map((name) => b.table(name)).find((table) => table instanceof StackTraceTable) as
        | StackTraceTable
        | undefined;
    for (const name of b.table_names) {
      const entry = tables.get(name);
      const isHistogram = options.histograms?.includes(name) === true;
      const shown = options.tables?.[name] ?? (isHistogram ? { kind: "slots" as const, keys: [""] } : undefined);
      if (entry !== undefined) entry.shown ??= shown;
    }
    openEvents(b, options, findStacks);
  };

  const findTable = (name: string): LiveTable => {
    const found = tables.get(name);
    if (found !== undefined) return found;
    const known = [...tables.keys()].join(", ");
    throw makeArgumentError(
      `There is no table "${name}"`,
      known === "" ? ".on attaches a text, whose tables are there then" : `there are: ${known}`,
    );
  };

  const showNamed = (name: string, top?: number): void => {
    const { table, shown, findStacks } = findTable(name);
    if (!(table instanceof Table)) return print(renderValue(table, { bigints: "n" }));
    const rows = readRows(table, shown, false);
    if (rows.length === 0) return print(`${name}: empty`);
    showTable(name, shown, rows, top === undefined ? {} : { top }, findStacks, true);
  };

  const showValue = (value: unknown): void => {
    if (value === undefined) return;
    define("_", value);
    const named = [...tables].find(([, { table }]) => value instanceof TableBase && table.id === value.id);
    if (named !== undefined && !(value instanceof EventTable)) return showNamed(named[0]);
    if (value instanceof Promise) return print("a promise: await gives its value");
    if (Array.isArray(value) && value.length > 1) {
      const lines = value.map((item) => renderValue(item, { bigints: "n", depth: 1 }));
      if (lines.join(", ").length > MAX_INLINE)
        return print(["[", ...lines.map((line) => `  ${line},`), "]"].join("\n"));
    }
    print(renderValue(value, { bigints: "n", depth: 1 }));
  };

  return {
    begin(library) {
      exports = Object.keys(library);
      const names: Record<string, unknown> = { ...library, BPF: LiveBpf, report };
      for (const [name, value] of Object.entries(names)) define(name, value);
      globals[LIVE_NAMES] = new Proxy(names, {
        get(target, name) {
          if (typeof name !== "string" || Object.hasOwn(target, name)) return target[name as string];
          throw makeArgumentError(`"bpfts" has no "${name}"`);
        },
      });
      Object.defineProperty(globalThis, LIVE_NAMES, { enumerable: false });
    },
    showValue,
    idle() {
      const before = countOutput();
      const hadEvents = haveOpenRing("any") && takeEvents();
      const turn = takeTurn(true);
      return { ...turn, isBusy: hadEvents || countOutput() !== before, haveRings: haveOpenRing("any") };
    },
    showTable: showNamed,
    clearTable(name) {
      const { table } = findTable(name);
      if (!(table instanceof Table)) throw makeArgumentError(`"${name}" cannot be cleared: it is no table of entries`);
      table.clear();
    },
    dropOutput,
    listNames() {
      const list: LiveNames = { tables: [...tables.keys()], exports };
      return JSON.stringify(list);
    },
    listMembers: (path) => JSON.stringify(listMembers(globals, path)),
  };
}

/** What stands behind the dot of a value, and of those that it takes after. */
function listMembers(globals: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  const isOwn = path === "";
  let value: unknown = globals;
  for (const name of isOwn ? [] : path.split(".")) {
    if (value === undefined || value === null || !(name in Object(value))) return [];
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  if (value === undefined || value === null) return [];
  const names = new Set<string>();
  for (let at: object | null = Object(value) as object; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    for (const name of Object.getOwnPropertyNames(at)) if (isName(name)) names.add(name);
    // What every object has is in nobody's way only among the globals.
    if (isOwn || Object.getPrototypeOf(at) === Object.prototype) break;
  }
  names.delete("constructor");
  const isOurs = value instanceof TableBase || value instanceof BPF;
  return [...names].filter((name) => !isOurs || !isPrivate(name)).sort();
}

/** What scripts call has no capitals; TypeScript hides the rest from them. */
const isPrivate = (name: string): boolean => /^(?:info|owner|usage|.*[A-Z].*)$/.test(name) && name !== "forEach";

const isName = (name: string): boolean => /^[A-Za-z$_][\w$]*$/.test(name) && !name.startsWith("__bpfts");
