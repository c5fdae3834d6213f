import { requireNumber } from "../checks/check-options.ts";
import { pollRings, takeEvents } from "./rings.ts";

/**
 * Hands the events of all open buffers to their callbacks, until Ctrl-C, the end of `-c`'s command, or for so many seconds. What came before the end is
 * handed over, too. Units: seconds.
 */
export function poll_events(seconds: number = Number.POSITIVE_INFINITY): void {
  requireNumber("poll_events()", "its seconds", seconds);
  const end = Date.now() + seconds * 1000;
  for (let left = seconds * 1000; left > 0; left = end - Date.now()) pollRings("any", left === Infinity ? -1 : left);
  takeEvents();
}
