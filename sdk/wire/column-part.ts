/** Rows of one size that lie one behind the other, and what to take of each. */
export interface ColumnPart {
  /** Units: byte offset of the first row. */
  readonly at: number;
  readonly rows: number;
  /** Units: bytes of one row. */
  readonly size: number;
  /** What becomes a column: offset in the row and size, in bytes. */
  readonly spans: readonly (readonly [offset: number, size: number])[];
}
