import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** Reads a process's output line by line: it may come in any pieces, and Python with PYTHONUNBUFFERED writes the end of a line apart. */
export function openLines(stream: Readable): () => Promise<string> {
  const lines = createInterface({ input: stream })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the process has ended and writes no more lines");
    return value;
  };
}
