/** The words of a one-liner that keep something in tables, one row each. */
export interface TableWord {
  readonly name: string;
  /** What its table holds; words of one kind may share a table. */
  readonly kind: TableKind;
  /** Whether it is a statement of its own, or gives a value. */
  readonly use: "statement" | "value";
  /** How many arguments stand before the keys. */
  readonly before: number;
  /** How many stand behind them. */
  readonly after: number;
  /** Whether it needs a table's name, and at least one key. */
  readonly isNamed: boolean;
  readonly doc: string;
}

/** `sum` holds one number a key, `log2` and `linear` a count for each slot, `map` whatever was set. */
export type TableKind = "sum" | "log2" | "linear" | "average" | "min" | "max" | "map";

const statement = { use: "statement", after: 0, isNamed: false } as const;
const value = { use: "value", before: 0, after: 0, isNamed: true, kind: "map" } as const;

export const tableWords: readonly TableWord[] = [
  { ...statement, name: "count", kind: "sum", before: 0, doc: "count(key…): how often each key came" },
  { ...statement, name: "sum", kind: "sum", before: 1, doc: "sum(value, key…): the sum of the values of each key" },
  { ...statement, name: "min", kind: "min", before: 1, doc: "min(value, key…): the smallest value of each key" },
  { ...statement, name: "max", kind: "max", before: 1, doc: "max(value, key…): the largest value of each key" },
  { ...statement, name: "avg", kind: "average", before: 1, doc: "avg(value, key…): the average of each key" },
  { ...statement, name: "hist", kind: "log2", before: 1, doc: "hist(value, key…): a histogram of powers of two" },
  {
    ...statement,
    name: "lhist",
    kind: "linear",
    before: 4,
    doc: "lhist(value, min, max, step, key…): a histogram of equal steps",
  },
  {
    name: "set",
    kind: "map",
    use: "statement",
    before: 0,
    after: 1,
    isNamed: true,
    doc: "NAME.set(key…, value): keeps a value",
  },
  { ...value, name: "get", doc: "NAME.get(key…): the value, 0 where there is none" },
  { ...value, name: "has", doc: "NAME.has(key…): whether there is a value" },
  { ...value, name: "take", doc: "NAME.take(key…): the value, which is deleted; 0 where there is none" },
];

const byName = new Map(tableWords.map((word) => [word.name, word]));

/** Finds a table word. */
export function findTableWord(name: string): TableWord | undefined {
  return byName.get(name);
}
