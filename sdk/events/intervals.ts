import { Interrupt } from "../wire/errors.ts";
import { sleep } from "./sleep.ts";

/**
 * Waits again and again, for a tool that prints every `seconds`: a turn begins when the time is over, or at once on Ctrl-C
 * and at the end of the command of `-c`. Answers whether it is the last turn. Units: seconds.
 *
 * @example
 * for (const isLast of intervals(1, 10)) {
 *   print_table();
 *   if (isLast) print("Detaching...");
 * }
 */
export function* intervals(
  seconds: number,
  count: number = Number.POSITIVE_INFINITY,
): Generator<boolean, void, undefined> {
  for (let turn = 1; turn <= count; turn++) {
    const isLast = isInterrupted(seconds) || turn === count;
    yield isLast;
    if (isLast) return;
  }
}

function isInterrupted(seconds: number): boolean {
  try {
    sleep(seconds);
    return false;
  } catch (error) {
    if (error instanceof Interrupt) return true;
    throw error;
  }
}
