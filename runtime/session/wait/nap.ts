import { readClock } from "../../base/clock.ts";

/** Events that come singly are handed over at once: so many polls may follow one another without a rest. */
const FREE_POLLS = 10;
/** From then on polls are so far apart, and an event is late by as much at most. Units: milliseconds. */
const POLL_MS = 50;
/** What events fill at most in a millisecond, with an eighth of the buffer taken already and more than a quarter to spare. Units: bytes. */
const FILL_BYTES = 200_000;

/** A rest before a poll. Units: milliseconds. */
export interface Nap {
  readonly ms: number;
  /** How often to look whether the buffers fill: then the rest is over. */
  readonly lookMs: number;
}

/** Says how long to rest before a poll. */
export interface Napper {
  /** Asked at the start of a poll; `capacityBytes` is that of the smallest buffer. Undefined when events come singly, or so fast that the script is never done with them. */
  findNap(capacityBytes: number): Nap | undefined;
  /** Told when a poll has brought events, and whether the batch is so large that some may have been left behind. */
  notePoll(isLarge: boolean): void;
}

/**
 * Under a stream of events each wake-up would bring a few of them, and waking costs as much as a hundred: rests
 * between polls bring batches. Polls are counted, and each is forgotten after a while: who comes by now and then finds every event at once, and what
 * comes all the time is fetched twenty times a second. Whoever is busy for longer than that never rests.
 */
export function openNapper(now: () => number = readClock): Napper {
  let freePolls = FREE_POLLS;
  let countedAt = now();
  let hasMore = false;
  const count = (): void => {
    const time = now();
    freePolls = Math.min(FREE_POLLS, freePolls + (time - countedAt) / POLL_MS);
    countedAt = time;
  };
  return {
    findNap(capacityBytes) {
      count();
      const lookMs = Math.min(POLL_MS, Math.floor(capacityBytes / FILL_BYTES));
      const ms = Math.ceil((1 - freePolls) * POLL_MS);
      return hasMore || lookMs < 1 || ms <= 0 ? undefined : { ms, lookMs };
    },
    notePoll(isLarge) {
      count();
      freePolls = Math.max(0, freePolls - 1);
      hasMore = isLarge;
    },
  };
}
