import { Interrupt } from "./errors.ts";
import { callHost } from "./host.ts";
import { pollRings } from "./rings.ts";
import { block } from "./timers.ts";

/**
 * Waits. Timers run meanwhile; Ctrl-C ends it with an `Interrupt`. Units: seconds, fractions too.
 * Source: Python's time.sleep.
 */
export function sleep(seconds: number): void {
  try {
    block(Math.max(0, seconds * 1000), (waitMs) => {
      callHost("wait", { timeoutMs: waitMs });
      return undefined;
    });
  } catch (error) {
    // What the command caused is delivered before the script hears that it has ended.
    if (error instanceof Interrupt && error.reason === "command") while (pollRings("any", 0));
    throw error;
  }
}
