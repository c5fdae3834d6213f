import { closeSync, openSync, readSync, statSync } from "node:fs";

/** No line is as long. Units: bytes. */
const BLOCK_BYTES = 8192;

/** A file of sorted lines. A search reads only the blocks that it comes by, each once. */
export class SortedLines {
  private readonly path: string;
  private readonly count: number;
  private readonly blocks = new Map<number, string>();

  constructor(path: string) {
    this.path = path;
    this.count = Math.ceil(statSync(path).size / BLOCK_BYTES);
  }

  /** The line that begins so, its newline included; of several the first. */
  find(prefix: string): string | undefined {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const line = this.readLine(middle, this.findStart(middle));
      // A prefix may end in the newline, which sorts before whatever a longer name goes on with. In the last block there may be no line of its own.
      if (line !== "" && (line < prefix || line.startsWith(prefix))) low = middle;
      else high = middle - 1;
    }
    const { length } = this.readBlock(low);
    for (let at = this.findStart(low), line = ""; at <= length; at += line.length) {
      line = this.readLine(low, at);
      if (line === "") break;
      if (line.startsWith(prefix)) return line;
    }
    return undefined;
  }

  /** Where the first line begins that is not the block before's. A line that begins where the block does belongs to the one before. */
  private findStart(block: number): number {
    return block === 0 ? 0 : this.readBlock(block).indexOf("\n") + 1;
  }

  private readLine(block: number, at: number): string {
    const text = this.readBlock(block);
    const end = text.indexOf("\n", at) + 1;
    return end > 0
      ? text.slice(at, end)
      : `${text.slice(at)}${this.readBlock(block + 1).slice(0, this.findStart(block + 1))}`;
  }

  private readBlock(block: number): string {
    const known = this.blocks.get(block);
    if (known !== undefined) return known;
    const bytes = Buffer.alloc(BLOCK_BYTES);
    const file = openSync(this.path, "r");
    try {
      const size = readSync(file, bytes, 0, BLOCK_BYTES, block * BLOCK_BYTES);
      const text = bytes.toString("latin1", 0, size);
      this.blocks.set(block, text);
      return text;
    } finally {
      closeSync(file);
    }
  }
}
