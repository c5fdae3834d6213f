import { listLineStarts } from "./location.ts";

/** Where the lines of a text begin, so that many questions about its places cost what one does. */
export class LineIndex {
  readonly starts: readonly number[];

  constructor(readonly text: string) {
    this.starts = listLineStarts(text);
  }

  /** The line and column of an offset. Units: from 1, UTF-16. */
  locate(offset: number): { readonly line: number; readonly column: number } {
    const index = findLastAtMost(this.starts, offset);
    return { line: index + 1, column: offset - this.starts[index]! + 1 };
  }

  /** A line's text without its end; undefined behind the last line. Units: from 1. */
  read(line: number): string | undefined {
    const start = this.starts[line - 1];
    if (start === undefined) return undefined;
    const next = this.starts[line];
    return this.text.slice(start, next === undefined ? undefined : next - 1);
  }
}

/** The index of the last of sorted numbers that is not above a wanted one; 0 where all are. `read` finds the number in what is no number. */
export function findLastAtMost(sorted: readonly number[], wanted: number): number;
export function findLastAtMost<T>(sorted: readonly T[], wanted: number, read: (item: T) => number): number;
export function findLastAtMost<T>(
  sorted: readonly T[],
  wanted: number,
  read: (item: T) => number = (item) => item as number,
): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (read(sorted[middle]!) <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}

const indexes = new WeakMap<object, LineIndex>();

/** The lines of something's text, found once; `owner` must keep its text. */
export function indexLines(owner: { readonly text: string }): LineIndex {
  let index = indexes.get(owner);
  if (index === undefined) {
    index = new LineIndex(owner.text);
    indexes.set(owner, index);
  }
  return index;
}
