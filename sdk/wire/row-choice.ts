/** How a field of a row is compared with a text of the user's. */
export type RowOperator = "==" | "!=" | ">=" | "<=" | ">" | "<" | "~" | "!~";

/** One condition that rows have to meet. */
export interface RowCondition {
  readonly field: string;
  readonly operator: RowOperator;
  /** A number, a text, or for `~` and `!~` a regular expression. */
  readonly value: string;
}

/** Which rows the user wants to see, and which of their columns. */
export interface RowChoice {
  /** All of them must be met. */
  readonly conditions: readonly RowCondition[];
  /** In this order; null for all columns. */
  readonly columns: readonly string[] | null;
  /** Columns that the rows do not have themselves, in the order in which they stand before theirs. */
  readonly added: readonly ExtraColumn[];
  /** Columns of the rows that are left out. */
  readonly removed: readonly string[];
  /** In which order; as they come when absent. */
  readonly sort?: RowSort;
}

/** An order of rows. */
export interface RowSort {
  /** A column or a member of the row; for tables of a report a part of the key, `key` or `value`. */
  readonly field: string;
  readonly descending: boolean;
}

/** The columns that bpfts can add to rows. */
export const extraColumns = ["time", "container", "pod", "user"] as const;

/** One of them. */
export type ExtraColumn = (typeof extraColumns)[number];

/** All rows as they are. */
export const allRows: RowChoice = { conditions: [], columns: null, added: [], removed: [] };
