import { readClock } from "../../base/clock.ts";
import { InterruptedError } from "../../base/errors.ts";
import { COMMAND_ENDED } from "../../../sdk/wire/protocol.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import type { Command } from "./command.ts";
import type { ProcessWatch } from "./process-watch.ts";

/** How the bridge waits: for events, the time, a signal, and the end of the command. */
export interface Waiter {
  /**
   * Waits until `check` answers something, or the time is over; or until promises of the script have gone on, for then it may have
   * something else to wait for: who still wants to wait asks again. `sources` (of `waitSources`) is what can make `check` answer.
   * The first wait lets the command run. Units: milliseconds, -1 waits for ever.
   *
   * @throws InterruptedError at a signal, and once when the command has ended and what it caused was delivered
   */
  waitFor<T>(timeoutMs: number, sources: number, check: () => T | undefined): T | undefined;
}

/** For `waitFor`: the first look is before the wait; the one after it means that something woke it. */
export function wakeAtSecondLook(): () => true | undefined {
  let looks = 0;
  return () => (looks++ === 0 ? undefined : true);
}

/** Events of a child reach the buffers a little after its end is told of. Units: milliseconds. */
const SETTLE_MS = 20;
/** Lines of the trace pipe that others write have no end. Units: milliseconds. */
const MAX_DRAIN_MS = 200;
/** How often ended processes that the command left behind are taken notice of. Units: milliseconds. */
const REAP_MS = 1000;
/** What the port takes at once; a longer wait is several. Units: milliseconds. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** What is seen to while the script waits. */
export interface WaitingChores {
  /** Lets promises of the script go on; answers how many did. */
  readonly runJobs?: () => number;
  /** Processes to look at. */
  readonly watch?: ProcessWatch;
  /** How long the script may still wait; Infinity while it is in no hurry to end. Units: milliseconds. */
  readonly findTimeLeft?: () => number;
  /** Ends the script like Ctrl-C so long after its first wait. Units: milliseconds. */
  readonly durationMs?: number;
  /** Called before the first wait, when the script has set up what it wants to see. */
  readonly beforeFirst?: () => void;
  /** Takes the programs off their places at a signal; what they had caused is delivered before the script hears of it. */
  readonly detachAll?: () => void;
  /** Takes the programs off their places before the script hears of a signal or of the command's end, for a script that then takes what is left and ends. */
  readonly detachFirst?: () => void;
}

/** Opens the one way to wait in a run. */
export function openWaiter(
  port: KernelPort,
  command: Command | undefined,
  chores: WaitingChores = {},
  now: () => number = readClock,
): Waiter {
  const { runJobs = () => 0, watch, findTimeLeft = () => Infinity } = chores;
  let endedAt: number | undefined;
  let told = false;
  let begun = false;
  let reapAt = 0;
  let detachedAt: number | undefined;

  /** Takes notice of ended processes now and then. Answers how long it is to the next time. Units: milliseconds. */
  const reap = (): number => {
    if (command === undefined) return Infinity;
    const time = now();
    if (time < reapAt) return reapAt - time;
    command.haveProcesses();
    reapAt = time + REAP_MS;
    return REAP_MS;
  };

  /** Milliseconds until the script must hear of a signal whose last events are on their way; undefined when none came. @throws InterruptedError at one that need not wait */
  const findDrainTime = (): number | undefined => {
    if (port.signalTake() !== 0) {
      chores.detachFirst?.();
      if (chores.detachAll === undefined || detachedAt !== undefined) throw new InterruptedError("A signal came");
      chores.detachAll();
      detachedAt = now();
    }
    return detachedAt === undefined ? undefined : detachedAt + SETTLE_MS - now();
  };

  /** Milliseconds until the script must hear that the command has ended; undefined while it runs, or when it was told. */
  const findSettleTime = (): number | undefined => {
    if (command === undefined || told || command.findEnd() === undefined) return undefined;
    endedAt ??= now();
    return endedAt + SETTLE_MS - now();
  };

  return {
    waitFor(timeoutMs, sources, check) {
      if (!begun) chores.beforeFirst?.();
      command?.release();
      if (!begun && chores.durationMs !== undefined) port.signalAfter(chores.durationMs);
      begun = true;
      // Ctrl-C comes through although promises follow on promises for ever.
      if (runJobs() > 0 && timeoutMs !== 0 && port.signalPending() === 0) return undefined;
      const end = now() + Math.min(timeoutMs < 0 ? Infinity : timeoutMs, findTimeLeft());
      for (;;) {
        const drain = findDrainTime();
        const answer = drain === undefined || drain > -MAX_DRAIN_MS ? check() : undefined;
        if (answer !== undefined) return answer;
        if (drain !== undefined && drain <= 0) throw new InterruptedError("A signal came");
        // First: it may be what takes notice of the command's own end.
        const reapLeft = reap();
        const settle = findSettleTime();
        if (settle !== undefined && settle <= 0) {
          told = true;
          chores.detachFirst?.();
          throw new InterruptedError("The command has ended", { detail: COMMAND_ENDED });
        }
        const left = Math.min(end - now(), settle ?? Infinity, drain ?? Infinity, watch?.look() ?? Infinity, reapLeft);
        if (end - now() <= 0) return undefined;
        port.wait(left === Infinity ? -1 : Math.max(1, Math.ceil(Math.min(left, LONGEST_WAIT_MS))), sources);
      }
    },
  };
}
