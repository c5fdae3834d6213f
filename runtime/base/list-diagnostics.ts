import type { Diagnostic } from "./diagnostic.ts";
import type { BpftsError } from "./errors.ts";
import type { SourceLocation } from "./location.ts";

/**
 * All that an error says as one list: what it is itself comes first, then the rest of what a compiler said, each once. Notes stay below what they belong to.
 */
export function listDiagnostics(error: BpftsError): readonly Diagnostic[] {
  const { message, location, hint, diagnostics } = error;
  const said = diagnostics.filter(({ severity }) => severity !== "note");
  const notes = diagnostics.filter(({ severity }) => severity === "note");
  const head = said.find((diagnostic) => isSame(diagnostic, error));
  const first: Diagnostic = {
    severity: "error",
    // The place says that it is C.
    message: message.replace(/^C: /, ""),
    ...(location !== undefined && { location }),
    ...(hint !== undefined && { hint }),
    ...head,
    ...(notes.length > 0 && { notes: [...(head?.notes ?? []), ...notes] }),
  };
  return [first, ...said.filter((diagnostic) => diagnostic !== head)].map((diagnostic) => markEnd(diagnostic));
}

/** Adds where what a message means ends: with the word, number or literal that stands at its place. `readLine` finds lines that did not come with it. */
export function markEnd(
  diagnostic: Diagnostic,
  readLine: (location: SourceLocation) => string | undefined = () => undefined,
): Diagnostic {
  const { location, notes } = diagnostic;
  const column = location?.column;
  const marked =
    notes === undefined ? diagnostic : { ...diagnostic, notes: notes.map((note) => markEnd(note, readLine)) };
  if (location === undefined || column === undefined || location.endColumn !== undefined) return marked;
  const line = location.lineText ?? diagnostic.lineText ?? readLine(location);
  const token = /^(?:\w+|"(?:[^"\\]|\\.)*"?|[^\s])/.exec(line?.slice(column - 1) ?? "")?.[0];
  return token === undefined ? marked : { ...marked, location: { ...location, endColumn: column + token.length } };
}

/** Whether a diagnostic only says again what the error itself says, as the first of several does. */
export function isSame(diagnostic: Diagnostic, { message, location }: BpftsError): boolean {
  return (
    diagnostic.message === message &&
    diagnostic.location?.line === location?.line &&
    diagnostic.location?.column === location?.column
  );
}
