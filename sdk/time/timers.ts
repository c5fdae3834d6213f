import { Interrupt } from "../wire/errors.ts";
import { flush } from "../print/output.ts";
import { throwUnhandled } from "./promises.ts";

interface Timer {
  readonly id: number;
  /** Units: milliseconds of `Date.now()`, which is what a script sees pass. */
  due: number;
  readonly every: number | undefined;
  readonly run: () => unknown;
}

const timers = new Map<number, Timer>();
let lastId = 0;

function addTimer(
  run: (...values: never[]) => unknown,
  delayMs: number,
  repeat: boolean,
  values: readonly unknown[],
): number {
  const delay = Number.isFinite(delayMs) && delayMs > 0 ? delayMs : 0;
  const id = ++lastId;
  timers.set(id, {
    id,
    due: Date.now() + delay,
    every: repeat ? Math.max(delay, 1) : undefined,
    run: () => run(...(values as never[])),
  });
  return id;
}

/** Runs a function once after `delayMs`: while a blocking call waits, or after the script's last line. Units: milliseconds. */
export function setTimeout(run: (...values: never[]) => unknown, delayMs = 0, ...values: readonly unknown[]): number {
  return addTimer(run, delayMs, false, values);
}

/** Runs a function again and again; a turn that was missed is not made up for. Units: milliseconds. */
export function setInterval(run: (...values: never[]) => unknown, delayMs = 0, ...values: readonly unknown[]): number {
  return addTimer(run, delayMs, true, values);
}

/** Takes a timer back. */
export function clearTimeout(id: number | undefined): void {
  if (id !== undefined) timers.delete(id);
}

/** Takes a timer back; the same as `clearTimeout`. */
export const clearInterval: (id: number | undefined) => void = clearTimeout;

/** Runs what is due, in the order of their times, once what was printed so far is out: a callback may take for ever. Answers the milliseconds until the next, undefined when there is none. */
export function runTimers(now: number = Date.now()): number | undefined {
  // Timers that the callbacks add wait for the next round, so that one of delay 0 cannot hold everything up.
  const due = [...timers.values()].filter((timer) => timer.due <= now).sort((a, b) => a.due - b.due || a.id - b.id);
  if (due.length > 0) flush();
  for (const timer of due) {
    if (!timers.has(timer.id)) continue;
    if (timer.every === undefined) timers.delete(timer.id);
    else timer.due = Math.max(timer.due + timer.every, Date.now());
    timer.run();
  }
  throwUnhandled();
  let next: number | undefined;
  for (const timer of timers.values()) if (next === undefined || timer.due < next) next = timer.due;
  return next === undefined ? undefined : Math.max(0, next - Date.now());
}

/** Those who wait for events in a promise: a call that blocks sees to them, too. */
export interface BackgroundWaits {
  /** Hands over what came. Answers whether somebody still waits. */
  serve(): boolean;
  interrupt(error: Interrupt): void;
}

let background: BackgroundWaits | undefined;

/** Has a wait served by every call that blocks. */
export function serveWhileBlocked(waits: BackgroundWaits): void {
  background = waits;
}

/**
 * Blocks in `step` until it answers something or the time is over, and serves timers and `for await` loops meanwhile.
 * `step` is given the milliseconds that it may block, -1 for any time, and whether it is to come back when events of any buffer are there.
 *
 * @throws Interrupt at a signal; loops that wait get the same one
 */
export function block<T>(timeoutMs: number, step: (waitMs: number, events: boolean) => T | undefined): T | undefined {
  const end = timeoutMs < 0 ? Infinity : Date.now() + timeoutMs;
  try {
    for (;;) {
      const nextTimer = runTimers();
      const events = background?.serve() === true;
      flush();
      const left = Math.max(0, end - Date.now());
      const wait = Math.min(left, nextTimer ?? Infinity);
      const answer = step(wait === Infinity ? -1 : Math.ceil(wait), events);
      if (answer !== undefined) return answer;
      if (Date.now() >= end) {
        // A wait that came back late still lets the timers that were due before its end go first.
        runTimers(end);
        return undefined;
      }
    }
  } catch (error) {
    if (error instanceof Interrupt) {
      error.isDelivered = true;
      background?.interrupt(error);
    }
    throw error;
  }
}
