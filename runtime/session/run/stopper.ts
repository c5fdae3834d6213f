import { readClock } from "../../base/clock.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import type { StopReason } from "../bridge/bridge-state.ts";

/** Decides when guest code is to be stopped in the middle. */
export interface Stopper {
  /** Asked by the sandbox every few thousand operations. */
  shouldStop(): boolean;
  /** Stops the script for good. The first reason counts. */
  stop(reason: StopReason): void;
  isStopped(): boolean;
  /** Whether the guest was stopped by a signal that it did not come to hear of. Takes the signal. */
  takeInterrupt(): boolean;
  /** Whether guest code was cut off. A promise that was cut off may be rejected with anything, and so may those that wait for it: QuickJS does not always keep its own error for that. */
  readonly wasCut: boolean;
  /** Tells of a signal that ended the script although it heard of it. */
  noteInterrupt(): void;
  /** Whether a signal ended the script. */
  readonly wasInterrupted: boolean;
  /** Whether an end handler called exit() since this was last asked. */
  takeExit(): boolean;
  /** From now on the script's end handlers run: they get answers again, and after a signal only so much time. */
  startEnd(): void;
  /** Tells that the guest has events that it did not hand to the script yet, or that it came back for more. They came before the signal, so they get longer. */
  noteBatch(isThere: boolean): void;
  /** Does work of the host's own that the guest waits for. Its time counts neither after a signal nor at the end: what it takes is not the script's fault. */
  excuse<Answer>(work: () => Answer): Answer;
  /** How long the end may still take; Infinity while there is no hurry. Units: milliseconds. */
  findTimeLeft(): number;
  /** What the script chose; undefined when it left the choice. */
  readonly exitCode: number | undefined;
}

/** A script that computes and never waits gets this long to come to a wait. Units: milliseconds. */
const GRACE_MS = 300;
/** What a script gets for the events that it was given at once. Units: milliseconds. */
const BATCH_MS = 3000;
/** What end handlers get when a signal ended the script. Units: milliseconds. */
const END_MS = 600;
/** How much later code is ended that does not ask whether it is to stop. Units: milliseconds. */
const CUT_MS = 200;

/** Opens the one stopper of a run. */
export function openStopper(port: KernelPort, now: () => number = readClock): Stopper {
  let reason: StopReason | undefined;
  let pendingSince: number | undefined;
  let endBy = Infinity;
  let interrupted = false;
  let ending = false;
  let exited = false;
  let cut = false;
  let graceMs = GRACE_MS;

  return {
    shouldStop() {
      if (reason !== undefined && !ending) return true;
      if (exited) return true;
      if (now() >= endBy) {
        cut = true;
        return true;
      }
      if (port.signalPending() === 0) {
        pendingSince = undefined;
        return false;
      }
      pendingSince ??= now();
      const stops = now() - pendingSince >= (ending ? 0 : graceMs);
      cut ||= stops;
      return stops;
    },
    stop(why) {
      exited = ending && why.kind === "exit";
      // A handler that exits, and registers itself before, must not do so for ever.
      if (exited) endBy = Math.min(endBy, now() + END_MS);
      if (reason === undefined || exited) reason = why;
    },
    isStopped: () => reason !== undefined && !ending,
    takeInterrupt() {
      if (port.signalTake() === 0) return false;
      pendingSince = undefined;
      interrupted = true;
      return true;
    },
    get wasCut() {
      return cut;
    },
    get wasInterrupted() {
      return interrupted;
    },
    noteInterrupt() {
      interrupted = true;
    },
    takeExit() {
      const had = exited;
      exited = false;
      return had;
    },
    startEnd() {
      ending = true;
      exited = false;
      if (endBy === Infinity && (interrupted || reason?.kind === "closed-output")) endBy = now() + END_MS;
      if (endBy === Infinity) return;
      // Whoever presses Ctrl-C once more does not want to wait for what is left to be done.
      if (interrupted) port.signalsFinish();
      port.guardDeadline(Math.ceil(Math.max(0, endBy - now())) + CUT_MS);
    },
    noteBatch(isThere) {
      const wantedMs = isThere ? BATCH_MS : GRACE_MS;
      if (wantedMs === graceMs) return;
      graceMs = wantedMs;
      port.guardHeed(isThere ? BATCH_MS + CUT_MS : -1);
    },
    excuse(work) {
      port.guardPause(1);
      // A signal that comes during the work is seen after it.
      const begun = pendingSince === undefined && endBy === Infinity ? undefined : now();
      try {
        return work();
      } finally {
        port.guardPause(0);
        const tookMs = begun === undefined ? 0 : now() - begun;
        if (pendingSince !== undefined) pendingSince += tookMs;
        endBy += tookMs;
      }
    },
    findTimeLeft: () => Math.max(0, endBy - now()),
    get exitCode() {
      return reason?.kind === "exit" ? reason.code : undefined;
    },
  };
}
