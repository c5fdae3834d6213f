import { Interrupt, makeArgumentError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import type { LossReply } from "../wire/loss-reply.ts";
import type { RingKind } from "../wire/protocol.ts";
import type { RecordCursor, RecordWalk } from "../codec/record-walk.ts";
import { isEventLimitReached } from "../print/shown-events.ts";
import { block } from "../time/wait.ts";

/**
 * Called for each event. Shape: `event` is a copy and may be kept; `size` is what the program submitted, in bytes.
 *
 * @example
 * import { print, type EventCallback } from "bpfts";
 * const show: EventCallback<{ readonly pid: number }> = ({ pid }, cpu) => print(`${pid} on CPU ${cpu}`);
 * show({ pid: 1 }, 0, 8); // 1 on CPU 0
 */
export type EventCallback<Event> = (event: Event, cpu: number, size: number) => unknown;

/** A buffer that is open and whose events go to a callback. */
export interface OpenRing {
  readonly id: number;
  readonly kind: RingKind;
  /** The table that it belongs to. */
  readonly table: { readonly name: string };
  /** Makes the walk through a batch. */
  readonly bindWalk: (buffer: ArrayBuffer) => RecordWalk;
  readonly callback: EventCallback<unknown>;
  readonly lostCallback: ((lost: number) => void) | undefined;
  readonly closeCallback: (() => void) | undefined;
  /** Events that were lost while it was open, once it is closed. */
  lost: number | undefined;
}

const rings = new Map<number, OpenRing>();

/** Starts handing the events of a ring to its callback. */
export function openRing(ring: OpenRing): OpenRing {
  rings.set(ring.id, ring);
  return ring;
}

/** Ends it; events that were fetched already are dropped. */
export function closeRing(ring: OpenRing): void {
  for (const delivery of deliveries) if (delivery.ring === ring) skipRecords(delivery);
  if (!rings.delete(ring.id)) return;
  ring.lost = callHost("ring_close", { ring: ring.id });
  ring.closeCallback?.();
}

/** How many events of a ring were lost until now, or until it was closed. */
export function countLost(ring: OpenRing): number {
  return ring.lost ?? callHost("ring_lost", { ring: ring.id });
}

/** Why records were lost until now; undefined when none were, when it is closed, and for a recording that does not tell. */
export function explainLoss(ring: OpenRing): LossReply | undefined {
  try {
    return callHost("explain_loss", { ring: ring.id }) ?? undefined;
  } catch (error) {
    if (error instanceof Interrupt) throw error;
    return undefined;
  }
}

/** Ends all rings of a program. */
export function closeRings(owned: (ring: OpenRing) => boolean): void {
  for (const ring of [...rings.values()]) if (owned(ring)) closeRing(ring);
}

/**
 * Waits until events come or the time is over, and hands all that are there to their callbacks. A wait without end is also over when `isOver` says so:
 * a timer or a promise may close, during the wait, what would have ended it.
 * Units: milliseconds, -1 waits for ever, 0 takes what is there. Answers whether any came.
 *
 * @throws Interrupt at a signal, when what came before it has been handed over; BpfError when nothing is open that could ever end a wait without end
 */
export function pollRings(
  kind: RingKind | "any",
  timeoutMs: number,
  isOver = (): boolean => !haveOpenRing(kind),
): boolean {
  // What a callback that threw left over comes first.
  if (deliveries.length === 0) {
    if (timeoutMs < 0 && kind !== "any") requireOpenRing(kind);
    try {
      const batch = block<Uint8Array | "over">(timeoutMs, (waitMs, events) =>
        timeoutMs < 0 && isOver() ? "over" : callHost("poll", { kind: events ? "any" : kind, timeoutMs: waitMs }),
      );
      if (batch !== "over") note(batch);
    } catch (error) {
      if (error instanceof Interrupt) takeRest();
      throw error;
    }
  }
  return deliver();
}

/** Whether a buffer is open: nothing else ever brings events. */
export function haveOpenRing(kind: RingKind | "any"): boolean {
  for (const ring of rings.values()) if (kind === "any" || ring.kind === kind) return true;
  return false;
}

function requireOpenRing(kind: RingKind): void {
  if (haveOpenRing(kind)) return;
  const [other] = [...rings.values()];
  const hint =
    other === undefined
      ? `open one before: b.get_table(…).open_${kind}_buffer(callback)`
      : `"${other.table.name}" is a ${other.kind} buffer: use ${other.kind}_buffer_poll()`;
  throw makeArgumentError(`Cannot wait for events of a ${kind} buffer: none is open`, hint);
}

/** Hands all that is there to its callbacks, without a turn for anything else. Answers whether any came. @throws Interrupt at a signal */
export function takeEvents(): boolean {
  if (deliveries.length === 0) note(callHost("poll", { kind: "any", timeoutMs: 0 }));
  return deliver();
}

/** A source that never rests must not hold up the end. Units: milliseconds. */
const LONGEST_REST_MS = 250;

/** Hands over what came before a signal: who waits for events hears of the signal first. */
export function takeRest(): void {
  const end = Date.now() + LONGEST_REST_MS;
  while (!isEventLimitReached() && haveOpenRing("any") && takeEvents() && Date.now() < end);
}

/** Drops all that was fetched: the user wants no more of it. */
export function dropFetched(): void {
  for (const delivery of deliveries) delivery.at = delivery.end = delivery.buffer.byteLength;
}

const SECTION_HEADER = 16;

/** A batch on its way to the callbacks. It survives a callback that throws, so that the events behind it are not lost. */
interface Delivery extends RecordCursor {
  readonly buffer: ArrayBuffer;
  readonly words: Uint32Array;
  /** The ring whose section it stands in; undefined for a ring that was closed. */
  ring: OpenRing | undefined;
  walk: RecordWalk;
}

/** The oldest first. There are several when a promise polled, and its callback threw, while somebody else waited for the next one. */
const deliveries: Delivery[] = [];

function note(batch: Uint8Array | undefined): void {
  if (batch === undefined) return;
  const buffer = batch.buffer as ArrayBuffer;
  const words = new Uint32Array(buffer, 0, buffer.byteLength >> 2);
  deliveries.push({ buffer, words, at: 0, end: 0, ring: undefined, walk: skipRecords });
}

/** Hands over all that was fetched. Answers whether there was anything. */
function deliver(): boolean {
  if (deliveries.length === 0) return false;
  for (let batch = deliveries[0]; batch !== undefined; batch = deliveries[0]) {
    if (batch.at < batch.end) {
      batch.walk(batch, batch.ring?.callback ?? skipRecords);
    } else if (batch.at < batch.buffer.byteLength) {
      openSection(batch);
    } else {
      // A callback that polled may have come to its end before.
      const index = deliveries.indexOf(batch);
      if (index >= 0) deliveries.splice(index, 1);
    }
  }
  return true;
}

function openSection(batch: Delivery): void {
  const word = batch.at >> 2;
  const id = batch.words[word]!;
  if (id === 0) {
    batch.at = batch.end = batch.buffer.byteLength;
    return;
  }
  const ring = rings.get(id);
  const lost = batch.words[word + 1]!;
  batch.at += SECTION_HEADER;
  batch.end = batch.at + batch.words[word + 2]!;
  batch.ring = ring;
  batch.walk = ring === undefined ? skipRecords : ring.bindWalk(batch.buffer);
  if (ring === undefined || lost === 0) return;
  ring.lostCallback?.(lost);
}

function skipRecords(cursor: unknown): void {
  (cursor as RecordCursor).at = (cursor as RecordCursor).end;
}
