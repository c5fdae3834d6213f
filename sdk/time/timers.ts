import { flush } from "../print/output.ts";

interface Timer {
  readonly id: number;
  /** Units: milliseconds of `Date.now()`, which is what a script sees pass. */
  due: number;
  readonly every: number | undefined;
  readonly run: () => unknown;
  /** Whether a script that waits for nothing else may end before it. */
  readonly isIdle: boolean;
}

const timers = new Map<number, Timer>();
let lastId = 0;

function addTimer(
  run: (...values: never[]) => unknown,
  delayMs: number,
  { repeat = false, isIdle = false }: { readonly repeat?: boolean; readonly isIdle?: boolean },
  values: readonly unknown[],
): number {
  // What is no number is no delay, as in browsers. Infinity is a timer that never comes, and there is no longest delay.
  const delay = Number(delayMs) > 0 ? Number(delayMs) : 0;
  const id = ++lastId;
  timers.set(id, {
    id,
    due: Date.now() + delay,
    every: repeat ? Math.max(delay, 1) : undefined,
    run: () => run(...(values as never[])),
    isIdle,
  });
  return id;
}

/**
 * Runs a function once after `delayMs`: while a blocking call waits, or after the script's last line. Units: milliseconds, any number of them; Infinity never comes.
 *
 * @example
 * import { print, setTimeout } from "bpfts";
 * setTimeout((name: string) => print(name), 5, "later"); // later
 */
export function setTimeout(run: (...values: never[]) => unknown, delayMs = 0, ...values: readonly unknown[]): number {
  return addTimer(run, delayMs, {}, values);
}

/**
 * Runs a function again and again; a turn that was missed is not made up for. Units: milliseconds.
 *
 * @example
 * import { clearInterval, print, setInterval, sleep } from "bpfts";
 * const timer = setInterval(() => print("still waiting"), 10);
 * sleep(0.05);
 * clearInterval(timer);
 */
export function setInterval(run: (...values: never[]) => unknown, delayMs = 0, ...values: readonly unknown[]): number {
  return addTimer(run, delayMs, { repeat: true }, values);
}

/** Runs a function once after `delayMs`, unless the script has ended by then: it ends as if there were no such timer. Units: milliseconds. */
export function setIdleTimeout(run: () => unknown, delayMs: number): number {
  return addTimer(run, delayMs, { isIdle: true }, []);
}

/**
 * Takes a timer back.
 *
 * @example
 * import { clearTimeout, print, setTimeout } from "bpfts";
 * const timer = setTimeout(() => print("too late"), 1000);
 * clearTimeout(timer);
 */
export function clearTimeout(id: number | undefined): void {
  if (id !== undefined) timers.delete(id);
}

/**
 * Takes a timer back; the same as `clearTimeout`.
 *
 * @example
 * import { clearInterval, print, setInterval } from "bpfts";
 * let turns = 0;
 * const timer = setInterval(() => {
 *   if (++turns === 3) clearInterval(timer);
 *   print(turns);
 * }, 1);
 */
export const clearInterval: (id: number | undefined) => void = clearTimeout;

/** Runs the timers that are due at `now`, in the order of their times, once what was printed so far is out: a callback may take for ever. */
export function runTimers(now: number = Date.now()): void {
  // Timers that the callbacks add wait for the next round, so that one of delay 0 cannot hold everything up.
  const due = [...timers.values()].filter((timer) => timer.due <= now).sort((a, b) => a.due - b.due || a.id - b.id);
  if (due.length > 0) flush();
  for (const timer of due) {
    if (!timers.has(timer.id)) continue;
    if (timer.every === undefined) timers.delete(timer.id);
    else timer.due = Math.max(timer.due + timer.every, Date.now());
    timer.run();
  }
}

/**
 * How long it is to the next timer. Units: milliseconds; Infinity for one that never comes, undefined when there is none. `waits` says that the script
 * waits for something else, too: then idle timers count.
 */
export function findNextTimer(waits = true): number | undefined {
  let next: number | undefined;
  let isWaiting = waits;
  for (const timer of timers.values()) {
    if (next === undefined || timer.due < next) next = timer.due;
    isWaiting ||= !timer.isIdle;
  }
  return next === undefined || !isWaiting ? undefined : Math.max(0, next - Date.now());
}
