import { findLastAtMost } from "./line-index.ts";
import { listLineStarts } from "./location.ts";

/** Where a piece of text stands in the user's files. Plain data, which can be kept and sent. */
export interface TextPlace {
  /** The file that holds the text, or most of it: an absolute path, or what a text without a file is called. */
  readonly file: string;
  /** In the order of the text, from its first character on; each reaches to the next one. */
  readonly runs: readonly PlaceRun[];
  /** Units: offset in the text. What is asked about an offset behind it is answered for this one. */
  readonly end: number;
}

/** Characters of the text that follow each other in one line of a file, too. */
export interface PlaceRun {
  /** Units: offset in the text (UTF-16) of the first one. */
  readonly at: number;
  /** Units: from 1; 0 for characters that stand in no file because the script made them. */
  readonly line: number;
  /** Units: from 1, UTF-16. */
  readonly column: number;
  /** Where it is another file than the place names. */
  readonly file?: string;
}

/** A position in a file. Units: line and column from 1. */
export interface PlacePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Finds the position of an offset of the text; undefined for what stands in no file. */
export function locateInPlace({ file, runs, end }: TextPlace, offset: number): PlacePosition | undefined {
  const wanted = Math.min(offset, end);
  const run = runs[findLastAtMost(runs, wanted, readStart)];
  if (run === undefined || run.line === 0) return undefined;
  return { file: run.file ?? file, line: run.line, column: run.column + wanted - run.at };
}

/** The place of a text that is all of a file. */
export function placeWhole(file: string, text: string): TextPlace {
  return {
    file,
    runs: listLineStarts(text).map((at, index) => ({ at, line: index + 1, column: 1 })),
    end: text.length,
  };
}

/** Makes the runs of a text of which a function tells the position of each offset up to `end`. */
export function makePlaceRuns(
  file: string,
  end: number,
  locate: (offset: number) => PlacePosition | undefined,
): PlaceRun[] {
  const runs: PlaceRun[] = [];
  let before: PlacePosition | undefined;
  for (let at = 0; at <= end; at++) {
    const here = locate(at);
    const follows =
      here === undefined
        ? before === undefined
        : here.file === before?.file && here.line === before.line && here.column === before.column + 1;
    if (at === 0 || !follows) runs.push(describeRun(file, at, here));
    before = here;
  }
  return runs;
}

function describeRun(file: string, at: number, here: PlacePosition | undefined): PlaceRun {
  if (here === undefined) return { at, line: 0, column: 0 };
  return { at, line: here.line, column: here.column, ...(here.file !== file && { file: here.file }) };
}

function readStart({ at }: PlaceRun): number {
  return at;
}
