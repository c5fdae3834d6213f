import { readClock } from "../../base/clock.ts";
import { UnsupportedFeatureError, ArgumentError } from "../../base/errors.ts";
import type { RingKind } from "../../../sdk/wire/protocol.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import { waitSources } from "../../kernel/door/port.ts";
import type { Handle } from "../../kernel/door/port.ts";
import { BatchRoom } from "./batch-room.ts";
import type { OpenMap } from "./bridge-program.ts";
import type { BridgeState, Handlers } from "./bridge-state.ts";
import { writeOutput } from "./bridge-system.ts";
import { LossGauge } from "./loss-gauge.ts";
import { openNapper } from "../wait/nap.ts";
import { openRowWriter } from "./row-writer.ts";
import type { RowWriter } from "./row-writer.ts";
import { HOLD_MS, openTimeMerger, packRecords, sortByTime, splitTimedRecords } from "./time-merger.ts";
import type { TimedRecord } from "./time-merger.ts";

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
  /** Those of them that came before the batch that the script has now. */
  lostBefore: number;
  /** Outputs that failed while it was open, by CPU, as the dialect counts them: the kernel's own count lacks those that no record followed. */
  listFailed(): readonly number[];
  readonly gauge: LossGauge;
  /** Set when the host writes the events' rows itself. */
  readonly writeRows: RowWriter | undefined;
  /** Whether its events wait until nothing earlier can follow. */
  readonly byTime: boolean;
  countedAt: number;
  /** Set when events came since losses were surely counted. */
  uncounted: boolean;
}

/** Events that were lost of the buffers of one name. */
export interface Loss {
  readonly name: string;
  readonly lost: number;
  /** Where and why, as the second half of a sentence. */
  readonly cause: string;
}

/** The buffers of a run and the calls that read them. */
export interface EventCalls {
  readonly handlers: Handlers<"ring_open" | "ring_close" | "ring_lost" | "explain_loss" | "poll">;
  /** The script has all the events that the user wants: what is lost behind them is nobody's loss. */
  stopCounting(): void;
  /** Events that were lost, by buffer, for the line at the end. */
  listLosses(): readonly Loss[];
  /** Whether the script has opened a buffer. */
  wereOpened(): boolean;
  close(): void;
}

const PAGE_BYTES = 4096;
/** What stands around an event in a perf buffer. Units: bytes. Source: struct perf_event_header, the time, and the length of raw data. */
const SAMPLE_HEADER_BYTES = 40;
const noRecords = new Uint8Array(0);
/** A perf record is smaller: a batch with as much room left was not ended by one that found none. Units: bytes. */
const MAX_PERF_RECORD = 64 * 1024 + 16;
/** There are records, but it is not known yet what comes before them. */
const held = Symbol("held");
/** How often a ring is read to come to its end while events go on coming. */
const MAX_DRAINS = 8;
/** What is read at once of a ring while its records are put in order. Units: bytes. */
const CALM_READ_BYTES = 32 * 1024;
/** How often losses are counted while events come. Units: milliseconds. */
const COUNT_MS = 100;

/** Opens the calls for perf and ring buffers. */
export function openEventCalls(state: BridgeState, requireMap: (map: number) => OpenMap): EventCalls {
  const { port } = state;
  const rings = new Map<number, Ring>();
  const losses = new Map<string, number>();
  const causes = new Map<string, string>();
  const room = new BatchRoom();
  const napper = openNapper();
  let lastId = 0;
  /** The ring that is read first: one after the other, so that none can fill every batch alone. */
  let firstRing = 0;
  /** One order for all buffers that want one. */
  const merger = openTimeMerger<Ring>();
  /** Whether the user still wants to hear of losses. */
  let isCounting = true;
  /** Whether the last batch was so small that putting records in order costs nothing. */
  let isCalm = true;

  const explain = (ring: Ring): void => {
    if (ring.lost > 0) causes.set(ring.name, ring.gauge.explain(ring.listFailed()));
  };

  const closeRing = (ring: Ring): void => {
    ring.gauge.note(noRecords, false, countLost(ring).lost, false, true);
    explain(ring);
    if (ring.byTime) merger.drop(ring);
    rings.delete(ring.id);
    port.ringClose(ring.handle);
  };

  const smallestRing = (): number => Math.min(...[...rings.values()].map((ring) => ring.capacityBytes));

  /** Counts what was lost. Where it need not be exact that happens now and then only: each CPU is interrupted to say its number, and programs' own counts are read from a map. */
  const countLost = (ring: Ring, isExact = true): { readonly lost: number; readonly isCounted: boolean } => {
    const now = readClock();
    if (!isCounting) return { lost: 0, isCounted: true };
    if (!isExact && now - ring.countedAt < COUNT_MS) return { lost: 0, isCounted: false };
    ring.countedAt = now;
    const total = Math.max(port.ringLost(ring.handle), sum(ring.listFailed()));
    const fresh = Math.max(0, total - ring.lost);
    if (fresh > 0) {
      ring.lost = total;
      losses.set(ring.name, (losses.get(ring.name) ?? 0) + fresh);
    }
    return { lost: fresh, isCounted: true };
  };

  /** Reads into the batch. Undefined when it has no room left for the ring's next record. */
  const readRecords = (ring: Ring, timed: boolean): Uint8Array | undefined => {
    for (;;) {
      const { records } = room;
      const size = port.ringRead(ring.handle, records, timed);
      if (size !== errno.EMSGSIZE) return records.subarray(0, Math.max(0, size));
      if (!room.isEmpty) return undefined;
      room.reserve(records.length * 2);
    }
  };

  /** Counts what a ring has lost after it was read. A buffer that is found empty may stay so: what the script hears now is all that it hears for a while. */
  const noteRead = (ring: Ring, records: Uint8Array, timed: boolean, isEmpty: boolean): void => {
    // Where the script may have enough with any batch, it must be known what was lost before it.
    const isExact = state.maxEvents !== undefined || (records.length === 0 && ring.uncounted);
    const { lost, isCounted } = countLost(ring, isExact);
    ring.gauge.note(records, timed, lost, isEmpty || records.length === 0, isCounted);
    ring.uncounted = records.length > 0;
  };

  /** Makes a section of what a ring has lost, and of records. */
  const addRecords = (ring: Ring, records: Uint8Array): void => {
    const lost = ring.lost - ring.told;
    if (records.length === 0 && lost === 0) return;
    ring.told = ring.lost;
    state.noteRecords?.(ring.id, lost, records);
    if (ring.writeRows !== undefined) writeOutput(state, ring.writeRows(records));
    room.addSection(ring.id, lost, records, ring.writeRows !== undefined);
  };

  /** Makes a section of what a ring has. Answers false when the batch has no room left for it. */
  const readRing = (ring: Ring): boolean => {
    const records = room.isFull ? undefined : readRecords(ring, false);
    if (records === undefined) return false;
    noteRead(ring, records, false, room.records.length - records.length >= MAX_PERF_RECORD);
    addRecords(ring, records);
    return true;
  };

  /** Reads all that a ring has into the merger. Answers whether it came to the end. */
  const readMerged = (ring: Ring): boolean => {
    // Every CPU's ring must have been read to its end before an order is known.
    for (let i = 1; ; i++) {
      const records = readRecords(ring, true) ?? noRecords;
      merger.add(splitTimedRecords(ring, records));
      noteRead(ring, records, true, room.records.length - records.length >= MAX_PERF_RECORD);
      if (room.records.length - records.length >= MAX_PERF_RECORD) return true;
      if (i === MAX_DRAINS) return false;
    }
  };

  /** Reads a part of what a ring has. Answers whether that was little. */
  const readCalm = (ring: Ring, into: TimedRecord<Ring>[]): boolean => {
    const place = room.records.subarray(0, CALM_READ_BYTES);
    const size = Math.max(0, port.ringRead(ring.handle, place, true));
    for (const record of splitTimedRecords(ring, place.subarray(0, size))) into.push(record);
    noteRead(ring, place.subarray(0, size), true, size < CALM_READ_BYTES / 2);
    return size > 0 && size < CALM_READ_BYTES / 2;
  };

  /** Makes sections of records in the order of their times, one for each run of records of one ring. */
  const addInOrder = (records: TimedRecord<Ring>[]): void => {
    sortByTime(records);
    for (let at = 0, end = 0; at < records.length; at = end) {
      const { source } = records[at]!;
      while (records[end]?.source === source) end++;
      addRecords(source, packRecords(records.slice(at, end)));
    }
  };

  const readOrHold = (kind: RingKind | "any"): Uint8Array | typeof held | undefined => {
    const batch = readRings(kind);
    if (batch !== undefined) return batch;
    return kind !== "ring" && merger.holdsRecords() ? held : undefined;
  };

  const readRings = (kind: RingKind | "any"): Uint8Array | undefined => {
    const chosen = [...rings.values()].filter((ring) => kind === "any" || ring.kind === kind);
    room.clear();
    firstRing++;
    const merged = chosen.filter(({ byTime }) => byTime);
    const areDrained = merged.map(readMerged).every(Boolean);
    const inOrder = merged.length > 0 ? [...merger.take(areDrained)] : [];
    const rest: Ring[] = [];
    for (let i = 0; i < chosen.length; i++) {
      const ring = chosen[(firstRing + i) % chosen.length]!;
      if (!ring.byTime && !(isCalm && ring.kind === "perf" && readCalm(ring, inOrder))) rest.push(ring);
    }
    addInOrder(inOrder);
    for (const ring of merged) addRecords(ring, noRecords);
    for (const ring of rest) if (!readRing(ring)) break;
    isCalm = room.isSmall;
    return room.isEmpty ? undefined : room.finish();
  };

  return {
    handlers: {
      ring_open({ map, kind, pages, name, byTime, rows }) {
        const target = requireMap(map);
        const rowWriter = rows === null ? undefined : openRowWriter(name, target.event, rows, state.log);
        const writeRows = rows?.byScript === true ? undefined : rowWriter;
        const eventBytes = target.event?.size ?? 0;
        if (kind === "perf" && eventBytes + SAMPLE_HEADER_BYTES > pages * PAGE_BYTES)
          throw new ArgumentError(
            `Cannot open perf buffer "${name}": an event has ${eventBytes} bytes and never fits into ${pages} page${pages === 1 ? "" : "s"}`,
            { hint: `give it more: { page_cnt: ${2 ** Math.ceil(Math.log2((4 * eventBytes) / PAGE_BYTES))} }` },
          );
        const handle = kind === "perf" ? port.perfBufferOpen(target.handle, pages) : port.ringBufferOpen(target.handle);
        if (handle < 0) {
          const message = `Cannot open ${kind === "perf" ? "perf" : "ring"} buffer "${name}" (${renderErrno(handle)})`;
          if (kind === "ring") throw new UnsupportedFeatureError("ringbuf", message, { since: "5.8" });
          throw new ArgumentError(message, { hint: `it was opened with ${pages} pages for each CPU: try fewer` });
        }
        const id = ++lastId;
        // Nobody listens to a perf buffer before it is open, so nothing was lost until then; a ring buffer keeps what comes.
        const before = kind === "perf" ? target.listFailedOutputs() : [];
        const listFailed = (): readonly number[] =>
          target.listFailedOutputs().map((failed, cpu) => failed - (before[cpu] ?? 0));
        const capacityBytes = kind === "perf" ? pages * PAGE_BYTES : target.maxEntries;
        rings.set(id, {
          id,
          name,
          kind,
          handle,
          capacityBytes,
          lost: 0,
          told: 0,
          lostBefore: 0,
          listFailed,
          gauge: new LossGauge({ name, kind, pages: capacityBytes / PAGE_BYTES, eventBytes }),
          countedAt: readClock(),
          uncounted: false,
          writeRows,
          byTime,
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
        if (found !== undefined) found.gauge.note(noRecords, false, countLost(found).lost, false, true);
        return found?.lost ?? 0;
      },
      explain_loss({ ring }) {
        const found = rings.get(ring);
        return found === undefined || found.lost === 0 ? null : found.gauge.describe(found.listFailed());
      },
      poll({ kind, timeoutMs }) {
        state.noteBatch(false);
        for (const ring of rings.values()) ring.lostBefore = ring.lost;
        const end = timeoutMs < 0 ? Infinity : readClock() + timeoutMs;
        const findLeft = (): number => (end === Infinity ? -1 : Math.max(0, end - readClock()));
        const nap = timeoutMs === 0 ? undefined : napper.findNap(smallestRing());
        if (nap !== undefined) port.wait(Math.min(nap.ms, timeoutMs < 0 ? nap.ms : timeoutMs), 0, nap.lookMs);
        let batch: Uint8Array | typeof held | undefined = held;
        for (let left = findLeft(); batch === held; left = findLeft()) {
          batch = state.waiter.waitFor(left, waitSources.rings, () => readOrHold(kind));
          if (batch === held) port.wait(HOLD_MS, 0);
        }
        if (batch !== undefined) napper.notePoll(room.isLarge);
        state.noteBatch(batch !== undefined);
        return batch;
      },
    },
    stopCounting() {
      isCounting = false;
      for (const ring of rings.values()) {
        const left = (losses.get(ring.name) ?? 0) - (ring.lost - ring.lostBefore);
        ring.lost = ring.lostBefore;
        if (left > 0) losses.set(ring.name, left);
        else losses.delete(ring.name);
      }
    },
    listLosses() {
      for (const ring of rings.values()) {
        ring.gauge.note(noRecords, false, countLost(ring).lost, false, true);
        explain(ring);
      }
      return [...losses].map(([name, lost]) => ({ name, lost, cause: causes.get(name) ?? "" }));
    },
    wereOpened: () => lastId > 0,
    close() {
      for (const ring of rings.values()) closeRing(ring);
    },
  };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
