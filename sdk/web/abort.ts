import { setIdleTimeout } from "../time/timers.ts";
import { DOMException } from "./dom-exception.ts";
import { Event, EventTarget } from "./event-target.ts";

const makeKey = Symbol("signals are made by AbortController");

/** Set by the class, which alone can reach into a signal. */
let abortSignal: (signal: AbortSignal, reason?: unknown) => void;

/** Says when something is no longer wanted: aborted once, and never back. */
export class AbortSignal extends EventTarget {
  /** Called when it is aborted. */
  onabort: ((event: Event) => unknown) | null = null;
  #isAborted = false;
  #reason: unknown;

  /** @internal */
  constructor(key?: symbol) {
    super();
    if (key !== makeKey) throw new TypeError("Illegal constructor: new AbortController().signal is a signal");
  }

  /** Makes a signal that is aborted already. */
  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(makeKey);
    abortSignal(signal, reason);
    return signal;
  }

  /** Makes a signal that is aborted after a time. Its timer keeps no script alive that waits for nothing else. Units: milliseconds. */
  static timeout(milliseconds: number): AbortSignal {
    const signal = new AbortSignal(makeKey);
    const abort = (): void =>
      abortSignal(signal, new DOMException("The operation was aborted due to timeout", "TimeoutError"));
    setIdleTimeout(abort, milliseconds);
    return signal;
  }

  /** Makes a signal that is aborted as soon as one of these is. */
  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const joined = new AbortSignal(makeKey);
    const all = [...signals];
    const aborted = all.find((signal) => signal.aborted);
    if (aborted !== undefined) abortSignal(joined, aborted.reason);
    else
      for (const signal of all)
        signal.addEventListener("abort", () => abortSignal(joined, signal.reason), { once: true });
    return joined;
  }

  /** Whether it was aborted. */
  get aborted(): boolean {
    return this.#isAborted;
  }

  /** Why: the value that `abort` was given, or an error named AbortError. */
  get reason(): unknown {
    return this.#reason;
  }

  /** Throws the reason when it was aborted. */
  throwIfAborted(): void {
    if (this.#isAborted) throw this.#reason;
  }

  /** @internal */
  static {
    abortSignal = (signal, reason) => {
      if (signal.#isAborted) return;
      signal.#isAborted = true;
      signal.#reason = reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
      const event = new Event("abort");
      event.target = signal;
      signal.onabort?.(event);
      signal.dispatchEvent(event);
    };
  }
}

/** Makes a signal and aborts it. */
export class AbortController {
  readonly signal: AbortSignal = new AbortSignal(makeKey);

  /** Aborts the signal, once. */
  abort(reason?: unknown): void {
    abortSignal(this.signal, reason);
  }
}
