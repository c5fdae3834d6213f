import { Interrupt } from "../wire/errors.ts";
import { sleep } from "./sleep.ts";

/**
 * Waits again and again, for a tool that prints every `seconds`: a turn begins when the time is over, or at once on Ctrl-C
 * and at the end of the command of `-c`. Answers whether it is the last turn. After `duration` the last turn begins, however many are left. Units: seconds.
 *
 * @example
 * import { intervals, print } from "bpfts";
 * for (const isLast of intervals(1, 10)) {
 *   print("a second later");
 *   if (isLast) print("Detaching...");
 * }
 */
export function* intervals(
  seconds: number,
  count: number = Number.POSITIVE_INFINITY,
  duration: number = Number.POSITIVE_INFINITY,
): Generator<boolean, void, undefined> {
  const end = Date.now() + duration * 1000;
  for (let turn = 1; turn <= count; turn++) {
    const left = (end - Date.now()) / 1000;
    const isLast = isInterrupted(Math.min(seconds, left)) || turn === count || left <= seconds;
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
