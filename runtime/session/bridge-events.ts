import { UnsupportedFeatureError, UsageError } from "../base/errors.ts";
import type { RingKind } from "../../sdk/protocol.ts";
import { renderErrno } from "../kernel/errno.ts";
import { waitSources } from "../kernel/port.ts";
import type { Handle } from "../kernel/port.ts";
import type { OpenMap } from "./bridge-program.ts";
import type { BridgeState, Handlers } from "./bridge-state.ts";
import { writeOutput } from "./bridge-system.ts";
import { openRowWriter } from "./row-writer.ts";
import type { RowWriter } from "./row-writer.ts";
import { HOLD_MS, openTimeMerger } from "./time-merger.ts";
import type { TimeMerger } from "./time-merger.ts";

interface Ring {
  readonly id: number;
  readonly name: string;
  readonly kind: RingKind;
  readonly handle: Handle;
  /** Losses that the script has been told of. */
  lost: number;
  /** Outputs that failed, as the dialect counts them: the kernel's own count lacks those that no record followed. */
  countFailed(): number;
  failed: number;
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
  readonly handlers: Handlers<"ring_open" | "ring_close" | "poll">;
  /** Events that were lost, by buffer, for the line at the end. */
  listLosses(): readonly { readonly name: string; readonly lost: number }[];
  close(): void;
}

/** One batch stays small beside the guest's memory. Units: bytes of one ring, and of all. */
const MAX_RING_BYTES = 512 * 1024;
const MAX_BATCH_BYTES = 1024 * 1024;
const SECTION_HEADER = 16;
const noRecords = new Uint8Array(0);
/** There are records, but it is not known yet what comes before them. */
const held = Symbol("held");
/** How often a ring is read to come to its end while events go on coming. */
const MAX_DRAINS = 8;
/** How often losses are counted while events come. Units: milliseconds. */
const COUNT_MS = 100;
/** This many polls that each follow on the last within this time are a stream. Units: milliseconds. */
const STREAM_MS = 0.5;
const STREAM_POLLS = 8;
/** What an event may be late under a stream. Units: milliseconds. */
const NAP_MS = 1;

/** Opens the calls for perf and ring buffers. */
export function openEventCalls(state: BridgeState, requireMap: (map: number) => OpenMap): EventCalls {
  const { port } = state;
  const rings = new Map<number, Ring>();
  const losses = new Map<string, number>();
  let lastId = 0;
  let polledAt = -Infinity;
  let quickPolls = 0;

  const closeRing = (ring: Ring): void => {
    countLost(ring);
    rings.delete(ring.id);
    port.ringClose(ring.handle);
  };

  /** Events lost since the last time this was asked. What programs count is read now and then only, and at the end. */
  const countLost = (ring: Ring, isEnd = true): number => {
    const now = performance.now();
    if (isEnd || now - ring.countedAt >= COUNT_MS) {
      ring.countedAt = now;
      ring.failed = ring.countFailed();
    }
    const total = Math.max(port.ringLost(ring.handle), ring.failed);
    const fresh = Math.max(0, total - ring.lost);
    if (fresh > 0) {
      ring.lost = total;
      losses.set(ring.name, (losses.get(ring.name) ?? 0) + fresh);
    }
    return fresh;
  };

  const readRing = ({ handle, merger }: Ring): Uint8Array => {
    const read = (): Uint8Array => {
      const records = port.ringRead(handle, MAX_RING_BYTES);
      return typeof records === "number" ? noRecords : records;
    };
    if (merger === undefined) return read();
    // Every CPU's ring must have been read to its end before an order is known.
    let records = read();
    for (let i = 0; i < MAX_DRAINS && records.length >= MAX_RING_BYTES; i++, records = read()) merger.add(records);
    merger.add(records);
    return merger.take(records.length < MAX_RING_BYTES);
  };

  const readOrHold = (kind: RingKind | "any"): Uint8Array | typeof held | undefined => {
    const batch = readRings(kind);
    if (batch !== undefined) return batch;
    return [...rings.values()].some((ring) => (kind === "any" || ring.kind === kind) && ring.merger?.holdsRecords() === true) ? held : undefined;
  };

  const readRings = (kind: RingKind | "any"): Uint8Array | undefined => {
    const sections: { ring: Ring; lost: number; records: Uint8Array }[] = [];
    let total = 0;
    for (const ring of rings.values()) {
      if ((kind !== "any" && ring.kind !== kind) || total >= MAX_BATCH_BYTES) continue;
      const bytes = readRing(ring);
      // A buffer that is found empty may stay so: what the script hears now is all that it hears for a while.
      const lost = countLost(ring, bytes.length === 0 && ring.uncounted);
      ring.uncounted = bytes.length > 0;
      if (bytes.length === 0 && lost === 0) continue;
      if (ring.writeRows !== undefined) writeOutput(state, ring.writeRows(bytes));
      const crossing = ring.writeRows === undefined ? bytes : noRecords;
      sections.push({ ring, lost, records: crossing });
      total += SECTION_HEADER + crossing.length;
    }
    return sections.length === 0 ? undefined : packSections(sections, total);
  };

  return {
    handlers: {
      ring_open({ map, kind, pages, name, byTime, rows }) {
        const target = requireMap(map);
        const writeRows = rows === null ? undefined : openRowWriter(name, target.event, rows);
        const handle = kind === "perf" ? port.perfBufferOpen(target.handle, pages, byTime) : port.ringBufferOpen(target.handle);
        if (handle < 0) {
          const message = `Cannot open ${kind === "perf" ? "perf" : "ring"} buffer "${name}" (${renderErrno(handle)})`;
          if (kind === "ring") throw new UnsupportedFeatureError("ringbuf", message, { since: "5.8" });
          throw new UsageError(message, { hint: `it was opened with ${pages} pages for each CPU: try fewer` });
        }
        const id = ++lastId;
        // Nobody listens to a perf buffer before it is open, so nothing was lost until then; a ring buffer keeps what comes.
        const before = kind === "perf" ? target.countFailedOutputs() : 0;
        const countFailed = (): number => target.countFailedOutputs() - before;
        rings.set(id, { id, name, kind, handle, lost: 0, countFailed, failed: 0, countedAt: performance.now(), uncounted: false, writeRows, merger: byTime ? openTimeMerger() : undefined });
        return id;
      },
      ring_close({ ring }) {
        const found = rings.get(ring);
        if (found !== undefined) closeRing(found);
        return null;
      },
      poll({ kind, timeoutMs }) {
        // Under a stream of events each wake-up would bring one of them: a short nap between polls brings a batch.
        quickPolls = performance.now() - polledAt < STREAM_MS ? quickPolls + 1 : 0;
        if (quickPolls >= STREAM_POLLS && timeoutMs !== 0) port.wait(NAP_MS, 0);
        const end = timeoutMs < 0 ? Infinity : performance.now() + timeoutMs;
        let batch: Uint8Array | typeof held | undefined = held;
        for (let left = timeoutMs; batch === held; left = end === Infinity ? -1 : Math.max(0, end - performance.now())) {
          batch = state.waiter.waitFor(left, waitSources.rings, () => readOrHold(kind));
          if (batch === held) port.wait(HOLD_MS, 0);
        }
        polledAt = performance.now();
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

function packSections(sections: readonly { ring: Ring; lost: number; records: Uint8Array }[], total: number): Uint8Array {
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { ring, lost, records } of sections) {
    view.setUint32(at, ring.id, true);
    view.setUint32(at + 4, Math.min(lost, 0xffffffff), true);
    view.setUint32(at + 8, records.length, true);
    bytes.set(records, at + SECTION_HEADER);
    at += SECTION_HEADER + records.length;
  }
  return bytes;
}
