import type { Pass } from "../text/pass.ts";

/**
 * Puts `\n` back for real newlines in string literals. A script's template
 * literal makes a newline of `"\n"`; the literal is cut in two at the newline so
 * that the text keeps its lines.
 */
export function rewriteLiterals(pass: Pass): void {
  for (const token of pass.tokens) {
    if (token.kind !== "string" || !token.text.includes("\n")) continue;
    for (let at = token.text.indexOf("\n"); at >= 0; at = token.text.indexOf("\n", at + 1)) {
      if (token.text[at - 1] === "\\") continue;
      const join = token.inDirective ? '\\n" \\' : '\\n"';
      pass.edits.insert(token.start + at, join);
      pass.edits.insert(token.start + at + 1, '"');
    }
  }
}
