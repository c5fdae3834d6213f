import { readClock } from "../../base/clock.ts";
import { alignUp } from "../../../sdk/wire/protocol.ts";

/** A record and when a program handed it over. `Source` is the buffer that it came through. */
export interface TimedRecord<Source> {
  readonly source: Source;
  /** Units: nanoseconds; exact for the first 104 days of a machine's life, then to two of them. */
  readonly time: number;
  readonly cpu: number;
  readonly bytes: Uint8Array;
}

/** Puts the records of several CPUs and buffers into the order of their times. */
export interface TimeMerger<Source> {
  add(records: readonly TimedRecord<Source>[]): void;
  /** Answers the records that nothing earlier can follow any more. `isDrained` says that none was left in the kernel. */
  take(isDrained: boolean): readonly TimedRecord<Source>[];
  /** Forgets those of a buffer that is closed. */
  drop(source: Source): void;
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

/**
 * Makes a merger. It holds each record until, a while later, every CPU's ring was read again; then no earlier record can
 * follow. It compares the records' times with each other alone, since the clock of this process may differ from theirs in a container.
 */
export function openTimeMerger<Source>(now: () => number = readClock): TimeMerger<Source> {
  let held: TimedRecord<Source>[] = [];
  let heldBytes = 0;
  let newest = -Infinity;
  /** The newest time that was known at `markedAt`. */
  let mark = -Infinity;
  let markedAt = now();
  let safe = -Infinity;

  const keep = (records: TimedRecord<Source>[]): void => {
    held = records;
    heldBytes = records.reduce((sum, { bytes }) => sum + TIME_SIZE + bytes.length, 0);
  };

  return {
    add(records) {
      for (const record of records) {
        held.push(record);
        heldBytes += TIME_SIZE + record.bytes.length;
        if (record.time > newest) newest = record.time;
      }
    },
    take(isDrained) {
      if (heldBytes > MAX_HELD_BYTES) safe = Infinity;
      else if (isDrained && now() - markedAt >= HOLD_MS) {
        safe = mark;
        mark = newest;
        markedAt = now();
      }
      if (held.length === 0) return [];
      sortByTime(held);
      const end = countUntil(held, safe);
      const leaving = held.slice(0, end);
      keep(held.slice(end));
      if (safe === Infinity) safe = -Infinity;
      return leaving;
    },
    drop: (source) => keep(held.filter((record) => record.source !== source)),
    holdsRecords: () => held.length > 0,
  };
}

/** Puts records in order; those of one time stay as they are. */
export function sortByTime<Source>(records: TimedRecord<Source>[]): void {
  records.sort((a, b) => a.time - b.time);
}

/** Reads records as the kernel's port hands them over with their times. Their bytes are copies. */
export function splitTimedRecords<Source>(source: Source, records: Uint8Array): TimedRecord<Source>[] {
  const bytes = records.slice();
  const view = new DataView(bytes.buffer);
  const split: TimedRecord<Source>[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = view.getUint32(at, true);
    const start = at + HEADER_SIZE;
    const time = view.getUint32(start + 4, true) * 2 ** 32 + view.getUint32(start, true);
    split.push({
      source,
      time,
      cpu: view.getUint32(at + 4, true),
      bytes: bytes.subarray(start + TIME_SIZE, start + size),
    });
    at = start + alignUp(size);
  }
  return split;
}

/** Packs records again, without their times. */
export function packRecords(records: readonly TimedRecord<unknown>[]): Uint8Array {
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

function countUntil(records: readonly TimedRecord<unknown>[], time: number): number {
  const index = records.findIndex((record) => record.time > time);
  return index < 0 ? records.length : index;
}
