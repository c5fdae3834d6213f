import { readClock } from "../../base/clock.ts";

/** Looks at processes again and again while the script waits: what they had loaded is known when they have ended and their stacks are to be named. */
export interface ProcessWatch {
  /** Looks at a process, and again and again from now on, until it is gone. */
  watch(pid: number): void;
  /** Looks at all of them when it is time. Answers how long it is to the next look. Units: milliseconds, Infinity when there are none. */
  look(): number;
}

/** A process that has just started loads its libraries; later little changes. Units: milliseconds. */
const FIRST_MS = 5;
const LAST_MS = 250;

/** Opens a watch. `notice` looks at one process and answers whether it is there. */
export function openProcessWatch(notice: (pid: number) => boolean, now: () => number = readClock): ProcessWatch {
  const watched = new Set<number>();
  let everyMs = FIRST_MS;
  let nextAt = -Infinity;
  return {
    watch(pid) {
      // At once: it may be gone before the script first waits.
      if (!notice(pid)) return;
      watched.add(pid);
      everyMs = FIRST_MS;
      nextAt = now() + FIRST_MS;
    },
    look() {
      if (watched.size === 0) return Infinity;
      if (now() >= nextAt) {
        for (const pid of watched) if (!notice(pid)) watched.delete(pid);
        nextAt = now() + everyMs;
        everyMs = Math.min(everyMs * 2, LAST_MS);
      }
      return watched.size === 0 ? Infinity : Math.max(0, nextAt - now());
    },
  };
}
