import { ScriptError } from "../base/errors.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import type { SourceLocation } from "../base/location.ts";
import type { Script, ScriptText } from "../script/read-script.ts";

/** The file that places in lines name. */
const LINES = "live";
const FILE = `${LINES}.ts`;

/** Without imports lines would be taken for CommonJS. It stands before them: at their end it would be what an unfinished line meets. */
const HEAD = "export {};\n";

/**
 * Makes lines ready for the sandbox. Their places are those in the session: `live:12:3`. `typed` has all lines of it until now.
 *
 * @throws ScriptError for a syntax error, at its place
 */
export async function readLines(
  text: string,
  line: number,
  typed: readonly string[],
  read: (text: ScriptText) => Promise<Script>,
): Promise<Script> {
  const locate = (row: number, column: number): { file: string; line: number; column: number } => ({
    file: LINES,
    line: line + row - 2,
    column,
  });
  try {
    return await read({
      name: FILE,
      text: `${HEAD}${text}\n`,
      sources: { [LINES]: typed.join("\n") },
      findOrigin: locate,
    });
  } catch (error) {
    if (error instanceof ScriptError) placeError(error, locate);
    throw error;
  }
}

/** Gives the bundler's places, which are those of the file that it saw, as places of the session. */
function placeError(error: ScriptError, locate: (row: number, column: number) => SourceLocation): void {
  const place = (location: SourceLocation): SourceLocation =>
    location.file.endsWith(`/${FILE}`) || location.file === FILE
      ? { ...location, ...locate(location.line, location.column ?? 1) }
      : location;
  const placeDiagnostic = (diagnostic: Diagnostic): Diagnostic => ({
    ...diagnostic,
    ...(diagnostic.location && { location: place(diagnostic.location) }),
    ...(diagnostic.notes && { notes: diagnostic.notes.map(placeDiagnostic) }),
  });
  const define = (name: "location" | "diagnostics", value: unknown): void => {
    Object.defineProperty(error, name, { value, enumerable: true });
  };
  if (error.location !== undefined) define("location", place(error.location));
  define("diagnostics", error.diagnostics.map(placeDiagnostic));
}
