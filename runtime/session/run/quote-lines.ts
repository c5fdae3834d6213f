import type { Diagnostic } from "../../base/diagnostic.ts";
import { BpftsError } from "../../base/errors.ts";
import type { SourceLocation } from "../../base/location.ts";
import type { FileScope } from "../../script/file-scope.ts";

/**
 * Gives the places of an error their lines. A place may name any file, since `#line` and source maps are the script's
 * own: only files that the script may read are quoted, and nothing else reads a file to quote it.
 */
export function quoteLines(error: unknown, files: FileScope): unknown {
  if (!(error instanceof BpftsError)) return error;
  if (error.location !== undefined)
    Object.defineProperty(error, "location", { value: quotePlace(error.location, files), enumerable: true });
  Object.defineProperty(error, "diagnostics", {
    value: error.diagnostics.map((diagnostic) => quoteDiagnostic(diagnostic, files)),
    enumerable: true,
  });
  return error;
}

function quoteDiagnostic(diagnostic: Diagnostic, files: FileScope): Diagnostic {
  const { location, notes } = diagnostic;
  return {
    ...diagnostic,
    ...(location && { location: quotePlace(location, files) }),
    ...(notes && { notes: notes.map((note) => quoteDiagnostic(note, files)) }),
  };
}

function quotePlace(location: SourceLocation, files: FileScope): SourceLocation {
  const lineText = location.lineText ?? files.findLine(location);
  return lineText === undefined ? location : { ...location, lineText };
}
