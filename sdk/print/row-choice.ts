import { countEdits } from "../wire/count-edits.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { allRows } from "../wire/row-choice.ts";
import type { RowChoice } from "../wire/row-choice.ts";
import { compileCondition } from "./row-condition.ts";
import type { CompiledCondition } from "./row-condition.ts";

let choice: RowChoice = allRows;
let conditions: readonly CompiledCondition[] = [];
let isUsed = false;

/** Takes which rows and columns the user wants to see, for a run that begins. */
export function chooseRows(wanted: RowChoice): void {
  choice = wanted;
  conditions = wanted.conditions.map(compileCondition);
  isUsed = false;
}

/** Whether the user wants to see some rows only. */
export function haveRowFilter(): boolean {
  return choice.conditions.length > 0;
}

/** Refuses a filter where no event is printed. @throws BpfError */
export function refuseRowFilter(): void {
  if (!haveRowFilter()) return;
  isUsed = true;
  throw makeArgumentError(
    "--filter chooses among events that are printed, and this text prints none",
    "tables count what the condition of a probe lets through: tracepoint:… if (pid == 1) { count(comm); }",
  );
}

/** What is wrong when the script has ended: it printed no rows that could be chosen from. */
export function describeUnusedChoice(): string | undefined {
  if (isUsed) return undefined;
  if (haveRowFilter() || choice.columns !== null)
    return `warning: ${haveRowFilter() ? "--filter" : "--fields"} chose nothing: the script printed no rows that have columns`;
  if (choice.added.length === 0 && choice.removed.length === 0) return undefined;
  return `warning: --columns changed nothing: the script printed no rows that have columns`;
}

/** Notes that there are rows which the user's choice reaches. */
export function noteChoiceUsed(): void {
  isUsed = true;
}

/** One field of a row: its value, or that the row has none of that name. */
export type ReadField = (name: string) => { readonly value: unknown } | undefined;

/**
 * Whether the user wants to see a row. `listNames` names its fields for an error.
 *
 * @throws BpfError for a condition on a field that the row does not have, or on a number that is compared with a text
 */
export function isRowWanted(read: ReadField, listNames: () => readonly string[]): boolean {
  isUsed = true;
  return conditions.every(({ field, isMet }) => {
    const found = read(field);
    if (found === undefined) throw refuseName("--filter", field, listNames());
    return isMet(found.value);
  });
}

/** Whether the user wants to see an event that is printed by its own fields. @throws BpfError as `isRowWanted` does */
export function isEventWanted(event: unknown, cpu?: number): boolean {
  if (conditions.length === 0) return true;
  isUsed = true;
  const fields = (typeof event === "object" && event !== null ? event : {}) as Readonly<Record<string, unknown>>;
  for (const { field, isMet } of conditions) {
    // Millions of events may come: one by the very name is found without a search.
    const key = Object.hasOwn(fields, field) ? field : Object.keys(fields).find((one) => isSameName(one, field));
    if (key !== undefined) {
      if (!isMet(fields[key])) return false;
    } else if (cpu !== undefined && isSameName("cpu", field)) {
      if (!isMet(cpu)) return false;
    } else {
      throw refuseName("--filter", field, [...(cpu === undefined ? [] : ["cpu"]), ...Object.keys(fields)]);
    }
  }
  return true;
}

/** A column with what it is called: by its name in JSON, or by its head. */
export interface NamedColumn {
  readonly name: string;
  readonly head: string;
}

/** The columns that the user wants to see, in his order. @throws BpfError for a name that none has */
export function chooseColumns<Column extends NamedColumn>(columns: readonly Column[]): readonly Column[] {
  if (choice.columns === null) return columns;
  isUsed = true;
  return choice.columns.map((wanted) => {
    const found = findColumn(columns, wanted);
    if (found === undefined)
      throw refuseName(
        "--fields",
        wanted,
        columns.map(({ name }) => name),
      );
    return found;
  });
}

/** The column of this name; where none has it, that of this head. */
export function findColumn<Column extends NamedColumn>(columns: readonly Column[], wanted: string): Column | undefined {
  return columns.find(({ name }) => isSameName(name, wanted)) ?? columns.find(({ head }) => isSameName(head, wanted));
}

/** Whether a name of the user's is that of a field. */
export function isSameName(name: string, wanted: string): boolean {
  return name.toLowerCase() === wanted.toLowerCase();
}

/** The error about a name that no field has. */
export function refuseName(option: string, wanted: string, names: readonly string[]): Error {
  const [closest] = names
    .map((name) => ({ name, edits: countEdits(name.toLowerCase(), wanted.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const isClose = closest !== undefined && closest.edits <= Math.max(1, Math.floor(wanted.length / 3));
  return makeArgumentError(
    `${option}: the rows have no field "${wanted}"`,
    isClose ? `did you mean "${closest.name}"?` : `they have: ${names.join(", ")}`,
  );
}
