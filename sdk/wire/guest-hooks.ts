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

/** What a guest waits for between its turns. */
export interface TurnReply {
  /** Units: milliseconds until the next timer, undefined when there is none. */
  readonly timerMs: number | undefined;
  /** Whether somebody waits for an event in a promise. */
  readonly events: boolean;
}
