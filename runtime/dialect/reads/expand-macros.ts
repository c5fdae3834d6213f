import { EditList } from "../text/edits.ts";
import { findClosing, parseTokens, renderTokens, splitAtCommas } from "../text/lexer.ts";
import { expandMacro, isMacroCertain, readMacros } from "../text/macros.ts";
import type { TextRange } from "./places.ts";
import type { CUnit } from "../text/unit.ts";
import { makeUnit } from "../text/unit-text.ts";

/**
 * Writes out what uses of the text's own macros become, one step deep, as the preprocessor would: what stands inside of them can be
 * edited at that place then, without a change of the macro's other uses. Undefined when none of the calls can be written
 * out. Units: `calls` are runs of `unit.text`.
 */
export function expandMacroCalls(unit: CUnit, calls: readonly TextRange[]): CUnit | undefined {
  const { body } = unit.parts;
  const tokens = parseTokens(body);
  const macros = readMacros({ tokens, text: body });
  const edits = new EditList(body);
  const open = calls.map(({ start, end }) => ({ start: start - unit.bodyStart, end: end - unit.bodyStart }));
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    // What is called at the place itself may be a macro of ours, with the text's own among its arguments.
    if (
      token.kind !== "word" ||
      token.inDirective ||
      !open.some(({ start, end }) => token.start >= start && token.end <= end)
    )
      continue;
    const macro = macros.get(token.text);
    if (macro === undefined || !isMacroCertain(token.text, tokens, macros)) continue;
    const close =
      macro.params === undefined ? at : tokens[at + 1]?.text === "(" ? findClosing(tokens, at + 1) : undefined;
    if (close === undefined || tokens.slice(at, close).some(({ inDirective }) => inDirective)) continue;
    const args =
      macro.params === undefined ? [] : splitAtCommas(tokens, at + 1, close).map((part) => renderTokens(tokens, part));
    const text = expandMacro(macro, args);
    if (text === undefined) continue;
    edits.replace(token.start, tokens[close]!.end, text);
    at = close;
  }
  if (edits.isEmpty) return undefined;
  const edited = edits.apply();
  return makeUnit({
    ...unit.parts,
    body: edited.text,
    origins: [...edited.origins, ...unit.parts.origins],
  });
}
