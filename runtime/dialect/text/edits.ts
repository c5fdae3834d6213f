import { InternalError } from "../../base/errors.ts";
import type { OriginPiece, Origins } from "./origins.ts";

/** Replaces the characters `[start, end)` of a text. An insertion has `start === end`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A text after edits, and the way back. */
export interface EditedText {
  readonly text: string;
  /** The way from an index after the edits to one before them; from inside an inserted piece it leads to where the piece starts. */
  readonly origins: Origins;
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
    if (this.edits.length === 0) return { text: this.text, origins: [] };
    const sorted = [...this.edits].sort((a, b) => a.start - b.start || a.end - b.end || a.order - b.order);
    const texts: string[] = [];
    const pieces: OriginPiece[] = [];
    let from = 0;
    let at = 0;
    const push = (text: string, origin: number, isInserted: boolean): void => {
      if (text === "") return;
      pieces.push({ at, origin, isInserted });
      texts.push(text);
      at += text.length;
    };
    for (const edit of sorted) {
      if (edit.start < from) throw new InternalError(`Two edits overlap at "${this.text.slice(edit.start, edit.end)}"`);
      push(this.text.slice(from, edit.start), from, false);
      push(edit.text, edit.start, true);
      from = edit.end;
    }
    push(this.text.slice(from), from, false);
    return { text: texts.join(""), origins: [pieces] };
  }
}
