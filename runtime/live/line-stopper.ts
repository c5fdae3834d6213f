import { readClock } from "../base/clock.ts";
import type { KernelPort } from "../kernel/door/port.ts";
import type { StopReason } from "../session/bridge/bridge-state.ts";

/** Decides when guest code of a session is to be stopped in the middle; the session goes on. */
export interface LineStopper {
  /** Asked by the sandbox every few thousand operations. */
  shouldStop(): boolean;
  /** Whether calls of the guest get no answers. */
  isStopped(): boolean;
  /** Stops the session for good, as `exit()` does. */
  stop(reason: StopReason): void;
  /** Stops what runs now where it would wait. */
  stopHere(): void;
  /** Takes notice of the beginning of some code, which may run so long. Units: milliseconds. */
  begin(budgetMs?: number): void;
  /** The same for what runs at the session's end, whatever has ended it. */
  beginEnd(budgetMs: number): void;
  /** Does work of the host's own that the guest waits for: its time does not count. */
  excuse<Answer>(work: () => Answer): Answer;
  /** How long it may still run. Units: milliseconds. */
  findTimeLeft(): number;
  /** Whether what ran was stopped where it would have waited. */
  readonly wasStoppedHere: boolean;
  /** Whether it was stopped because its time was over. */
  readonly wasTooLong: boolean;
  readonly reason: StopReason | undefined;
}

/** Code that computes and never waits gets this long to come to a wait. Units: milliseconds. */
const GRACE_MS = 300;

/** Opens the stopper of a session. */
export function openLineStopper(
  port: Pick<KernelPort, "signalPending" | "guardPause">,
  now: () => number = readClock,
): LineStopper {
  let reason: StopReason | undefined;
  let isHere = false;
  let pendingSince: number | undefined;
  let end = Infinity;
  let wasTooLong = false;
  return {
    shouldStop() {
      if (reason !== undefined || isHere) return true;
      if (now() >= end) return (wasTooLong = true);
      if (port.signalPending() === 0) {
        pendingSince = undefined;
        return false;
      }
      pendingSince ??= now();
      return now() - pendingSince >= GRACE_MS;
    },
    isStopped: () => reason !== undefined || isHere,
    stop(why) {
      reason ??= why;
    },
    stopHere() {
      isHere = true;
    },
    begin(budgetMs = Infinity) {
      isHere = wasTooLong = false;
      pendingSince = undefined;
      end = now() + budgetMs;
    },
    beginEnd(budgetMs) {
      reason = undefined;
      this.begin(budgetMs);
    },
    excuse(work) {
      port.guardPause(1);
      const begun = now();
      try {
        return work();
      } finally {
        port.guardPause(0);
        const tookMs = now() - begun;
        if (pendingSince !== undefined) pendingSince += tookMs;
        end += tookMs;
      }
    },
    findTimeLeft: () => Math.max(0, end - now()),
    get wasStoppedHere() {
      return isHere;
    },
    get wasTooLong() {
      return wasTooLong;
    },
    get reason() {
      return reason;
    },
  };
}
