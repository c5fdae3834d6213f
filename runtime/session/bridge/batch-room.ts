import { alignUp } from "../../../sdk/wire/protocol.ts";

/** What a batch takes of the guest's memory, unless one record is larger. Units: bytes. */
const ROOM_BYTES = 512 * 1024;
const SECTION_HEADER = 16;
const noRecords = new Uint8Array(0);
/** Below it batches are so far apart that a little work on each costs nothing. Units: bytes. */
const SMALL_BYTES = 4096;
/** Sizes that batches cross in. Units: bytes. */
const CROSSING_BYTES = [4, 16, 64, 256].map((kib) => kib * 1024);

/**
 * Where batches are put together: sections of records, as `poll` of `sdk/wire/protocol.ts` says. The memory is used again and again: made anew for each
 * batch, it would wait for the garbage collector by the megabyte.
 */
export class BatchRoom {
  private room: Uint8Array<ArrayBuffer> = new Uint8Array(ROOM_BYTES);
  private readonly crossings = new Map<number, Uint8Array<ArrayBuffer>>();
  private used = 0;
  private readBytes = 0;

  /** Begins a new batch. */
  clear(): void {
    this.used = 0;
    this.readBytes = 0;
    if (this.room.length > ROOM_BYTES) this.room = new Uint8Array(ROOM_BYTES);
  }

  get isEmpty(): boolean {
    return this.used === 0;
  }

  /** Whether so much was read at once that the next batch is worth fetching without delay. */
  get isLarge(): boolean {
    return this.readBytes > ROOM_BYTES / 2;
  }

  /** Whether little was read. */
  get isSmall(): boolean {
    return this.readBytes < SMALL_BYTES;
  }

  /** Whether not even a section without records fits. */
  get isFull(): boolean {
    return this.used + SECTION_HEADER > this.room.length;
  }

  /** Where the records of the next section go. */
  get records(): Uint8Array {
    return this.room.subarray(this.used + SECTION_HEADER);
  }

  /** Sees to it that records of so many bytes find room. What `records` answered before is no longer part of it. */
  reserve(recordBytes: number): void {
    if (this.records.length >= recordBytes) return;
    const grown = new Uint8Array(alignUp(this.used + SECTION_HEADER + recordBytes));
    grown.set(this.room.subarray(0, this.used));
    this.room = grown;
  }

  /** Makes a section of records that were read, which may stand in `records` already. Those that the host has `written` itself stay behind. */
  addSection(ring: number, lost: number, read: Uint8Array, written: boolean): void {
    this.readBytes += read.length;
    const records = written ? noRecords : read;
    this.reserve(records.length);
    const place = this.used + SECTION_HEADER;
    if (records.buffer !== this.room.buffer && records.length > 0) this.room.set(records, place);
    const view = new DataView(this.room.buffer, this.used, SECTION_HEADER);
    view.setUint32(0, ring, true);
    view.setUint32(4, Math.min(lost, 0xffffffff), true);
    view.setUint32(8, records.length, true);
    this.used = place + records.length;
  }

  /** The batch, in an array of its own that is good until the next one; what follows on the last section begins with zeros. */
  finish(): Uint8Array {
    if (this.room.length > ROOM_BYTES) return this.room.slice(0, this.used);
    const size = CROSSING_BYTES.find((bytes) => this.used <= bytes) ?? this.room.length;
    let crossing = this.room;
    if (size < this.room.length) {
      crossing = this.crossings.get(size) ?? new Uint8Array(size);
      this.crossings.set(size, crossing);
      crossing.set(this.room.subarray(0, this.used));
    }
    crossing.fill(0, this.used, this.used + SECTION_HEADER);
    return crossing;
  }
}
