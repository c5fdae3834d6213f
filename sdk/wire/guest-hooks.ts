/** The name of the object whose methods the host calls: `GuestHooks`. */
export const GUEST_HOOKS = "__bpfts_guest";

/** The name of the global function that runs a script's async functions: `runAsync`, which bundles call instead of the bundler's own. */
export const RUN_ASYNC = "__bpfts_async";

/** What the host calls in the guest between and after the script's own turns. */
export interface GuestHooks {
  /** Called once, before the script: asks for what it is started with. */
  start(): void;
  /** Runs timers that are due, serves those who wait for events, and says what is still to come. */
  turn(): TurnReply;
  /** Hands a signal to whoever waits in a promise. Answers whether somebody did. */
  interrupt(): boolean;
  /** Runs the end handlers and writes what is buffered. */
  end(): void;
  /** Warns of what the user chose and the script, which has ended well, had no use for. */
  warnUnused(): void;
  /** What a value that was thrown has in it, for people. */
  describe(value: unknown): string;
  /** Writes what is buffered; throws what a promise was rejected with that nobody handles. */
  flush(): void;
}

/** The hook that reads what a live session does in the guest, and adds `LiveHooks` to the others. */
export const LIVE_HOOK = "live";

/** The name of the global object that has what a session's lines import of the library. */
export const LIVE_NAMES = "__bpfts_live_names";

/** What the host calls in the guest of a live session. */
export interface LiveHooks {
  /** Makes globals of all that the library exports. */
  begin(library: object): void;
  /** Prints the value of a line: tables as reports do. */
  showValue(value: unknown): void;
  /** Hands over the events that came, and does what is due. Answers how long it is until more is, whether anything was there, and whether a buffer is open that may bring more. */
  idle(): TurnReply & { readonly isBusy: boolean; readonly haveRings: boolean };
  /** Prints a table by its name, or of a large one the rows with the largest values. */
  showTable(name: string, top?: number): void;
  clearTable(name: string): void;
  /** Drops what was printed and not written yet. */
  dropOutput(): void;
  /** The names of the tables, and of what the library exports, as JSON: `LiveNames`. */
  listNames(): string;
  /** What stands behind a value's dot, as JSON; of the globals for the path "". No call stands in a path. */
  listMembers(path: string): string;
}

/** Names in a session's guest. */
export interface LiveNames {
  readonly tables: readonly string[];
  readonly exports: readonly string[];
}

/** What a guest waits for between its turns. */
export interface TurnReply {
  /** Units: milliseconds until the next timer, undefined when there is none. */
  readonly timerMs: number | undefined;
  /** Whether somebody waits for an event in a promise. */
  readonly events: boolean;
}
