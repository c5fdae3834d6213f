import { callHost } from "../wire/host.ts";
import { countOutput } from "./output.ts";

/** How many events may still be shown; Infinity where the user set no limit. */
let left = Number.POSITIVE_INFINITY;

/** Sets the limit of `bpfts run --max-events`, null for none. */
export function limitShownEvents(limit: number | null): void {
  left = limit ?? Number.POSITIVE_INFINITY;
}

/** Whether the user set a limit. */
export function haveEventLimit(): boolean {
  return left !== Number.POSITIVE_INFINITY;
}

/** Whether as many events were shown as the user wants: the script gets no more, and its next wait ends it. */
export function isEventLimitReached(): boolean {
  return left <= 0;
}

/** Counts an event as shown if the script has printed since `countOutput()` answered `before`. The last one ends the script. */
export function noteShownEvent(before: number): void {
  if (left <= 0 || countOutput() === before) return;
  left--;
  if (left === 0) callHost("interrupt", null);
}

/** Makes the callback that shows no more events than the user wants, and then drops the rest; without a limit it is the callback itself. */
export function limitCallback<Parameters extends readonly unknown[]>(
  callback: (...values: Parameters) => unknown,
  dropRest: () => void,
): (...values: Parameters) => unknown {
  if (!haveEventLimit()) return callback;
  return (...values) => {
    if (left <= 0) return dropRest();
    const before = countOutput();
    try {
      return callback(...values);
    } finally {
      noteShownEvent(before);
    }
  };
}
