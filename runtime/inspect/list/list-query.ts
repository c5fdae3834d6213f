/** What is to be listed. */
export interface ListQuery {
  readonly pattern?: string;
  readonly isRegex: boolean;
  /** 0 for none. */
  readonly pid: number;
  /** Functions that have a parameter of this type in C. */
  readonly takes?: string;
  /** Functions that return this type in C. */
  readonly returns?: string;
}
