import type { Handle, Status } from "./handle.ts";

/** What a wait can leave out. Source: WaitSource of native/poller.h. */
export const waitSources = { rings: 1, files: 2 } as const;

/** The calls that read rings and wait; the rules of `port.ts` hold. */
export interface RingPort {
  // Rings. A record in a batch is: u32 size, u32 cpu, then the bytes, padded to 8.

  /** Opens one ring of `pages` (a power of two) per online CPU on a perf event array. */
  perfBufferOpen(map: Handle, pages: number): Handle;
  ringBufferOpen(map: Handle): Handle;
  /**
   * Copies records into `room` until there are none or the next one does not fit: it stays. Answers how many
   * bytes they take, -EMSGSIZE when not even the first one fits. With `timed`, the first eight of a perf record's bytes are the time
   * when the program handed it over, in nanoseconds of CLOCK_MONOTONIC; a ring buffer's records have none.
   */
  ringRead(ring: Handle, room: Uint8Array, timed: boolean): Status;
  /** Records that found no room in this ring so far (perf buffers only). Exact since Linux 6.0, before that told with the next record that finds room. */
  ringLost(ring: Handle): number;
  ringClose(ring: Handle): Status;
  /** Opens a user ring buffer to write into. Since: Linux 6.1. Owner: the map's object closes it. */
  userRingOpen(map: Handle): Handle;
  /** Writes one record: -ENOSPC when there is no room now, -E2BIG when there never is. */
  userRingWrite(ring: Handle, record: Uint8Array): Status;

  // Waiting. One wait watches every open ring, watched file, child and the signals.

  /**
   * Waits until something is ready, a signal came or the time is over. `sources`
   * (of `waitSources`, added up) leaves out what the caller is not going to read;
   * children and signals always wake it. An ended child wakes every wait until
   * `processState` has told of it, a signal until `signalTake` has.
   *
   * With `lookMs` it looks that often how full the rings are, and ends when one is an eighth full.
   *
   * Units: milliseconds, -1 waits for ever. Answers about how many things are ready.
   */
  wait(timeoutMs: number, sources?: number, lookMs?: number): Status;
  /** Opens a file for reading without blocking and watches it in `wait`. */
  fileOpen(path: string): Handle;
  /** What can be read at once; empty when nothing is there. */
  fileRead(file: Handle, maxBytes: number): Uint8Array | Status;
  fileClose(file: Handle): Status;
  /** Writes all of it unless the reader is gone (-EPIPE), a signal came or the time is over: answers how much was written. */
  write(fd: number, bytes: Uint8Array, timeoutMs: number): Status;
}
