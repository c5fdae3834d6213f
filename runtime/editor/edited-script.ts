import { findTexts } from "../script/find-texts.ts";
import type { SourceText } from "../script/find-texts.ts";
import { describeCText } from "./c-model.ts";
import type { CModel } from "./c-model.ts";

/** A C text of a script that is being written. Places in it and in the script differ by `start`. */
export interface EditedText {
  readonly source: SourceText;
  readonly model: CModel;
}

/** A script that is being written, as far as its C goes. */
export interface EditedScript {
  readonly text: string;
  readonly texts: readonly EditedText[];
}

/** Keeps what was read of the scripts that were looked at last, so that one keystroke reads a script once. */
export class EditedScripts {
  private readonly known = new Map<string, EditedScript>();

  /** Finds the C of a script's text. */
  read(file: string, text: string): EditedScript {
    const known = this.known.get(file);
    if (known?.text === text) return known;
    const texts = /\bBPF\b|\/\*\s*c\s*\*\//i.test(text) ? findTexts(text) : [];
    const before = new Map(known?.texts.map((each) => [each.source.raw, each.model]));
    const script = {
      text,
      texts: texts.map((source) => ({ source, model: before.get(source.raw) ?? describeCText(source.raw) })),
    };
    this.known.delete(file);
    this.known.set(file, script);
    for (const [oldest] of this.known) if (this.known.size > MAX_SCRIPTS) this.known.delete(oldest);
    return script;
  }
}

const MAX_SCRIPTS = 20;

/** The C text that a place of the script lies in, and the place in it. Units: index into the script. */
export function findTextAt(
  script: EditedScript,
  position: number,
): { readonly text: EditedText; readonly offset: number } | undefined {
  const text = script.texts.find(({ source }) => source.start <= position && position <= source.end);
  // A value that is put in is TypeScript.
  if (text === undefined || isPutIn(script.text, text.source, position)) return undefined;
  return { text, offset: position - text.source.start };
}

function isPutIn(script: string, { start, raw }: SourceText, position: number): boolean {
  const before = raw[position - start - 1];
  return before !== undefined && before !== script[position - 1];
}
