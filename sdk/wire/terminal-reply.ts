/** What standard output is. Units: characters and lines. */
export interface TerminalReply {
  readonly isTty: boolean;
  readonly columns: number;
  readonly rows: number;
  readonly noColor: boolean;
  readonly colors: boolean;
}
