import type { KernelNames } from "../text/env.ts";
import type { CFunction } from "../text/functions.ts";
import { findClosing } from "../text/lexer.ts";
import type { Token } from "../text/lexer.ts";
import { readMacros } from "../text/macros.ts";
import type { Pass } from "../text/pass.ts";

/**
 * Makes `offsetof` a constant where C wants one: in a case label, an array's length, an assertion. libbpf's is relocated to
 * the running kernel and no constant to older clangs; it stays where a value will do, for structs of the kernel's.
 */
export function rewriteOffsets(pass: Pass, functions: readonly CFunction[], names: KernelNames): void {
  const { tokens, edits } = pass;
  const uses = tokens.flatMap((token, at) => (token.text === "offsetof" && tokens[at + 1]?.text === "(" ? [at] : []));
  if (uses.length === 0 || tokens.some((token, at) => token.text === "offsetof" && tokens[at - 1]?.text === "define"))
    return;
  const isConstant = findConstantTokens(tokens, functions);
  const macros = listConstantMacros(pass, isConstant);
  const wantsRelocation = tokens.some(({ text }) => text === "preserve_access_index");
  for (const at of uses) {
    const isPlain = tokens[at]!.inDirective ? macros.has(tokens[at]!) : isConstant(at);
    if (isPlain || (!wantsRelocation && isOwnRecord(tokens, at + 2, names)))
      edits.replace(tokens[at]!.start, tokens[at]!.end, "__builtin_offsetof");
  }
}

/** `struct own` of the text's own: there is nothing to relocate. */
function isOwnRecord(tokens: readonly Token[], at: number, names: KernelNames): boolean {
  const kind = tokens[at]!.text;
  return (
    (kind === "struct" || kind === "union") &&
    tokens[at + 2]?.text === "," &&
    !names.haveType(kind, tokens[at + 1]!.text)
  );
}

/** Tells for a token whether it stands where C wants a constant. Outside of functions it always does. */
function findConstantTokens(tokens: readonly Token[], functions: readonly CFunction[]): (at: number) => boolean {
  const bodies = functions.map(({ bodyStart, bodyEnd = Infinity }) => ({ bodyStart, bodyEnd }));
  const inner = new Set<number>();
  const mark = (from: number, to: number): void => {
    for (let at = from; at < to; at++) inner.add(at);
  };
  tokens.forEach(({ text, inDirective }, at) => {
    if (inDirective) return;
    if (text === "case") mark(at, findNext(tokens, at, ":"));
    else if (text === "static") mark(at, findNext(tokens, at, ";"));
    else if (text === "_Static_assert" || text === "static_assert") mark(at, findClosing(tokens, at + 1) ?? at);
    else if (text === "enum") mark(at, findEnd(tokens, at));
    else if (text === "[" && isDeclarator(tokens, at)) mark(at, findClosing(tokens, at) ?? at);
  });
  return (at) =>
    inner.has(at) ||
    !bodies.some(({ bodyStart, bodyEnd }) => tokens[at]!.start > bodyStart && tokens[at]!.start < bodyEnd);
}

function findNext(tokens: readonly Token[], from: number, text: string): number {
  for (let at = from; at < tokens.length; at++) if (tokens[at]!.text === text) return at;
  return tokens.length;
}

/** The end of an enum's braces, when it has any. */
function findEnd(tokens: readonly Token[], at: number): number {
  const brace = [1, 2].map((step) => at + step).find((index) => tokens[index]?.text === "{");
  return brace === undefined ? at : (findClosing(tokens, brace) ?? at);
}

/** `char buf[` and `u64 a, b[2][`, but not `sum = buf[` and `f(buf[`: the statement begins with a type, and the name has no value yet. */
function isDeclarator(tokens: readonly Token[], bracket: number): boolean {
  let depth = 0;
  let isFirst = true;
  let at = bracket - 1;
  for (; at >= 0; at--) {
    const { text } = tokens[at]!;
    if (text === ")" || text === "]" || (text === "}" && depth > 0)) depth++;
    else if (text === "(" || text === "[") depth--;
    if (depth < 0) return false;
    if (depth > 0) continue;
    if (text === ";" || text === "{" || text === "}") break;
    if (text === ",") isFirst = false;
    if (text === "=" && isFirst) return false;
  }
  const [type, name] = [tokens[at + 1], tokens[at + 2]];
  return (
    type?.kind === "word" &&
    (name?.kind === "word" || name?.text === "*") &&
    !/^(return|else|do|goto|case)$/.test(type.text)
  );
}

/** The tokens of macros' bodies that end up where C wants a constant, by way of other macros too. */
function listConstantMacros(pass: Pass, isConstant: (at: number) => boolean): Set<Token> {
  const macros = readMacros(pass);
  const wanted = new Set<Token>();
  const take = (name: string): void => {
    const macro = macros.get(name);
    if (macro === undefined || macro.body.some((token) => wanted.has(token))) return;
    for (const token of macro.body) wanted.add(token);
    for (const token of macro.body) if (token.kind === "word") take(token.text);
  };
  pass.tokens.forEach((token, at) => {
    if (token.kind === "word" && !token.inDirective && macros.has(token.text) && isConstant(at)) take(token.text);
  });
  return wanted;
}
