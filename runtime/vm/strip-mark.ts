import type { TransformCallback } from "node:stream";
import { Transform } from "node:stream";

/**
 * A stream that passes everything up to a mark and ends there. Bytes that could be the mark's beginning are held back until
 * more is known; all others go on at once.
 */
export class MarkStripper extends Transform {
  /** Whether the mark was seen: the stream is whole. */
  isWhole = false;
  private held = Buffer.alloc(0);
  private readonly mark: Buffer;

  constructor(mark: string) {
    super();
    this.mark = Buffer.from(mark);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.isWhole) return done();
    const bytes = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    const at = bytes.indexOf(this.mark);
    if (at >= 0) {
      this.isWhole = true;
      this.held = Buffer.alloc(0);
      if (at > 0) this.push(bytes.subarray(0, at));
      this.push(null);
      return done();
    }
    const keep = this.countHeld(bytes);
    this.held = Buffer.from(bytes.subarray(bytes.length - keep));
    if (bytes.length > keep) this.push(bytes.subarray(0, bytes.length - keep));
    done();
  }

  override _flush(done: TransformCallback): void {
    // The machine went away: what was held back is output after all.
    if (!this.isWhole && this.held.length > 0) this.push(this.held);
    done();
  }

  private countHeld(bytes: Buffer): number {
    for (let length = Math.min(this.mark.length - 1, bytes.length); length > 0; length--) {
      if (bytes.subarray(bytes.length - length).equals(this.mark.subarray(0, length))) return length;
    }
    return 0;
  }
}
