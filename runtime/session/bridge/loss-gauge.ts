import { readClock } from "../../base/clock.ts";
import { alignUp } from "../../../sdk/wire/protocol.ts";
import type { LossReply } from "../../../sdk/wire/loss-reply.ts";
import type { RingKind } from "../../../sdk/wire/protocol.ts";

/** A buffer whose losses are explained. */
export interface GaugedRing {
  readonly name: string;
  readonly kind: RingKind;
  /** Pages of it, of each CPU for perf buffers. */
  readonly pages: number;
  /** What a program submits at once; 0 where the C text does not tell. Units: bytes. */
  readonly eventBytes: number;
}

/** Events that came between two moments at which the buffer was empty. */
interface Burst {
  readonly startMs: number;
  lost: number;
  /** What it took of the buffer. Units: bytes. */
  bytes: number;
  /** The same by CPU; undefined when it was not looked at from the burst's beginning. */
  byCpu: Map<number, number> | undefined;
}

const PAGE_BYTES = 4096;
/** A burst that goes on so long is no burst: more comes than is read. Units: milliseconds. */
const LONG_MS = 1000;
/** Larger buffers are no advice. Units: bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Measures how large a buffer would have had to be. It knows what was read and what was lost between two moments at which the buffer was empty and losses were counted: a
 * buffer with room for both would have lost nothing then. What is said is therefore enough, and may be more than needed.
 */
export class LossGauge {
  private burst: Burst;
  private worst: { readonly bytes: number; readonly durationMs: number } | undefined;
  private hasLost = false;

  constructor(
    private readonly ring: GaugedRing,
    private readonly now: () => number = readClock,
  ) {
    this.burst = this.begin(0);
  }

  /**
   * Notes records that were read, as the port hands them over, and losses that were counted after that. `isEmpty` says that nothing was left, `isCounted` that losses were counted
   * now and not some time ago.
   */
  note(records: Uint8Array, timed: boolean, lost: number, isEmpty: boolean, isCounted: boolean): void {
    const { burst } = this;
    // Who never loses pays for no look at each record.
    if (this.hasLost) this.addEach(burst, records, timed);
    else if (records.length > 0) {
      burst.bytes += records.length * this.findScale();
      burst.byCpu = undefined;
    }
    burst.lost += lost;
    if (lost > 0) this.hasLost = true;
    if (!isEmpty || !isCounted) return;
    this.end(burst);
    // Some of the losses may have come after the read.
    this.burst = this.begin(lost);
  }

  /** Says in half a sentence why events were lost, and what would have held them. `byCpu` has what each CPU has lost. */
  explain(byCpu: readonly number[]): string {
    return this.describe(byCpu).text;
  }

  /** The same as numbers, too. */
  describe(byCpu: readonly number[]): LossReply {
    // What nothing has ended yet.
    if (this.burst.lost > 0) this.end(this.burst);
    const { worst } = this;
    const isKnown = worst !== undefined && this.ring.eventBytes > 0;
    const pages = isKnown ? 2 ** Math.ceil(Math.log2((worst.bytes + 1) / PAGE_BYTES)) : 0;
    const isRate = isKnown && (worst.durationMs > LONG_MS || worst.bytes > MAX_BYTES);
    const isBurst = isKnown && !isRate && pages > this.ring.pages;
    const cause = isRate ? "rate" : isBurst ? "burst" : "unknown";
    return {
      cpus: byCpu.flatMap((lost, cpu) => (lost > 0 ? [{ cpu, lost }] : [])),
      cause,
      pages: this.ring.pages,
      neededPages: isBurst ? pages : null,
      burstSeconds: isRate || isBurst ? Math.round(worst.durationMs) / 1000 : null,
      text: this.renderCause(describeCpus(byCpu), cause, pages),
    };
  }

  private renderCause(where: string, cause: LossReply["cause"], pages: number): string {
    if (cause === "unknown") return `${where}: ${general}`;
    const seconds = (this.worst!.durationMs / 1000).toFixed(2);
    if (cause === "rate")
      return `${where}: for ${seconds} s more came than the script reads, so a larger buffer would have filled up, too (less work in the callback helps, or counting in C)`;
    const wanted =
      this.ring.kind === "perf" ? `{ page_cnt: ${pages} }` : `BPF_RINGBUF_OUTPUT(${this.ring.name}, ${pages})`;
    return `${where}: the script read them too slowly, and ${this.ring.pages} page${this.ring.pages === 1 ? "" : "s"}${this.ring.kind === "perf" ? " a CPU" : ""} filled up (${wanted} would have held the largest burst, of ${seconds} s)`;
  }

  private begin(lost: number): Burst {
    return { startMs: this.now(), lost, bytes: 0, byCpu: new Map() };
  }

  private end({ startMs, lost, bytes, byCpu }: Burst): void {
    if (lost === 0) return;
    const kept = this.ring.kind === "perf" && byCpu !== undefined ? Math.max(0, ...byCpu.values()) : bytes;
    const needed = kept + lost * this.measure(this.ring.eventBytes);
    if (needed > (this.worst?.bytes ?? 0)) this.worst = { bytes: needed, durationMs: this.now() - startMs };
  }

  private addEach(burst: Burst, records: Uint8Array, timed: boolean): void {
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    for (let at = 0; at + 8 <= records.length; ) {
      const size = view.getUint32(at, true);
      const cpu = view.getUint32(at + 4, true);
      const bytes = this.measure(timed ? size - 8 : size);
      burst.bytes += bytes;
      burst.byCpu?.set(cpu, (burst.byCpu.get(cpu) ?? 0) + bytes);
      at += 8 + alignUp(size);
    }
  }

  /** What an event takes of the kernel's buffer. Source: struct perf_event_header, PERF_SAMPLE_TIME and PERF_SAMPLE_RAW; struct bpf_ringbuf_hdr. Units: bytes. */
  private measure(size: number): number {
    return this.ring.kind === "perf" ? 16 + alignUp(4 + size) : 8 + alignUp(size);
  }

  private findScale(): number {
    const { eventBytes } = this.ring;
    return this.measure(eventBytes) / (8 + alignUp(eventBytes));
  }
}

const general = "the script read them too slowly (a larger buffer, or less work in the callback, helps)";

function describeCpus(byCpu: readonly number[]): string {
  const all = byCpu.reduce((sum, lost) => sum + lost, 0);
  const lossy = byCpu.filter((lost) => lost > 0).length;
  if (all === 0 || byCpu.length === 1) return "";
  const most = Math.max(...byCpu);
  const cpu = byCpu.indexOf(most);
  if (lossy === 1) return ` on CPU ${cpu}`;
  return most * 2 > all ? `, ${Math.floor((most / all) * 100)} % of them on CPU ${cpu}` : ` on ${lossy} CPUs`;
}
