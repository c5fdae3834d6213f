import { requireNumber } from "../checks/check-options.ts";
import { Interrupt } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import { takeEvents } from "./rings.ts";
import { block } from "../time/wait.ts";

/**
 * Waits. Timers run meanwhile; Ctrl-C ends it with an `Interrupt`. Units: seconds, fractions too.
 * Source: Python's time.sleep.
 *
 * @example
 * import { print, sleep } from "bpfts";
 * sleep(0.01);
 * print("ten milliseconds later");
 */
export function sleep(seconds: number): void {
  requireNumber("sleep()", "seconds", seconds);
  block(Math.max(0, seconds * 1000), wait);
}

function wait(timeoutMs: number, events: boolean): undefined {
  try {
    callHost("wait", { timeoutMs, events });
  } catch (error) {
    // What the command caused is delivered before the script hears that it has ended.
    if (error instanceof Interrupt && error.reason === "command") while (takeEvents());
    throw error;
  }
}
