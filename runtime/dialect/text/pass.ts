import { DialectError } from "../../base/errors.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import { indexLines } from "../../base/line-index.ts";
import { locateInPlace } from "../../base/text-place.ts";
import type { SourceLocation } from "../../base/location.ts";
import { EditList } from "./edits.ts";
import { parseTokens } from "./lexer.ts";
import type { Token } from "./lexer.ts";
import { findOrigin } from "./origins.ts";
import type { Origins } from "./origins.ts";
import type { CSource } from "./unit.ts";

/** One sweep over the user's text: its tokens, the edits made so far, and the way back to the script. */
export interface Pass {
  readonly source: CSource;
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly edits: EditList;
  readonly warnings: Diagnostic[];
  /** The way from an index into `text` to one into `source.text`. */
  readonly origins: Origins;
  /** The index in `source.text` that an index into `text` comes from. */
  findOrigin(offset: number): number;
}

/** Starts a sweep over a text that came from `source` by way of `origins`. */
export function openPass(source: CSource, text: string, origins: Origins, warnings: Diagnostic[]): Pass {
  return {
    source,
    text,
    tokens: parseTokens(text),
    edits: new EditList(text),
    warnings,
    origins,
    findOrigin: (offset) => findOrigin(origins, offset),
  };
}

/** Starts the next sweep, over what the edits of this one made. */
export function reopenPass(pass: Pass): Pass {
  if (pass.edits.isEmpty) return pass;
  const edited = pass.edits.apply();
  return openPass(pass.source, edited.text, [...edited.origins, ...pass.origins], pass.warnings);
}

/** Finds the place in the script, or in the text when it stands in no script, of an index into `source.text`. */
export function locateOffset(source: CSource, offset: number): SourceLocation {
  const position = source.place && locateInPlace(source.place, offset);
  if (position !== undefined) return position;
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
