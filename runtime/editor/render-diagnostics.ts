import type ts from "typescript";
import type { Diagnostic } from "../base/diagnostic.ts";
import type { CheckAnswer } from "./check-client.ts";
import type { EditedScript } from "./edited-script.ts";

/** The number by which editors know messages of ours. TypeScript's own have five digits at most. */
const CODE = 990_001;

/** Turns what was said about a script's C into TypeScript's diagnostics. Of an older text what stands in lines that are still there is shown meanwhile. */
export function renderDiagnostics(
  typescript: typeof ts,
  source: ts.SourceFile,
  script: EditedScript,
  answer: CheckAnswer,
): ts.Diagnostic[] {
  const { DiagnosticCategory } = typescript;
  const make = (
    start: number,
    length: number,
    messageText: string,
    category: ts.DiagnosticCategory,
  ): ts.Diagnostic => ({
    file: source,
    start,
    length,
    messageText,
    category,
    code: CODE,
    source: "bpfts",
  });
  const first = script.texts[0]?.source.start ?? 0;
  if (answer.failure !== undefined)
    return [make(first, 1, `The C was not checked: ${answer.failure}`, DiagnosticCategory.Warning)];
  const lines = script.text.split("\n");
  const old = answer.text.split("\n");
  return answer.diagnostics.flatMap((diagnostic) => {
    const { location } = diagnostic;
    const text = renderText(diagnostic);
    const category = diagnostic.severity === "error" ? DiagnosticCategory.Error : DiagnosticCategory.Warning;
    // What stands in a header, or in no file at all, is shown where the C begins.
    if (location === undefined || location.file !== source.fileName)
      return [make(first, 1, location === undefined ? text : `${location.file}:${location.line}: ${text}`, category)];
    const line = findLine(location.line - 1, old, lines);
    if (line === undefined) return [];
    const column = (location.column ?? 1) - 1;
    const start = source.getPositionOfLineAndCharacter(line, Math.min(column, lines[line]!.length));
    return [make(start, Math.max(1, (location.endColumn ?? 0) - 1 - column), text, category)];
  });
}

/** Where a line of an older text is now: at its place, or moved as far as the end of the file was. */
function findLine(line: number, old: readonly string[], now: readonly string[]): number | undefined {
  return [line, line + now.length - old.length].find((at) => now[at] !== undefined && now[at] === old[line]);
}

function renderText({ message, hint, notes = [] }: Diagnostic): string {
  const more = notes.map(
    (note) => `\n${note.location === undefined ? "" : `line ${note.location.line}: `}${note.message}`,
  );
  return `${message}${more.join("")}${hint === undefined ? "" : `\nhint: ${hint}`}`;
}
