import { requireNumber } from "../checks/check-options.ts";
import { setIdleTimeout, clearTimeout } from "../time/timers.ts";
import { makeArgumentError } from "../wire/errors.ts";

/**
 * A signal that ends a wait: an `AbortSignal`, of this SDK or of any library.
 *
 * @example
 * import { print, type CancelSignal } from "bpfts";
 * const controller = new AbortController();
 * const signal: CancelSignal = controller.signal;
 * signal.addEventListener("abort", () => print("stopped"), { once: true });
 * controller.abort();
 * print(signal.aborted); // true
 */
export interface CancelSignal {
  /** Whether it was aborted. */
  readonly aborted: boolean;
  /** What the wait throws. */
  readonly reason?: unknown;
  /** Has a function called when it is aborted. */
  addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void;
  /** Takes the function back. */
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * How a wait may end before what it waits for comes.
 *
 * @example
 * import { print, sleep_async, type CancelOptions } from "bpfts";
 * const options: CancelOptions = { signal: AbortSignal.timeout(5) };
 * await sleep_async(10, options).catch((reason: unknown) => print((reason as Error).name)); // TimeoutError
 */
export interface CancelOptions {
  /** Ends the wait by an error when it is aborted: `signal.reason`. */
  readonly signal?: CancelSignal | undefined;
  /** Ends the wait after this time. Units: milliseconds. */
  readonly timeout_ms?: number | undefined;
}

/** Looks at the two options. @throws BpfError for others than a signal and a time, the signal's reason when it was aborted already */
export function requireCancel(call: string, { signal, timeout_ms }: CancelOptions): void {
  if (timeout_ms !== undefined) {
    requireNumber(call, "timeout_ms", timeout_ms);
    if (timeout_ms < 0) throw makeArgumentError(`${call} takes timeout_ms from 0 on, got ${timeout_ms}`);
  }
  if (signal === undefined) return;
  if (typeof (signal as Partial<CancelSignal> | null)?.addEventListener !== "function")
    throw makeArgumentError(`${call} takes signal as an AbortSignal`, "new AbortController().signal is one");
  if (signal.aborted) throw signal.reason;
}

/**
 * Calls `end` once: with the signal's reason when it is aborted, without anything when the time is over. Answers a function that forgets both.
 * The timer keeps no script alive.
 */
export function watchCancel(
  { signal, timeout_ms }: CancelOptions,
  end: (aborted?: { readonly reason: unknown }) => void,
): () => void {
  const onAbort = (): void => finish({ reason: signal?.reason });
  const timer = timeout_ms === undefined ? undefined : setIdleTimeout(() => finish(), timeout_ms);
  const forget = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
  const finish = (aborted?: { readonly reason: unknown }): void => {
    forget();
    end(aborted);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  return forget;
}
