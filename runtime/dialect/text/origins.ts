import { findLastAtMost } from "../../base/line-index.ts";

/** A piece of an edited text. */
export interface OriginPiece {
  /** Units: index in the edited text of its first character. */
  readonly at: number;
  /** Units: index in the text before the edits. */
  readonly origin: number;
  /** An edit put it there: all of it comes from the one index. */
  readonly isInserted: boolean;
}

/** The pieces of a text in order, for each time that it was edited, the last time first. Plain data. */
export type Origins = readonly (readonly OriginPiece[])[];

/** Finds the index in the first text that an index in the edited one comes from. */
export function findOrigin(origins: Origins, offset: number): number {
  let found = offset;
  for (const pieces of origins) {
    const piece = pieces[findLastAtMost(pieces, found, readStart)];
    if (piece !== undefined) found = piece.isInserted ? piece.origin : piece.origin + found - piece.at;
  }
  return found;
}

function readStart({ at }: OriginPiece): number {
  return at;
}
