import { alignUp } from "../../../sdk/wire/protocol.ts";

/** Puts the records of several CPUs into the order of their times. */
export interface TimeMerger {
  /** Takes records as the kernel's port hands them over, each with its time in its first eight bytes. */
  add(records: Uint8Array): void;
  /** Answers the records that nothing earlier can follow any more, without their times. `isDrained` says that none was left in the kernel. */
  take(isDrained: boolean): Uint8Array;
  /** Whether records wait for time to pass. */
  holdsRecords(): boolean;
}

/**
 * What a record may lag behind its time: a program takes the time before it writes, and another CPU may be interrupted between
 * the two. Units: milliseconds.
 */
export const HOLD_MS = 1;
/** When readers are this far behind, order is given up for memory. Units: bytes. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;
const HEADER_SIZE = 8;
const TIME_SIZE = 8;

interface HeldRecord {
  /** Units: nanoseconds; exact for the first 104 days of a machine's life, then to two of them. */
  readonly time: number;
  readonly cpu: number;
  readonly bytes: Uint8Array;
}

/**
 * Makes the merger of one buffer. A record is let go when every CPU's ring was read once more, a while after it was seen: the clock of
 * this process is not asked, since a container may have one of its own.
 */
export function openTimeMerger(now: () => number = () => performance.now()): TimeMerger {
  let held: HeldRecord[] = [];
  let heldBytes = 0;
  let newest = -Infinity;
  /** The newest time that was known at `markedAt`. */
  let mark = -Infinity;
  let markedAt = now();
  let safe = -Infinity;

  return {
    add(records) {
      const bytes = records.slice();
      const view = new DataView(bytes.buffer);
      for (let at = 0; at < bytes.length; ) {
        const size = view.getUint32(at, true);
        const start = at + HEADER_SIZE;
        const time = view.getUint32(start + 4, true) * 2 ** 32 + view.getUint32(start, true);
        held.push({ time, cpu: view.getUint32(at + 4, true), bytes: bytes.subarray(start + TIME_SIZE, start + size) });
        heldBytes += size;
        if (time > newest) newest = time;
        at = start + alignUp(size);
      }
    },
    take(isDrained) {
      if (heldBytes > MAX_HELD_BYTES) safe = Infinity;
      else if (isDrained && now() - markedAt >= HOLD_MS) {
        safe = mark;
        mark = newest;
        markedAt = now();
      }
      if (held.length === 0) return empty;
      held.sort((a, b) => a.time - b.time);
      const end = countUntil(held, safe);
      const leaving = held.slice(0, end);
      held = held.slice(end);
      heldBytes = held.reduce((sum, { bytes }) => sum + TIME_SIZE + bytes.length, 0);
      if (safe === Infinity) safe = -Infinity;
      return packRecords(leaving);
    },
    holdsRecords: () => held.length > 0,
  };
}

const empty = new Uint8Array(0);

function countUntil(records: readonly HeldRecord[], time: number): number {
  const index = records.findIndex((record) => record.time > time);
  return index < 0 ? records.length : index;
}

function packRecords(records: readonly HeldRecord[]): Uint8Array {
  const packed = new Uint8Array(records.reduce((sum, { bytes }) => sum + HEADER_SIZE + alignUp(bytes.length), 0));
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const { cpu, bytes } of records) {
    view.setUint32(at, bytes.length, true);
    view.setUint32(at + 4, cpu, true);
    packed.set(bytes, at + HEADER_SIZE);
    at += HEADER_SIZE + alignUp(bytes.length);
  }
  return packed;
}
