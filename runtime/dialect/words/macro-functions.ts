import { isMacroCertain, expandMacro, readMacros } from "../text/macros.ts";
import type { Macro } from "../text/macros.ts";
import { findClosing, renderTokens, splitAtCommas } from "../text/lexer.ts";
import type { Token } from "../text/lexer.ts";
import { reopenPass } from "../text/pass.ts";
import type { Pass } from "../text/pass.ts";
import { headWords } from "./program-forms.ts";

/** Macros in macros are written out one step at a time. */
const maxSteps = 8;
const knownHeads = new Set(headWords.map(({ word }) => word));
const sectionWords = new Set(["SEC", "BCC_SEC", "section", "__section__"]);

/**
 * Writes out the macros of the text's own that make functions or their heads: `#define PROBE(n) int probe_##n(struct pt_regs *ctx)`, then
 * `PROBE(open) { … }`. What follows reads functions as they stand in the text. A macro that has several meanings stays as it is.
 */
export function writeOutFunctions(pass: Pass): Pass {
  let last = pass;
  for (let step = 0; step < maxSteps; step++) {
    writeOutOnce(last);
    const next = reopenPass(last);
    if (next === last) break;
    last = next;
  }
  return last;
}

function writeOutOnce(pass: Pass): void {
  const { tokens, edits } = pass;
  const macros = readMacros(pass);
  if (macros.size === 0) return;
  const makers = listMakers(macros, sectionWords);
  let depth = 0;
  const open: number[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (token.inDirective) {
      const word = token.text === "#" ? tokens[at + 1]?.text : undefined;
      if (word === "if" || word === "ifdef" || word === "ifndef") open.push(depth);
      // Both branches may open one body.
      else if (word === "else" || word === "elif") depth = open.at(-1) ?? depth;
      else if (word === "endif") open.pop();
      continue;
    }
    if (token.text === "{") depth++;
    else if (token.text === "}") depth = Math.max(0, depth - 1);
    const macro = depth === 0 && token.kind === "word" ? macros.get(token.text) : undefined;
    if (macro === undefined || knownHeads.has(token.text)) continue;
    const close = findUseEnd(tokens, at, macro);
    if (close === undefined) continue;
    const isHead = isFunctionHead(tokens, close, macro);
    if ((isHead || makers.has(token.text)) && isMacroCertain(token.text, tokens, macros)) {
      const text = writeOutUse(tokens, at, close, macro, macros);
      if (text !== undefined) edits.replace(token.start, tokens[close]!.end, text);
    }
    at = close;
  }
}

/** `PROBE(open) {`, and `NAME(struct pt_regs *ctx) {`. */
function isFunctionHead(tokens: readonly Token[], close: number, { body, params }: Macro): boolean {
  const next = tokens[close + 1]?.text;
  if (next === "{") return body.some(({ text }) => text === "(");
  const end = next === "(" && params === undefined && body.length === 1 ? findClosing(tokens, close + 1) : undefined;
  return end !== undefined && tokens[end + 1]?.text === "{";
}

/** The macros of a text whose use is a function with its body. */
export function listFunctionMakers(pass: Pass): ReadonlySet<string> {
  return listMakers(readMacros(pass), new Set());
}

/** The macros whose bodies, by way of others too, have a function's body or one of some words in them. */
function listMakers(macros: ReadonlyMap<string, Macro>, words: ReadonlySet<string>): Set<string> {
  const makers = new Set<string>();
  for (let before = -1; before !== makers.size; ) {
    before = makers.size;
    for (const [name, { body }] of macros)
      if (
        body.some(
          ({ text }, at) =>
            (text === "{" && body[at - 1]?.text === ")") || words.has(text) || (makers.has(text) && text !== name),
        )
      )
        makers.add(name);
  }
  return makers;
}

/** The last token of a macro's use; undefined where a macro with parentheses stands without them, or a directive is between them. */
function findUseEnd(tokens: readonly Token[], at: number, { params }: Macro): number | undefined {
  if (params === undefined) return at;
  const close = tokens[at + 1]?.text === "(" ? findClosing(tokens, at + 1) : undefined;
  return close === undefined || tokens.slice(at, close).some(({ inDirective }) => inDirective) ? undefined : close;
}

function writeOutUse(
  tokens: readonly Token[],
  at: number,
  close: number,
  macro: Macro,
  macros: ReadonlyMap<string, Macro>,
): string | undefined {
  const parts = macro.params === undefined ? [] : splitAtCommas(tokens, at + 1, close);
  // The preprocessor writes out arguments first, but for those that are pasted.
  if (parts.some(({ from, to }) => tokens.slice(from, to).some(({ text }) => macros.has(text)))) return undefined;
  return expandMacro(
    macro,
    parts.map((part) => renderTokens(tokens, part)),
  );
}
