import type { Codec } from "./codec.ts";
import { callHost } from "./host.ts";
import type { RingKind } from "./protocol.ts";
import { block } from "./timers.ts";

/** Called for each event. Shape: `event` is a copy and may be kept; `size` is what the program submitted, in bytes. */
export type EventCallback<Event> = (event: Event, cpu: number, size: number) => unknown;

/** A buffer that is open and whose events go to a callback. */
export interface OpenRing {
  readonly id: number;
  readonly kind: RingKind;
  /** The table that it belongs to. */
  readonly table: object;
  /** Undefined where the event's type is not known: the callback gets bytes. */
  readonly codec: Codec | undefined;
  readonly callback: EventCallback<unknown>;
  readonly lostCallback: ((lost: number) => void) | undefined;
  lost: number;
}

const rings = new Map<number, OpenRing>();

/** Starts handing the events of a ring to its callback. */
export function openRing(ring: OpenRing): OpenRing {
  rings.set(ring.id, ring);
  return ring;
}

/** Ends it; events that were fetched already are dropped. */
export function closeRing(ring: OpenRing): void {
  if (rings.delete(ring.id)) callHost("ring_close", { ring: ring.id });
}

/** Ends all rings of a program. */
export function closeRings(owned: (ring: OpenRing) => boolean): void {
  for (const ring of [...rings.values()]) if (owned(ring)) closeRing(ring);
}

/**
 * Waits until events come or the time is over, and hands all that are there to their callbacks.
 * Units: milliseconds, -1 waits for ever, 0 takes what is there. Answers how many events came.
 *
 * @throws Interrupt at a signal
 */
export function pollRings(kind: RingKind | "any", timeoutMs: number): number {
  // What a callback that threw left over comes first.
  if (delivery !== undefined) return deliver(delivery);
  const batch = block(timeoutMs, (waitMs) => callHost("poll", { kind, timeoutMs: waitMs }));
  if (batch === undefined) return 0;
  delivery = openDelivery(batch.buffer as ArrayBuffer);
  return deliver(delivery);
}

const SECTION_HEADER = 16;
const RECORD_HEADER = 8;

/** A batch on its way to the callbacks. It survives a callback that throws, so that the events behind it are not lost. */
interface Delivery {
  readonly buffer: ArrayBuffer;
  readonly words: Uint32Array;
  at: number;
  sectionEnd: number;
  ring: OpenRing | undefined;
  read: ((offset: number) => unknown) | undefined;
}

let delivery: Delivery | undefined;

function openDelivery(buffer: ArrayBuffer): Delivery {
  return { buffer, words: new Uint32Array(buffer, 0, buffer.byteLength >> 2), at: 0, sectionEnd: 0, ring: undefined, read: undefined };
}

function deliver(batch: Delivery): number {
  let count = 0;
  while (batch.at < batch.buffer.byteLength) {
    if (batch.at >= batch.sectionEnd) openSection(batch);
    count += deliverSection(batch);
  }
  if (delivery === batch) delivery = undefined;
  return count;
}

function openSection(batch: Delivery): void {
  const word = batch.at >> 2;
  const ring = rings.get(batch.words[word]!);
  const lost = batch.words[word + 1]!;
  batch.at += SECTION_HEADER;
  batch.sectionEnd = batch.at + batch.words[word + 2]!;
  batch.ring = ring;
  batch.read = ring?.codec?.bind(batch.buffer);
  if (ring === undefined || lost === 0) return;
  ring.lost += lost;
  ring.lostCallback?.(lost);
}

function deliverSection(batch: Delivery): number {
  const { buffer, words, ring, read, sectionEnd } = batch;
  if (ring === undefined) {
    batch.at = sectionEnd;
    return 0;
  }
  const { callback, codec } = ring;
  const wanted = codec?.size ?? 0;
  let count = 0;
  while (batch.at < sectionEnd && batch.sectionEnd === sectionEnd) {
    const word = batch.at >> 2;
    const size = words[word]!;
    const cpu = words[word + 1]!;
    const data = batch.at + RECORD_HEADER;
    batch.at = data + ((size + 7) & ~7);
    count++;
    // A record may be shorter than its struct: a program may submit only the part that it filled.
    if (read === undefined) callback(new Uint8Array(buffer, data, size).slice(), cpu, size);
    else if (size >= wanted) callback(read(data), cpu, size);
    else callback(codec!.decode(padRecord(buffer, data, size, wanted)), cpu, size);
    if (!rings.has(ring.id)) batch.at = sectionEnd;
  }
  return count;
}

function padRecord(buffer: ArrayBuffer, at: number, size: number, wanted: number): Uint8Array {
  const bytes = new Uint8Array(wanted);
  bytes.set(new Uint8Array(buffer, at, size));
  return bytes;
}
