/** A regular expression. */
export interface PatternArgument {
  readonly pattern: string;
  readonly flags: string;
}
