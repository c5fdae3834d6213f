import { countEdits } from "../wire/count-edits.ts";
import { makeArgumentError } from "../wire/errors.ts";
import type { RowChoice, RowCondition } from "../wire/row-choice.ts";

let choice: RowChoice = { conditions: [], columns: null };
let isUsed = false;

/** Takes which rows and columns the user wants to see, for a run that begins. */
export function chooseRows(wanted: RowChoice): void {
  choice = wanted;
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
  const option = haveRowFilter() ? "--filter" : choice.columns === null ? undefined : "--fields";
  if (option === undefined || isUsed) return undefined;
  return `warning: ${option} chose nothing: the script printed no rows that have columns`;
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
  return choice.conditions.every((condition) => {
    const found = read(condition.field);
    if (found === undefined) throw refuseName("--filter", condition.field, listNames());
    return isMet(condition, found.value);
  });
}

/** Whether the user wants to see an event that is printed by its own fields. @throws BpfError as `isRowWanted` does */
export function isEventWanted(event: unknown, cpu?: number): boolean {
  if (!haveRowFilter()) return true;
  const fields = (typeof event === "object" && event !== null ? event : {}) as Readonly<Record<string, unknown>>;
  const own = cpu === undefined ? fields : { cpu, ...fields };
  return isRowWanted(
    (name) => {
      const key = Object.keys(own).find((one) => isSameName(one, name));
      return key === undefined ? undefined : { value: own[key] };
    },
    () => Object.keys(own),
  );
}

/** The columns that the user wants to see, in his order. @throws BpfError for a name that none has */
export function chooseColumns<Column>(columns: readonly Column[], name: (column: Column) => string): readonly Column[] {
  if (choice.columns === null) return columns;
  isUsed = true;
  return choice.columns.map((wanted) => {
    const found = columns.find((column) => isSameName(name(column), wanted));
    if (found === undefined) throw refuseName("--fields", wanted, columns.map(name));
    return found;
  });
}

/** Whether a name of the user's is that of a field. */
export function isSameName(name: string, wanted: string): boolean {
  return name.toLowerCase() === wanted.toLowerCase();
}

function refuseName(option: string, wanted: string, names: readonly string[]): Error {
  const [closest] = names
    .map((name) => ({ name, edits: countEdits(name.toLowerCase(), wanted.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const isClose = closest !== undefined && closest.edits <= Math.max(1, Math.floor(wanted.length / 3));
  return makeArgumentError(
    `${option}: the rows have no field "${wanted}"`,
    isClose ? `did you mean "${closest.name}"?` : `they have: ${names.join(", ")}`,
  );
}

function isMet({ field, operator, value: wanted }: RowCondition, value: unknown): boolean {
  if (operator === "~" || operator === "!~") return new RegExp(wanted).test(renderField(value)) === (operator === "~");
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return isOrdered(operator, compareNumbers(field, value, wanted));
  const text = renderField(value);
  const areNumbers = isNumber(text) && isNumber(wanted) && operator !== "==" && operator !== "!=";
  return isOrdered(operator, areNumbers ? Number(text) - Number(wanted) : text < wanted ? -1 : text > wanted ? 1 : 0);
}

function compareNumbers(field: string, value: number | bigint | boolean, wanted: string): number {
  if (!isNumber(wanted))
    throw makeArgumentError(
      `--filter: "${field}" is a number, and is compared with "${wanted}"`,
      "for example: pid==1",
    );
  if (typeof value !== "bigint" || !/^(?:-?\d+|0x[\da-f]+)$/i.test(wanted)) return Number(value) - Number(wanted);
  const exact = BigInt(wanted);
  return value < exact ? -1 : value > exact ? 1 : 0;
}

const isNumber = (text: string): boolean => text.trim() !== "" && !Number.isNaN(Number(text));

function renderField(value: unknown): string {
  return value === undefined || value === null ? "" : String(value as string);
}

function isOrdered(operator: RowCondition["operator"], order: number): boolean {
  switch (operator) {
    case "==":
      return order === 0;
    case "!=":
      return order !== 0;
    case ">=":
      return order >= 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    default:
      return order < 0;
  }
}
