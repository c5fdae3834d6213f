/** Rows that the host writes by itself, without the script. */
export interface RowFormat {
  /** As printf's, with a newline of its own. */
  readonly format: string;
  readonly fields: readonly string[];
  /** What stands in place of a field that is 0, for each field; `null` where the 0 does. */
  readonly zeros?: readonly (string | null)[];
  /** Writes objects with the fields instead, one a line. */
  readonly json: boolean;
  /** Set where the script writes the rows itself, and the host only says whether the fields and the format go together. */
  readonly byScript: boolean;
}
