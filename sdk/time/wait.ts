import { flush } from "../print/output.ts";
import { Interrupt } from "../wire/errors.ts";
import { throwUnhandled } from "./promises.ts";
import { findNextTimer, runTimers } from "./timers.ts";

/** Those who wait for events in a promise: every wait sees to them, too. */
export interface BackgroundWaits {
  /** Hands over what came. Answers whether somebody still waits. @throws Interrupt at a signal */
  serve(): boolean;
  /** Hands an interrupt to all of them. Answers whether there was one. */
  interrupt(error: Interrupt): boolean;
}

let background: BackgroundWaits = { serve: () => false, interrupt: () => false };

/** Has promises for events served by every wait. */
export function serveWhileWaiting(waits: BackgroundWaits): void {
  background = waits;
}

/** What there is to wait for when nothing is to be done at once. */
export interface Turn {
  /** Units: milliseconds until the next timer, undefined when there is none. */
  readonly timerMs: number | undefined;
  /** Whether somebody waits for an event in a promise. */
  readonly events: boolean;
}

/**
 * Does what can be done without waiting: timers that are due, events for those who wait in a promise, output. What follows from it (a promise that
 * was settled) is for the host to run; it comes back here before it waits. `isOutermost` says that no call of the script blocks.
 *
 * @throws Interrupt at a signal
 */
export function takeTurn(isOutermost = false): Turn {
  runTimers();
  const events = serve(isOutermost);
  flush();
  throwUnhandled();
  // Last: whoever was served may have set a timer.
  return { timerMs: findNextTimer(!isOutermost || events), events };
}

function serve(isOutermost: boolean): boolean {
  try {
    return background.serve();
  } catch (error) {
    // Where no call blocks, a signal is for those who wait, not for nobody: uncaught, it would end the script.
    if (!isOutermost || !(error instanceof Interrupt)) throw error;
    interruptWaits(error);
    return false;
  }
}

/** Tells those who wait in a promise of a signal. Answers whether there was one. */
export function interruptWaits(error: Interrupt = new Interrupt()): boolean {
  const listeners = [...interruptListeners];
  const heard = background.interrupt(error) || listeners.length > 0;
  for (const listener of listeners) listener(error);
  return heard;
}

const interruptListeners = new Set<(error: Interrupt) => void>();

/** Has a function told of the next signal, as those who wait in a promise are. Answers a function that takes it back. */
export function listenForInterrupt(listener: (error: Interrupt) => void): () => void {
  interruptListeners.add(listener);
  return () => void interruptListeners.delete(listener);
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
      const { timerMs, events } = takeTurn();
      const left = Math.max(0, end - Date.now());
      const wait = Math.min(left, timerMs ?? Infinity);
      const answer = step(wait === Infinity ? -1 : Math.ceil(wait), events);
      if (answer !== undefined) return answer;
      if (Date.now() >= end) {
        // A wait that came back late still lets the timers that were due before its end go first.
        runTimers(end);
        throwUnhandled();
        return undefined;
      }
    }
  } catch (error) {
    if (error instanceof Interrupt) {
      error.isDelivered = true;
      interruptWaits(error);
    }
    throw error;
  }
}
