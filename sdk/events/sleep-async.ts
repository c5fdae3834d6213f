import { requireNumber, requireOptions } from "../checks/check-options.ts";
import { setTimeout, clearTimeout } from "../time/timers.ts";
import { listenForInterrupt } from "../time/wait.ts";
import type { CancelSignal } from "./cancel.ts";
import { requireCancel, watchCancel } from "./cancel.ts";

/**
 * Answers a promise that is settled after a time, where `sleep` blocks. Ctrl-C rejects it with an `Interrupt`, `signal` with its reason. Units: seconds,
 * fractions too. Source: Python's asyncio.sleep.
 *
 * @example
 * import { print, sleep_async } from "bpfts";
 * await sleep_async(0.01);
 * print("ten milliseconds later");
 */
export function sleep_async(seconds: number, options: { readonly signal?: CancelSignal } = {}): Promise<void> {
  requireNumber("sleep_async()", "seconds", seconds);
  requireOptions("sleep_async()", options, ["signal"]);
  return new Promise((resolve, reject) => {
    requireCancel("sleep_async()", options);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      forgetSignal();
      forgetInterrupt();
      settle();
    };
    const timer = setTimeout(() => end(resolve), seconds * 1000);
    const forgetSignal = watchCancel(options, (aborted) => end(() => reject(aborted?.reason as Error)));
    const forgetInterrupt = listenForInterrupt((error) => end(() => reject(error)));
  });
}
