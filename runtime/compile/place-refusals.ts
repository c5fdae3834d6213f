import type { Diagnostic } from "../base/diagnostic.ts";
import { explainRefusal, findDebugPlace, findRefusedFunction } from "./backend-refusals.ts";
import type { DebugPlace } from "./backend-refusals.ts";
import { parseDiagnostics } from "./diagnostics.ts";

/** The text that clang read, with the name that `#line` gives the user's part of it. */
export interface RefusedText {
  readonly text: string;
  readonly file: string;
}

/**
 * Turns what the code generator said into one sentence for each place. It names the function, and the real place in a
 * note, in the middle of its message, or nowhere: then `listWarnings` asks clang's own warnings.
 *
 * Shape: as `parseDiagnostics` answers; what is no refusal stays as it is.
 */
export function placeRefusals(
  unit: RefusedText,
  stderr: string,
  clang: number,
  listWarnings: (flags: readonly string[]) => string,
): Diagnostic[] {
  const places = new Set<string>();
  const said = new Set<string>();
  const lines = listUserLines(unit);
  const warnings = new Map<string, Diagnostic[]>();
  // A text may be refused at a thousand places for one reason.
  const ask = (flags: string): Diagnostic[] => {
    const found = warnings.get(flags) ?? parseDiagnostics(listWarnings(flags.split(" ")));
    warnings.set(flags, found);
    return found;
  };
  return parseDiagnostics(stderr).flatMap((diagnostic) => {
    if (diagnostic.severity !== "error") return [];
    const lineText =
      diagnostic.location === undefined ? undefined : lines[diagnostic.location.line - (lines[0]?.number ?? 0)]?.text;
    const refusal = explainRefusal(diagnostic.message, { clang, ...(lineText !== undefined && { lineText }) });
    if (refusal === undefined) return [diagnostic];
    const { message, hint, warning } = refusal;
    const asked = warning === undefined ? [] : ask(warning);
    const place =
      findPlaceSaid(unit, diagnostic) ??
      asked.find(({ location }) => location !== undefined)?.location ??
      diagnostic.location ??
      findFunction(unit, findRefusedFunction(stderr));
    // What follows from one fault is said of the same line again.
    const key = place === undefined ? message : `${place.file}:${place.line}`;
    if (places.has(key)) return [];
    const isRepeated = said.has(message);
    places.add(key);
    said.add(message);
    return [
      {
        severity: "error" as const,
        message,
        notes: [],
        ...(!isRepeated && { hint }),
        ...(place !== undefined && { location: place }),
      },
    ];
  });
}

/** The place of the head of a function, in the user's part of the text. */
export function findFunction(unit: RefusedText, name: string | undefined): DebugPlace | undefined {
  if (name === undefined) return undefined;
  const lines = listUserLines(unit);
  const index = lines.findIndex(({ text }) => new RegExp(`\\b${name}\\b`).test(text));
  const line = lines[index];
  if (line === undefined) return undefined;
  const before = line.text.slice(0, line.text.search(new RegExp(`\\b${name}\\b`)));
  return { file: unit.file, line: line.number, column: Buffer.byteLength(before) + 1 };
}

function findPlaceSaid(unit: RefusedText, { message, notes = [] }: Diagnostic): DebugPlace | undefined {
  const said = [...notes.map((note) => note.message), message].flatMap((text) => findDebugPlace(text) ?? []);
  const [first] = said;
  // Debug information leaves out what a file's path and the current folder have in common.
  return first === undefined ? undefined : unit.file.endsWith(`/${first.file}`) ? { ...first, file: unit.file } : first;
}

/** The lines of the user's part with the numbers that `#line` gives them. */
function listUserLines({ text, file }: RefusedText): { readonly number: number; readonly text: string }[] {
  const lines = text.split("\n");
  const name = JSON.stringify(file);
  const start = lines.findIndex((line) => line.startsWith("#line ") && line.endsWith(` ${name}`));
  if (start < 0) return [];
  const first = Number(lines[start]!.split(" ")[1]);
  return lines.slice(start + 1).map((line, index) => ({ number: first + index, text: line }));
}
