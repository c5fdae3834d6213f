import { readClock } from "../../base/clock.ts";

/** This many polls in a row that waited no longer than this are a stream. */
const STREAM_POLLS = 3;
const STREAM_MS = 2;
/** The longest that an event under a stream may be late. Units: milliseconds. */
const MAX_NAP_MS = 16;
/** What events fill at most in a millisecond, with half of the buffer to spare. Units: bytes. */
const FILL_BYTES = 200_000;

/** Says how long to rest before a poll. Units: milliseconds. */
export interface Napper {
  /** Asked at the start of a poll; `capacityBytes` is that of the smallest buffer. 0 when events come singly, or so fast that the script is never done with them. */
  findNap(capacityBytes: number): number;
  /** Told when a poll has brought events: how long it waited for them, the nap not counted, and whether the batch is so large that some may have been left behind. */
  notePoll(waitedMs: number, isLarge: boolean): void;
}

/**
 * Under a stream of events each wake-up would bring a few of them, and waking costs as much as a hundred: a short
 * nap between polls brings a batch. No nap is longer than the buffers take, and an event after a silence waits for none.
 */
export function openNapper(now: () => number = readClock): Napper {
  let polledAt = -Infinity;
  let streamPolls = 0;
  let hasMore = false;
  return {
    findNap(capacityBytes) {
      const napMs = Math.min(MAX_NAP_MS, Math.floor(capacityBytes / FILL_BYTES));
      // A script that is busy for longer than it would sleep gets its batches without, and so does one that fills them.
      const isIdle = !hasMore && now() - polledAt < napMs / 2;
      return isIdle && streamPolls >= STREAM_POLLS ? napMs : 0;
    },
    notePoll(waitedMs, isLarge) {
      streamPolls = waitedMs < STREAM_MS ? streamPolls + 1 : 0;
      hasMore = isLarge;
      polledAt = now();
    },
  };
}
