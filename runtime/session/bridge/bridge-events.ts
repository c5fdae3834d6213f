import { UnsupportedFeatureError, ArgumentError } from "../../base/errors.ts";
import type { RingKind } from "../../../sdk/wire/protocol.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import { waitSources } from "../../kernel/door/port.ts";
import type { Handle } from "../../kernel/door/port.ts";
import { BatchRoom } from "./batch-room.ts";
import type { OpenMap } from "./bridge-program.ts";
import type { BridgeState, Handlers } from "./bridge-state.ts";
import { writeOutput } from "./bridge-system.ts";
import { openNapper } from "../wait/nap.ts";
import { openRowWriter } from "./row-writer.ts";
import type { RowWriter } from "./row-writer.ts";
import { HOLD_MS, openTimeMerger } from "./time-merger.ts";
import type { TimeMerger } from "./time-merger.ts";

interface Ring {
  readonly id: number;
  readonly name: string;
  readonly kind: RingKind;
  readonly handle: Handle;
  /** What fits into it, on one CPU. */
  readonly capacityBytes: number;
  /** Losses that were counted. */
  lost: number;
  /** Those of them that a batch has told of. */
  told: number;
  /** Outputs that failed, as the dialect counts them: the kernel's own count lacks those that no record followed. */
  countFailed(): number;
  /** Set when the host writes the events' rows itself. */
  readonly writeRows: RowWriter | undefined;
  /** Set when the events of all CPUs are to come in one order. */
  readonly merger: TimeMerger | undefined;
  countedAt: number;
  /** Set when events came since losses were surely counted. */
  uncounted: boolean;
}

/** The buffers of a run and the calls that read them. */
export interface EventCalls {
  readonly handlers: Handlers<"ring_open" | "ring_close" | "ring_lost" | "poll">;
  /** Events that were lost, by buffer, for the line at the end. */
  listLosses(): readonly { readonly name: string; readonly lost: number }[];
  close(): void;
}

const PAGE_BYTES = 4096;
/** What stands before an event in a perf buffer. Units: bytes. Source: struct perf_event_header, and the length of raw data. */
const SAMPLE_HEADER_BYTES = 32;
/** A perf record is smaller: a batch with as much room left was not ended by one that found none. Units: bytes. */
const MAX_PERF_RECORD = 64 * 1024 + 16;
/** There are records, but it is not known yet what comes before them. */
const held = Symbol("held");
/** How often a ring is read to come to its end while events go on coming. */
const MAX_DRAINS = 8;
/** How often losses are counted while events come. Units: milliseconds. */
const COUNT_MS = 100;

/** Opens the calls for perf and ring buffers. */
export function openEventCalls(state: BridgeState, requireMap: (map: number) => OpenMap): EventCalls {
  const { port } = state;
  const rings = new Map<number, Ring>();
  const losses = new Map<string, number>();
  const room = new BatchRoom();
  const napper = openNapper();
  let lastId = 0;
  /** The ring that is read first: one after the other, so that none can fill every batch alone. */
  let firstRing = 0;

  const closeRing = (ring: Ring): void => {
    countLost(ring);
    rings.delete(ring.id);
    port.ringClose(ring.handle);
  };

  /** Counts what was lost. Where it need not be exact that happens now and then only: each CPU is interrupted to say its number, and programs' own counts are read from a map. */
  const countLost = (ring: Ring, isExact = true): void => {
    const now = performance.now();
    if (!isExact && now - ring.countedAt < COUNT_MS) return;
    ring.countedAt = now;
    const total = Math.max(port.ringLost(ring.handle), ring.countFailed());
    const fresh = Math.max(0, total - ring.lost);
    if (fresh > 0) {
      ring.lost = total;
      losses.set(ring.name, (losses.get(ring.name) ?? 0) + fresh);
    }
  };

  /** Reads into the batch. Undefined when it has no room left for the ring's next record. */
  const readRecords = (ring: Ring): Uint8Array | undefined => {
    for (;;) {
      const { records } = room;
      const size = port.ringRead(ring.handle, records);
      if (size !== errno.EMSGSIZE) return records.subarray(0, Math.max(0, size));
      if (!room.isEmpty) return undefined;
      room.reserve(records.length * 2);
    }
  };

  const readMerged = (ring: Ring, merger: TimeMerger): Uint8Array | undefined => {
    // Every CPU's ring must have been read to its end before an order is known.
    for (let i = 1; ; i++) {
      const records = readRecords(ring);
      if (records === undefined) return undefined;
      merger.add(records);
      const isDrained = room.records.length - records.length >= MAX_PERF_RECORD;
      if (isDrained || i === MAX_DRAINS) return merger.take(isDrained);
    }
  };

  /** Makes a section of what a ring has. Answers false when the batch has no room left for it. */
  const readRing = (ring: Ring): boolean => {
    if (room.isFull) return false;
    const records = ring.merger === undefined ? readRecords(ring) : readMerged(ring, ring.merger);
    if (records === undefined) return false;
    // A buffer that is found empty may stay so: what the script hears now is all that it hears for a while.
    countLost(ring, records.length === 0 && ring.uncounted);
    const lost = ring.lost - ring.told;
    ring.uncounted = records.length > 0;
    if (records.length === 0 && lost === 0) return true;
    ring.told = ring.lost;
    if (ring.writeRows !== undefined) writeOutput(state, ring.writeRows(records));
    room.addSection(ring.id, lost, records, ring.writeRows !== undefined);
    return true;
  };

  const readOrHold = (kind: RingKind | "any"): Uint8Array | typeof held | undefined => {
    const batch = readRings(kind);
    if (batch !== undefined) return batch;
    return [...rings.values()].some(
      (ring) => (kind === "any" || ring.kind === kind) && ring.merger?.holdsRecords() === true,
    )
      ? held
      : undefined;
  };

  const readRings = (kind: RingKind | "any"): Uint8Array | undefined => {
    const chosen = [...rings.values()].filter((ring) => kind === "any" || ring.kind === kind);
    room.clear();
    firstRing++;
    for (let i = 0; i < chosen.length; i++) if (!readRing(chosen[(firstRing + i) % chosen.length]!)) break;
    return room.isEmpty ? undefined : room.finish();
  };

  return {
    handlers: {
      ring_open({ map, kind, pages, name, byTime, rows }) {
        const target = requireMap(map);
        const writeRows = rows === null ? undefined : openRowWriter(name, target.event, rows);
        const eventBytes = target.event?.size ?? 0;
        if (kind === "perf" && eventBytes + SAMPLE_HEADER_BYTES > pages * PAGE_BYTES)
          throw new ArgumentError(
            `Cannot open perf buffer "${name}": an event has ${eventBytes} bytes and never fits into ${pages} page${pages === 1 ? "" : "s"}`,
            { hint: `give it more: { page_cnt: ${2 ** Math.ceil(Math.log2((4 * eventBytes) / PAGE_BYTES))} }` },
          );
        const handle =
          kind === "perf" ? port.perfBufferOpen(target.handle, pages, byTime) : port.ringBufferOpen(target.handle);
        if (handle < 0) {
          const message = `Cannot open ${kind === "perf" ? "perf" : "ring"} buffer "${name}" (${renderErrno(handle)})`;
          if (kind === "ring") throw new UnsupportedFeatureError("ringbuf", message, { since: "5.8" });
          throw new ArgumentError(message, { hint: `it was opened with ${pages} pages for each CPU: try fewer` });
        }
        const id = ++lastId;
        // Nobody listens to a perf buffer before it is open, so nothing was lost until then; a ring buffer keeps what comes.
        const before = kind === "perf" ? target.countFailedOutputs() : 0;
        const countFailed = (): number => target.countFailedOutputs() - before;
        const capacityBytes = kind === "perf" ? pages * PAGE_BYTES : target.maxEntries;
        rings.set(id, {
          id,
          name,
          kind,
          handle,
          capacityBytes,
          lost: 0,
          told: 0,
          countFailed,
          countedAt: performance.now(),
          uncounted: false,
          writeRows,
          merger: byTime ? openTimeMerger() : undefined,
        });
        return id;
      },
      ring_close({ ring }) {
        const found = rings.get(ring);
        if (found !== undefined) closeRing(found);
        return found?.lost ?? 0;
      },
      ring_lost({ ring }) {
        const found = rings.get(ring);
        if (found !== undefined) countLost(found);
        return found?.lost ?? 0;
      },
      poll({ kind, timeoutMs }) {
        const napMs = napper.findNap(Math.min(...[...rings.values()].map((ring) => ring.capacityBytes)));
        if (napMs > 0 && timeoutMs !== 0) port.wait(timeoutMs < 0 ? napMs : Math.min(napMs, timeoutMs), 0);
        const start = performance.now();
        const end = timeoutMs < 0 ? Infinity : start + timeoutMs;
        let batch: Uint8Array | typeof held | undefined = held;
        for (
          let left = timeoutMs;
          batch === held;
          left = end === Infinity ? -1 : Math.max(0, end - performance.now())
        ) {
          batch = state.waiter.waitFor(left, waitSources.rings, () => readOrHold(kind));
          if (batch === held) port.wait(HOLD_MS, 0);
        }
        if (batch !== undefined) napper.notePoll(performance.now() - start, room.isLarge);
        return batch;
      },
    },
    listLosses() {
      for (const ring of rings.values()) countLost(ring);
      return [...losses].map(([name, lost]) => ({ name, lost }));
    },
    close() {
      for (const ring of rings.values()) closeRing(ring);
    },
  };
}
