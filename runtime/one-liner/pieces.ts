import { findLastAtMost } from "../base/line-index.ts";

/** A run of generated text and where it comes from. */
export interface Piece {
  readonly text: string;
  /** Units: index into the user's text. Undefined for what no place of it asked for. */
  readonly at?: number;
  /** True where the piece is the user's own text, character by character. */
  readonly isCopy?: boolean;
  /** Which of the user's texts `at` counts in; the one-liner itself unless given. */
  readonly from?: string;
}

/** Text that the one-liner became, at the place that asked for it. */
export function makePiece(text: string, at?: number): Piece {
  return at === undefined ? { text } : { text, at };
}

/** The user's own characters `[start, end)`. */
export function copyPiece(source: string, start: number, end: number): Piece {
  return { text: source.slice(start, end), at: start, isCopy: true };
}

/** One run of a joined text: its first index there, and the piece's place. Shape: plain data, so that a cache can keep it. */
export type PlacedRun = readonly [start: number, at: number | null, isCopy: boolean, from: string];

/** A text and the way back to the user's. */
export interface JoinedText {
  readonly text: string;
  readonly runs: readonly PlacedRun[];
}

/** Puts pieces together. `name` is the name of the user's text. */
export function joinPieces(pieces: readonly Piece[], name: string): JoinedText {
  let text = "";
  const runs: PlacedRun[] = [];
  for (const piece of pieces) {
    if (piece.text === "") continue;
    runs.push([text.length, piece.at ?? null, piece.isCopy ?? false, piece.from ?? name]);
    text += piece.text;
  }
  return { text, runs };
}

/** Finds where an index of a joined text comes from; undefined for what no place of the user's text asked for. */
export function findOrigin({ runs }: JoinedText, offset: number): { from: string; at: number } | undefined {
  const run = runs[findLastAtMost(runs, offset, ([at]) => at)];
  if (run === undefined || run[1] === null) return undefined;
  return { from: run[3], at: run[2] ? run[1] + (offset - run[0]) : run[1] };
}

const special = /[\\`]|\$(?=\{)/;

/** The same pieces as they stand in a template literal of TypeScript. */
export function escapePieces(pieces: readonly Piece[]): Piece[] {
  return pieces.flatMap((piece) => {
    if (!special.test(piece.text)) return [piece];
    let at = 0;
    return piece.text
      .split(/([\\`]|\$(?=\{))/)
      .map((part) => {
        const start = at;
        at += part.length;
        const place = piece.at === undefined ? {} : { at: piece.isCopy === true ? piece.at + start : piece.at };
        return special.test(part) || part === "$"
          ? { ...place, text: `\\${part}` }
          : { ...piece, ...place, text: part };
      })
      .filter(({ text }) => text !== "");
  });
}
