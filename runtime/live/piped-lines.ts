import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { LineSource, TypedLine } from "./line-source.ts";

/** Reads lines from what is no terminal: no prompt, and no line of the user's to keep apart. */
export function openPipedLines(input: Readable, write: (text: string) => void): LineSource {
  const lines: TypedLine[] = [];
  let wake: (() => void) | undefined;
  const add = (line: TypedLine): void => {
    lines.push(line);
    wake?.();
  };
  const reader = createInterface({ input, terminal: false, crlfDelay: Infinity });
  reader.on("line", (text) => add({ kind: "line", text }));
  reader.on("close", () => add({ kind: "end" }));
  return {
    isTerminal: false,
    async next() {
      while (lines.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      // The end stays the end.
      return lines[0]!.kind === "end" ? lines[0]! : lines.shift()!;
    },
    writeBeside: (work) => work(),
    redraw: write,
    noteWritten: () => undefined,
    close() {
      reader.close();
      input.destroy();
    },
  };
}
