import type { Diagnostic } from "../base/diagnostic.ts";
import { dropOwnFlavour } from "../base/own-flavour.ts";

/**
 * Parses clang's messages, one a line, into diagnostics with their notes under
 * them. Places are those of the text that clang saw.
 */
export function parseDiagnostics(stderr: string): Diagnostic[] {
  const found: (Diagnostic & { notes: Diagnostic[] })[] = [];
  for (const line of stderr.split("\n")) {
    const match = /^(?:(.*?):(\d+):(\d+): )?(fatal error|error|warning|note): (.*)$/.exec(line);
    if (match === null) continue;
    const [, file, lineNumber, column, severity, text] = match;
    const message = readAssertion(dropOwnFlavour(text!.replace(/ \[-W[^\]]*\]$/, "")));
    const place = file === undefined ? {} : { location: { file, line: Number(lineNumber), column: Number(column) } };
    const last = found.at(-1);
    if (severity === "note") last?.notes.push({ severity: "note", message, ...place });
    else found.push({ severity: severity === "warning" ? "warning" : "error", message, ...place, notes: [] });
  }
  return found;
}

/** What an assertion of the text or of our headers says when it fails, without the condition, whose macros clang has expanded. */
function readAssertion(message: string): string {
  const match = /^static(?:_assert| assertion) failed(?: due to requirement '.*?')?:? "?(.+?)"?$/.exec(message);
  return match === null ? message : `static assertion failed: ${match[1]!}`;
}
