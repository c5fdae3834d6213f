import { parseTokens } from "./lexer.ts";
import type { Token } from "./lexer.ts";

/** A run of conditionals: `#if … #elif … #else … #endif`. */
interface Group {
  /** Where the branch begins that is left out, undefined in one that is not. Units: index into the text. */
  deadFrom: number | undefined;
  /** Whether a branch before was taken for sure. */
  isTaken: boolean;
}

/**
 * Writes blanks over what `#if 0` leaves out (and `#else` of `#if 1`), so that nobody reads it; every other character keeps its place. Other conditions only the
 * preprocessor can tell.
 */
export function blankDeadBranches(text: string): string {
  if (!/^[ \t]*#[ \t]*if[ \t]+[01]\b/m.test(text)) return text;
  const tokens = parseTokens(text);
  const groups: Group[] = [];
  const dead: [from: number, to: number][] = [];
  const end = (group: Group | undefined, at: number): void => {
    if (group?.deadFrom !== undefined) dead.push([group.deadFrom, at]);
  };
  for (let at = 0; at + 1 < tokens.length; at++) {
    const token = tokens[at]!;
    if (!token.inDirective || token.text !== "#" || !startsLine(text, token)) continue;
    const word = tokens[at + 1]!.text;
    const lineEnd = findLineEnd(text, token.start);
    if (word === "if" || word === "ifdef" || word === "ifndef") {
      const value = word === "if" ? readNumber(tokens, at + 2, lineEnd) : undefined;
      groups.push({ deadFrom: value === "0" ? lineEnd : undefined, isTaken: value === "1" });
    } else if (word === "elif" || word === "else") {
      const group = groups.at(-1);
      end(group, token.start);
      if (group !== undefined) group.deadFrom = group.isTaken ? lineEnd : undefined;
    } else if (word === "endif") end(groups.pop(), token.start);
  }
  return dead.reduce(
    (left, [from, to]) => left.slice(0, from) + left.slice(from, to).replace(/[^\n]/g, " ") + left.slice(to),
    text,
  );
}

function startsLine(text: string, { start }: Token): boolean {
  return /^[ \t]*$/.test(text.slice(text.lastIndexOf("\n", start - 1) + 1, start));
}

function findLineEnd(text: string, from: number): number {
  const end = /(?<!\\)\n/g;
  end.lastIndex = from;
  return end.exec(text)?.index ?? text.length;
}

/** The only token of a condition, when it is one. */
function readNumber(tokens: readonly Token[], at: number, lineEnd: number): string | undefined {
  const next = tokens[at + 1];
  return next === undefined || next.start >= lineEnd ? tokens[at]?.text : undefined;
}
