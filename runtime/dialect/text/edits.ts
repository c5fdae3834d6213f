import { InternalError } from "../../base/errors.ts";

/** Replaces the characters `[start, end)` of a text. An insertion has `start === end`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A text after edits, and the way back. */
export interface EditedText {
  readonly text: string;
  /** The index in the text before the edits that an index after them comes from; inside an inserted piece, where the piece starts. */
  findOrigin(offset: number): number;
}

/**
 * Collects edits of one text. Edits never join or split lines, so that every
 * line keeps its number; two edits never overlap; insertions at one place keep
 * the order in which they came, unless `outer` puts one before the others.
 */
export class EditList {
  private readonly edits: (Edit & { readonly order: number })[] = [];
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get isEmpty(): boolean {
    return this.edits.length === 0;
  }

  /** Replaces a piece; newlines in it are kept, after the new text. */
  replace(start: number, end: number, text: string): void {
    const newlines = this.text.slice(start, end).replace(/[^\n]/g, "");
    this.edits.push({ start, end, text: text.replaceAll("\n", " ") + newlines, order: this.edits.length });
  }

  insert(offset: number, text: string): void {
    this.edits.push({ start: offset, end: offset, text, order: this.edits.length });
  }

  apply(): EditedText {
    if (this.edits.length === 0) return { text: this.text, findOrigin: (offset) => offset };
    const sorted = [...this.edits].sort((a, b) => a.start - b.start || a.end - b.end || a.order - b.order);
    const pieces: string[] = [];
    const starts: number[] = [];
    const deltas: { readonly origin: number; readonly fixed: boolean }[] = [];
    let from = 0;
    let length = 0;
    const push = (piece: string, origin: number, fixed: boolean): void => {
      if (piece === "") return;
      starts.push(length);
      deltas.push({ origin, fixed });
      pieces.push(piece);
      length += piece.length;
    };
    for (const edit of sorted) {
      if (edit.start < from) throw new InternalError(`Two edits overlap at "${this.text.slice(edit.start, edit.end)}"`);
      push(this.text.slice(from, edit.start), from, false);
      push(edit.text, edit.start, true);
      from = edit.end;
    }
    push(this.text.slice(from), from, false);
    return {
      text: pieces.join(""),
      findOrigin(offset) {
        let low = 0;
        let high = starts.length - 1;
        while (low < high) {
          const middle = (low + high + 1) >> 1;
          if (starts[middle]! <= offset) low = middle;
          else high = middle - 1;
        }
        const piece = deltas[low];
        if (piece === undefined) return offset;
        return piece.fixed ? piece.origin : piece.origin + (offset - starts[low]!);
      },
    };
  }
}
