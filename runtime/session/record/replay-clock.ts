import type { RecordedCalls, RecordedWait } from "./recorded-calls.ts";

/** The clock of a replay: it says what the run's clock said, and goes on where the recording does. */
export interface ReplayClock {
  /** Units: milliseconds since 1970. */
  now(): number;
  /** The script begins: who asked before was the host. */
  start(): void;
  /** A wait of the run is over. */
  enter(wait: RecordedWait): void;
  /** Time passes without anything of the run. */
  passTo(timeMs: number): void;
  /** The kernel's clock where the run did not ask it. Units: nanoseconds, as text. */
  readMonotonic(): string;
  restore(): void;
}

/** A script that asks again and again until time has passed sees it pass: after so many questions a millisecond. */
const ASKS_A_MS = 64;

/** Takes the place of the process's clock, which is the script's, until it is restored. */
export function openReplayClock(calls: RecordedCalls): ReplayClock {
  const real = Date.now;
  let time = calls.startMs;
  let waits = 0;
  let list = calls.listTimes(0);
  let at = 0;
  let used = 0;
  let asked = 0;
  const now = (): number => {
    const said = list[at];
    if (said === undefined) {
      if (++asked % ASKS_A_MS === 0) time++;
      return time;
    }
    if (++used >= said[1]) {
      at++;
      used = 0;
    }
    return (time = Math.max(time, said[0]));
  };
  Date.now = now;
  return {
    now: () => time,
    start() {
      at = used = 0;
      time = calls.startMs;
    },
    enter(wait) {
      list = calls.listTimes(++waits);
      at = used = 0;
      time = Math.max(time, list[0]?.[0] ?? wait.endMs);
    },
    passTo(timeMs) {
      list = [];
      time = Math.max(time, timeMs);
    },
    readMonotonic: () => (BigInt(Math.round(time)) * 1_000_000n).toString(),
    restore() {
      Date.now = real;
    },
  };
}
