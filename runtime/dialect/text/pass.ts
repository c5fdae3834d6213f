import { DialectError } from "../../base/errors.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import { indexLines } from "../../base/line-index.ts";
import type { SourceLocation } from "../../base/location.ts";
import { EditList } from "./edits.ts";
import { parseTokens } from "./lexer.ts";
import type { Token } from "./lexer.ts";
import type { CSource } from "./unit.ts";

/** One sweep over the user's text: its tokens, the edits made so far, and the way back to the script. */
export interface Pass {
  readonly source: CSource;
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly edits: EditList;
  readonly warnings: Diagnostic[];
  /** The index in `source.text` that an index into `text` comes from. */
  findOrigin(offset: number): number;
}

/** Starts a sweep over a text that came from `source` by way of `findOrigin`. */
export function openPass(
  source: CSource,
  text: string,
  findOrigin: (offset: number) => number,
  warnings: Diagnostic[],
): Pass {
  return { source, text, tokens: parseTokens(text), edits: new EditList(text), warnings, findOrigin };
}

/** Starts the next sweep, over what the edits of this one made. */
export function reopenPass(pass: Pass): Pass {
  if (pass.edits.isEmpty) return pass;
  const edited = pass.edits.apply();
  return openPass(pass.source, edited.text, (offset) => pass.findOrigin(edited.findOrigin(offset)), pass.warnings);
}

/** Finds the place in the script, or in the text when it stands in no script, of an index into `source.text`. */
export function locateOffset(source: CSource, offset: number): SourceLocation {
  const place = source.place?.locate(offset);
  if (source.place !== undefined && place !== undefined)
    return { file: source.place.file, line: place.line, column: place.column };
  return { file: source.name, ...indexLines(source).locate(offset), lineText: readLineAt(source, offset) };
}

/** The text of the line that an index lies in. */
export function readLineAt(source: { readonly text: string }, offset: number): string {
  const lines = indexLines(source);
  return lines.read(lines.locate(offset).line) ?? "";
}

/** The error for something wrong at a token of the pass. */
export function makeDialectError(pass: Pass, offset: number, message: string, hint?: string): DialectError {
  return new DialectError(message, describePlace(pass, offset, message, "error", hint));
}

/** Adds a warning about a token of the pass. */
export function addWarning(pass: Pass, offset: number, message: string, hint?: string): void {
  const { diagnostics } = describePlace(pass, offset, message, "warning", hint);
  pass.warnings.push(...diagnostics);
}

function describePlace(
  pass: Pass,
  offset: number,
  message: string,
  severity: "error" | "warning",
  hint?: string,
): { location: SourceLocation; hint?: string; diagnostics: Diagnostic[] } {
  const origin = pass.findOrigin(offset);
  const location = locateOffset(pass.source, origin);
  const lineText = readLineAt(pass.source, origin);
  const more = hint === undefined ? {} : { hint };
  return { location, ...more, diagnostics: [{ severity, message, location, lineText, ...more }] };
}
