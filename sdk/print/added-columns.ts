import type { ExtraColumn, RowChoice } from "../wire/row-choice.ts";
import { findColumn, isSameName, noteChoiceUsed, refuseName } from "./row-choice.ts";
import type { NamedColumn } from "./row-choice.ts";
import { renderJson } from "./render-json.ts";
import { formatC } from "./format.ts";

/** Answers what reads the first field that a row has of these names; undefined when it has none of them. */
export type BindRow = (names: readonly string[]) => (row: unknown) => unknown;

/** A column that bpfts adds. */
export interface AddedColumn {
  readonly head: string;
  readonly name: string;
  readonly format: string;
  readonly value: (row: unknown) => unknown;
}

/** Makes columns for rows that `bind` reads. */
export type MakeColumns = (names: readonly ExtraColumn[], bind: BindRow) => readonly AddedColumn[];

let added: readonly ExtraColumn[] = [];
let removed: readonly string[] = [];
let make: MakeColumns = () => [];

/** Takes which columns the user adds and leaves out, for a run that begins. */
export function changeColumns({ added: more, removed: less }: RowChoice, makeColumns: MakeColumns): void {
  added = more;
  removed = less;
  make = makeColumns;
}

/** Whether the user adds columns. */
export function haveAddedColumns(): boolean {
  return added.length > 0;
}

/** The columns of rows with those that the user adds, which stand first; one that the rows have anyway is not added. */
export function addColumns<Column extends NamedColumn>(
  columns: readonly Column[],
  bind: BindRow,
): readonly (AddedColumn | Column)[] {
  if (added.length === 0) return columns;
  noteChoiceUsed();
  const missing = added.filter((name) => !columns.some((column) => isSameName(column.name, name)));
  return [...make(missing, bind), ...columns];
}

/** The columns without those that the user leaves out. @throws BpfError for a name that none has */
export function removeColumns<Column extends NamedColumn>(columns: readonly Column[]): readonly Column[] {
  if (removed.length === 0) return columns;
  noteChoiceUsed();
  const leaving = removed.map((wanted) => {
    const found = findColumn(columns, wanted);
    if (found !== undefined) return found;
    throw refuseName(
      "--columns",
      wanted,
      columns.map(({ name }) => name),
    );
  });
  return columns.filter((column) => !leaving.includes(column));
}

let eventColumns: readonly AddedColumn[] | undefined;

/** The columns that the user adds to an event, by their names in JSON. */
export function readAddedColumns(event: unknown): Readonly<Record<string, unknown>> {
  if (added.length === 0) return {};
  noteChoiceUsed();
  return Object.fromEntries(listEventColumns().map((column) => [column.name, column.value(event)]));
}

/** The columns that the user adds to an event, as they stand before its text. */
export function renderAddedColumns(event: unknown): string {
  if (added.length === 0) return "";
  noteChoiceUsed();
  return listEventColumns()
    .map((column) => `${formatC(column.format, [column.value(event)])} `)
    .join("");
}

/** A line of JSON with the columns that the user adds as its first members. */
export function addToJson(line: string, event: unknown): string {
  if (added.length === 0) return line;
  const members = renderJson(readAddedColumns(event)).slice(1, -1);
  return `{${members}${line.startsWith("{}") ? "" : ","}${line.slice(1)}`;
}

function listEventColumns(): readonly AddedColumn[] {
  return (eventColumns ??= make(added, bindMember));
}

/** Makes what reads the first member that a row has of these names. A loop over them takes QuickJS four microseconds a row, this a tenth of that. */
export function bindMember(names: readonly string[]): (row: unknown) => unknown {
  const tests = names.map((name) => `(value = row[${JSON.stringify(name)}]) !== undefined`).join(" || ");
  const source = `let value; return row !== null && row !== undefined && (${tests}) ? value : undefined;`;
  return new Function("row", source) as (row: unknown) => unknown;
}
