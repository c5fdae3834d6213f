import { writeSync } from "node:fs";
import { escapeText } from "../../sdk/wire/escape-text.ts";

/** Writes a line about versions to stderr, where it stands out between the script's own. */
export function sayWatch(line: string): void {
  try {
    writeSync(2, `-- ${escapeText(line, "")}\n`);
  } catch {
    // A closed or full stderr is no reason to stop tracing.
  }
}
