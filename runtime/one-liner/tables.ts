import { indexLines } from "../base/line-index.ts";
import type { Line } from "./parse-line.ts";
import type { TableKind, TableWord } from "./table-words.ts";
import { findCommonType } from "./common-type.ts";
import { areAlike, declareValue, describeValue, measureType, nameType } from "./value-types.ts";
import type { ValueType } from "./value-types.ts";

/** One thing that a key or an event is made of. */
export interface Column {
  readonly name: string;
  readonly form: "comm" | "str" | "kstack" | "ustack" | "walltime" | "value";
  /** The number of the question for its type. */
  readonly question?: number;
  /** Units: bytes of a `str`. */
  readonly size?: number;
  /** Units: index into the text. */
  readonly at: number;
  /** As the user wrote it. */
  readonly text: string;
}

/** One use of a table. */
export interface TableUse {
  readonly table: string;
  readonly word: TableWord;
  readonly at: number;
  readonly keys: readonly Column[];
  readonly value?: Column;
  /** Whether the value is made from one of the same table: then it may grow with each event. */
  readonly isOfItself?: boolean;
  /** `min, max, step` of a linear histogram. */
  readonly steps?: readonly [number, number, number];
}

/** A column whose type is known. */
export interface Field {
  readonly name: string;
  readonly form: Column["form"];
  readonly type: ValueType;
}

/** A table that the text uses and does not declare. */
export interface LineTable {
  readonly name: string;
  readonly kind: TableKind;
  readonly keys: readonly Field[];
  /** The C type of its keys: a number's, or a struct of their own. */
  readonly keyType: string;
  readonly isStruct: boolean;
  readonly value: ValueType;
  readonly steps?: readonly [number, number, number];
  /** Whether a histogram counts numbers that may be negative. */
  readonly isSigned: boolean;
  /** Whether the text takes values out of it: then what is left says nothing. */
  readonly isTaken: boolean;
  /** Whether the text declares it: its types are the declaration's. */
  readonly isDeclared?: boolean;
  /** Whether its keys are too large for the stack of a program. */
  readonly isLarge: boolean;
}

const counter: ValueType = { kind: "integer", size: 8, signed: false };
/** Units: bytes. What is larger lies in a map of its own. */
const MAX_STACK_KEY = 64;
/** The kernel's own limit. Source: MAX_BPF_STACK, which bounds keys of hash maps. */
const MAX_KEY = 512;

/** The type of a column. @throws DialectError where it can be no column */
export function typeColumn(column: Column, types: ReadonlyMap<number, ValueType>, line: Line): ValueType {
  switch (column.form) {
    case "comm":
      return { kind: "text", length: 16 };
    case "str":
      return { kind: "text", length: column.size! };
    case "kstack":
    case "ustack":
      return { kind: "integer", size: 4, signed: true };
    case "walltime":
      return counter;
    case "value":
      break;
  }
  const type = types.get(column.question!);
  if (type === undefined || type.kind === "other")
    throw line.fail(
      column.at,
      `"${column.text}" is no number and no text: it is of type "${type?.name ?? "unknown"}"`,
      "name a member of it",
    );
  return type;
}

/**
 * The types of the values that the text sets in one table, in one; a guess where they have none in common. What is
 * made of itself may grow with each event, so it has room.
 */
export function guessValueType(uses: readonly TableUse[], types: ReadonlyMap<number, ValueType>): ValueType {
  const found = uses.flatMap(({ value, isOfItself }) => {
    const type = value?.question === undefined ? undefined : types.get(value.question);
    if (type === undefined || type.kind === "text" || type.kind === "other") return [];
    return isOfItself === true && type.kind === "integer" ? [{ ...type, size: 8 as const, isNatural: false }] : [type];
  });
  return found.length === 0 ? counter : (findCommonType(found) ?? counter);
}

/** Says of all uses of one table what it is. @throws DialectError where two uses do not agree, with the places of both */
export function resolveTable(uses: readonly TableUse[], types: ReadonlyMap<number, ValueType>, line: Line): LineTable {
  const first = uses.find(({ word }) => word.name === "set") ?? uses[0]!;
  const { table: name } = first;
  for (const use of uses) requireAlike(first, use, types, line);
  if (first.word.kind === "map" && first.word.name !== "set")
    throw line.fail(first.at, `Nothing sets a value of "${name}"`, `somewhere before: ${name}.set(key, value)`);
  const keys = first.keys.map((column, index) => ({
    name: column.name,
    form: column.form,
    type: joinColumns(
      uses.map((use) => use.keys[index]!),
      types,
      line,
    ),
  }));
  const { kind } = first.word;
  const hasSlots = kind === "log2" || kind === "linear";
  const only = keys.length === 1 ? keys[0] : undefined;
  const isPlain = only !== undefined && only.form !== "ustack" && only.type.kind !== "text" && !hasSlots;
  const isStruct = keys.length > 0 && !isPlain;
  const size = keys.reduce((sum, { type }) => sum + measureType(type) + 4, hasSlots ? 4 : 0);
  if (size > MAX_KEY)
    throw line.fail(
      first.at,
      `The keys of "${name}" have ${size} bytes, and the kernel takes ${MAX_KEY}`,
      "give texts a length: str(ptr, 64)",
    );
  const values = joinValues(uses, types, line);
  return {
    name,
    kind,
    keys,
    isStruct,
    keyType: isStruct ? `struct ${name}_key` : isPlain ? nameType(only.type) : "u32",
    value: kind === "map" ? guessValueType(uses, types) : hasSlots ? counter : widen(values),
    ...(first.steps && { steps: first.steps }),
    isSigned: values.kind === "integer" && values.signed,
    isTaken: uses.some(({ word }) => word.name === "take"),
    isLarge: isStruct && size > MAX_STACK_KEY,
  };
}

/** The type of one column of all uses of a table. */
function joinColumns(columns: readonly Column[], types: ReadonlyMap<number, ValueType>, line: Line): ValueType {
  const found = columns.map((column) => requireKey(column, types, line));
  if (found[0]!.kind === "text") return found[0]!;
  return findCommonType(found) ?? refuseSigns(columns, found, line);
}

function requireKey(column: Column, types: ReadonlyMap<number, ValueType>, line: Line): ValueType {
  const type = typeColumn(column, types, line);
  if (type.kind === "pointer" && type.ofText)
    throw line.fail(
      column.at,
      `"${column.text}" is a pointer: its address would be the key, not its text`,
      `the text is str(${column.text}), the address (u64)${column.text}`,
    );
  return type;
}

/** The type of all values of a table; a counter where it has none. */
function joinValues(uses: readonly TableUse[], types: ReadonlyMap<number, ValueType>, line: Line): ValueType {
  const columns = uses.flatMap(({ value }) => (value === undefined ? [] : [value]));
  if (columns.length === 0) return counter;
  const found = columns.map((column) => {
    const type = typeColumn(column, types, line);
    if (type.kind === "text" || column.form === "str" || column.form === "comm")
      throw line.fail(column.at, `"${column.text}" is a text, and a table's value is a number`, "let it be a key");
    return type;
  });
  return findCommonType(found) ?? refuseSigns(columns, found, line);
}

/** Sums and extremes have 64 bits whatever they are made of. */
function widen(type: ValueType): ValueType {
  return { kind: "integer", size: 8, signed: type.kind === "integer" && type.signed };
}

/** No number of 64 bits holds what may be negative and what may be 2^64-1. */
function refuseSigns(columns: readonly Column[], types: readonly ValueType[], line: Line): never {
  const find = (isWanted: (type: ValueType) => boolean): number => types.findIndex((type) => isWanted(type));
  const signed = columns[find((type) => type.kind === "integer" && type.signed && type.isNatural !== true)]!;
  const unsigned = columns[find((type) => type.kind !== "integer" || (!type.signed && type.size === 8))]!;
  throw line.fail(
    Math.max(signed.at, unsigned.at),
    `A table cannot hold "${signed.text}", which may be negative, at ${renderPlace(signed.at, line)}, and "${unsigned.text}", which is unsigned and has 64 bits, at ${renderPlace(unsigned.at, line)}`,
    `cast one of them, ${renderCast("u64", signed.text)} or ${renderCast("s64", unsigned.text)}, or give the two tables different names`,
  );
}

function renderCast(type: string, text: string): string {
  return `(${type})${/^\w+$/.test(text) ? text : `(${text})`}`;
}

function renderPlace(at: number, line: Line): string {
  const place = indexLines(line).locate(at);
  return `${line.name}:${place.line}:${place.column}`;
}

function requireAlike(first: TableUse, use: TableUse, types: ReadonlyMap<number, ValueType>, line: Line): void {
  const differ = (found: string, wanted: string): never => {
    throw line.fail(
      use.at,
      `Table "${use.table}" is used with ${found} here, and with ${wanted} at ${renderPlace(first.at, line)}`,
      "give the two tables different names: NAME.count(…)",
    );
  };
  if (use.word.kind !== first.word.kind) differ(`"${use.word.name}"`, `"${first.word.name}"`);
  if (String(use.steps) !== String(first.steps)) differ(`steps ${String(use.steps)}`, `steps ${String(first.steps)}`);
  if (use.keys.length !== first.keys.length) differ(renderKeys(use.keys.length), renderKeys(first.keys.length));
  use.keys.forEach((column, index) => {
    const other = first.keys[index]!;
    const found = typeColumn(column, types, line);
    const wanted = typeColumn(other, types, line);
    if (!areAlike(found, wanted))
      differ(`keys of type ${describeValue(found)}`, `keys of type ${describeValue(wanted)}`);
    if (nameMeaning(column) !== nameMeaning(other)) differ(`"${column.text}" as a key`, `"${other.text}" as a key`);
  });
}

/** What a number stands for where it is shown as something else. */
function nameMeaning({ form }: Column): string {
  return form === "kstack" || form === "ustack" || form === "walltime" ? form : "value";
}

function renderKeys(count: number): string {
  return count === 1 ? "one key" : `${count} keys`;
}

/** Words that name a column of their own form, or none. */
const reservedNames = new Set([
  ...["slot", "statement", "nothing", "kstack", "ustack", "walltime", "ustack_pid"],
  ..."auto break case char const continue default do double else enum extern float for goto if inline int long".split(
    " ",
  ),
  ..."register return short signed sizeof static struct switch typedef union unsigned void volatile while".split(" "),
]);

/** Gives columns names that tell them apart and that C can have. */
export function nameColumns(columns: readonly Column[]): Column[] {
  const taken = new Set<string>();
  return columns.map((column) => {
    const isReserved = column.form === "value" || column.form === "str" ? reservedNames.has(column.name) : false;
    const wanted = isReserved || /^[A-Z_\d]+$/.test(column.name) ? `${column.name.toLowerCase()}_value` : column.name;
    let name = wanted;
    for (let number = 2; taken.has(name); number++) name = `${wanted}_${number}`;
    taken.add(name);
    return { ...column, name };
  });
}

/** The members of a struct that columns become. */
export function declareFields(fields: readonly Field[]): string[] {
  return fields.flatMap(({ name, form, type }) => [
    `    ${declareValue(type, name)};`,
    ...(form === "ustack" ? [`    u32 ${name}_pid;`] : []),
  ]);
}
