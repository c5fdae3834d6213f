import { listChildren } from "./ast-files.ts";
import type { AstFiles } from "./ast-files.ts";
import type { AstLocation, AstNode } from "./ast.ts";
import { findClosing, parseTokens } from "../text/lexer.ts";
import type { Token } from "../text/lexer.ts";

/** A run of the unit's text. Units: indexes into the text. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the text that an expression was written as, through the macros of the
 * user's that it may stand in.
 */
export class TextPlaces {
  private readonly tokens: readonly Token[];
  private readonly indexByStart: ReadonlyMap<number, number>;
  private readonly text: string;
  private readonly files: AstFiles;
  private readonly mainFile: string;
  private readonly userMarks: readonly Token[];
  private readonly toIndex: (byteOffset: number) => number;

  constructor(text: string, files: AstFiles, mainFile: string) {
    this.text = text;
    this.files = files;
    this.mainFile = mainFile;
    this.tokens = parseTokens(text);
    this.indexByStart = new Map(this.tokens.map((token, index) => [token.start, index]));
    this.toIndex = makeByteIndex(text);
    this.userMarks = this.tokens.filter((token) => token.text === "__user");
  }

  /** The text of a node; undefined when it is no run of the unit's text: made by a macro of a header. */
  findRange(node: AstNode): TextRange | undefined {
    const range = node.range;
    if (range === undefined) return undefined;
    const from = this.findSpelling(range.begin);
    const to = this.findSpelling(range.end);
    if (from !== undefined && to !== undefined) {
      const whole = this.checkRange(from, this.findTokenEnd(to));
      if (whole !== undefined) return whole;
      if (this.isInDefinition(to) === this.isInDefinition(from)) return undefined;
      if (this.isInDefinition(to)) return this.findInDefinition(to);
      // `ip_hdr(skb)->saddr`: the expression begins with the call of a macro of the text's own.
      const call = this.findExpansion(range.begin);
      const fromCall =
        call === undefined || isMacroArgument(range.end) ? undefined : this.checkRange(call, this.findTokenEnd(to));
      return fromCall ?? this.findBehindMacro(to);
    }
    // A macro of this file that another one uses: what it is given is written there.
    if (from === undefined && to !== undefined && isMacroArgument(range.begin) && this.isInDefinition(to))
      return this.findInDefinition(to);
    const pasted = to === undefined ? this.findPastedCall(range.end) : undefined;
    if (pasted !== undefined) return pasted;
    const first = from ?? this.findExpansion(range.begin);
    const last = to === undefined ? this.findExpansionEnd(range.end) : this.findTokenEnd(to);
    // Begin and end in one macro of a header: no telling which part of it the expression is, but for macros that are one access.
    if (
      first === undefined ||
      last === undefined ||
      (from === undefined && to === undefined && !this.isAccessMacro(first))
    )
      return undefined;
    if (from === undefined && isMacroArgument(range.end)) return this.findBehindMacro(to!);
    if (to === undefined && isMacroArgument(range.begin)) return undefined;
    return this.checkRange(first, last);
  }

  /** Whether a declaration before its name, or a cast before its operand, is written with `__user`. */
  readonly isUserMarked = (node: AstNode): boolean => {
    if (this.userMarks.length === 0 || node.range === undefined) return false;
    const from = this.findSpelling(node.range.begin);
    const end = node.kind === "CStyleCastExpr" ? listChildren(node)[0]?.range?.begin : node.loc;
    const to = end === undefined ? undefined : this.findSpelling(end);
    return (
      from !== undefined && to !== undefined && this.userMarks.some((token) => token.start >= from && token.end <= to)
    );
  };

  /** The macro call that a node comes from, with either of its ends, as it is written; undefined when it comes from none in the unit's text. */
  findCall(node: AstNode): TextRange | undefined {
    for (const location of node.range === undefined ? [] : [node.range.begin, node.range.end]) {
      const start = this.findExpansion(location);
      const end = this.findExpansionEnd(location);
      if (start !== undefined && end !== undefined) return { start, end };
    }
    return undefined;
  }

  /** Finds a token in a run of text, first one first. */
  findToken(range: TextRange, text: string): Token | undefined {
    return this.tokens.find((token) => token.start >= range.start && token.end <= range.end && token.text === text);
  }

  /** Where the name of a declaration stands, or the macro that makes it. */
  findName(node: AstNode): number | undefined {
    return node.loc === undefined ? undefined : (this.findExpansion(node.loc) ?? this.findSpelling(node.loc));
  }

  /** Where a declaration begins, or the macro that makes its beginning. */
  findStart(node: AstNode): number | undefined {
    const begin = node.range?.begin;
    return begin === undefined ? undefined : (this.findExpansion(begin) ?? this.findSpelling(begin));
  }

  /** Where the token of a place is spelled, when that is in the unit's text. */
  private findSpelling(location: AstLocation): number | undefined {
    const place = location.spellingLoc ?? location;
    if (place.offset === undefined || this.files.findFile(place) !== this.mainFile) return undefined;
    return this.toIndex(place.offset);
  }

  private findExpansion(location: AstLocation): number | undefined {
    const place = location.expansionLoc;
    if (place?.offset === undefined || this.files.findFile(place) !== this.mainFile) return undefined;
    return this.toIndex(place.offset);
  }

  /** The end of the macro call that a place comes from. */
  private findExpansionEnd(location: AstLocation): number | undefined {
    const start = this.findExpansion(location);
    const index = start === undefined ? undefined : this.indexByStart.get(start);
    if (index === undefined) return undefined;
    if (this.tokens[index + 1]?.text !== "(") return this.tokens[index]!.end;
    const close = findClosing(this.tokens, index + 1);
    return close === undefined ? undefined : this.tokens[close]!.end;
  }

  /** `#define FIELD(p, name) (p)->skc_##name`: the end of the expression stands nowhere, but the call as a whole is the expression. */
  private findPastedCall(end: AstLocation): TextRange | undefined {
    const start = isMacroArgument(end) ? undefined : this.findExpansion(end);
    const last = start === undefined ? undefined : this.findExpansionEnd(end);
    const index = start === undefined ? undefined : this.indexByStart.get(start);
    if (index === undefined || last === undefined) return undefined;
    const name = this.tokens[index]!.text;
    const at = this.tokens.findIndex(
      (token, i) => token.inDirective && token.text === name && this.tokens[i - 1]?.text === "define",
    );
    const close = at < 0 || this.tokens[at + 1]?.text !== "(" ? undefined : findClosing(this.tokens, at + 1);
    if (close === undefined) return undefined;
    let body = "";
    for (
      let i = close + 1;
      this.tokens[i]?.inDirective === true &&
      (i === close + 1 || !/(?<!\\)\n/.test(this.text.slice(this.tokens[i - 1]!.end, this.tokens[i]!.start)));
      i++
    )
      body += this.tokens[i]!.text;
    return body.includes("##") && /^\(*\w+\)*((->|\.)[\w#]+)+\)*$/.test(body)
      ? this.checkRange(this.tokens[index]!.start, last)
      : undefined;
  }

  private findTokenEnd(start: number): number {
    const index = this.indexByStart.get(start);
    return index === undefined ? start : this.tokens[index]!.end;
  }

  private isAccessMacro(start: number): boolean {
    const index = this.indexByStart.get(start);
    return index !== undefined && this.tokens[index]!.text.startsWith("PT_REGS_");
  }

  private isInDefinition(offset: number): boolean {
    const index = this.indexByStart.get(offset);
    return index !== undefined && this.tokens[index]!.inDirective;
  }

  /** A run counts when it is one expression: brackets in pairs, no comma or semicolon of its own, not half in a `#define`. */
  private checkRange(start: number, end: number): TextRange | undefined {
    const from = this.indexByStart.get(start);
    if (from === undefined || end <= start) return undefined;
    let depth = 0;
    let i = from;
    for (; i < this.tokens.length && this.tokens[i]!.start < end; i++) {
      const { text, kind, inDirective } = this.tokens[i]!;
      if (inDirective !== this.tokens[from]!.inDirective) return undefined;
      if (kind !== "punctuator") continue;
      if (text === "(" || text === "[" || text === "{") depth++;
      else if (text === ")" || text === "]" || text === "}") depth--;
      if (depth < 0 || (depth === 0 && (text === "," || text === ";"))) return undefined;
    }
    if (
      depth !== 0 ||
      (this.tokens[from]!.inDirective && this.text.slice(start, end).replace(/\\\n/g, "").includes("\n"))
    )
      return undefined;
    return { start, end };
  }

  /** `#define PID(p) p->pid`: the expression ends in the body, and begins there with the parameter. */
  private findInDefinition(last: number): TextRange | undefined {
    let at = this.indexByStart.get(last);
    if (at === undefined) return undefined;
    const end = this.tokens[at]!.end;
    while (at >= 2 && (this.tokens[at - 1]!.text === "->" || this.tokens[at - 1]!.text === ".")) {
      at -= 2;
      while (this.tokens[at]!.text === ")" || this.tokens[at]!.text === "]") at = this.findOpening(at);
      if (
        this.tokens[at]!.text === "(" &&
        this.tokens[at - 1]?.kind === "word" &&
        this.tokens[at - 1]!.end === this.tokens[at]!.start
      )
        at--;
    }
    return this.checkRange(this.tokens[at]!.start, end);
  }

  /** `OUTER(HEADER_MACRO(x)->member)`: the expression begins with the call of a macro. */
  private findBehindMacro(last: number): TextRange | undefined {
    const range = this.findInDefinition(last);
    if (range === undefined || !this.text.slice(range.start, range.end).includes("->")) return undefined;
    const index = this.indexByStart.get(range.start)!;
    return this.tokens[index]!.kind === "word" && this.tokens[index + 1]?.text === "(" ? range : undefined;
  }

  private findOpening(close: number): number {
    let depth = 0;
    for (let i = close; i >= 0; i--) {
      const { text } = this.tokens[i]!;
      if (text === ")" || text === "]" || text === "}") depth++;
      else if (text === "(" || text === "[" || text === "{") depth--;
      if (depth === 0) return i;
    }
    return close;
  }
}

function isMacroArgument(location: AstLocation): boolean {
  return location.expansionLoc?.isMacroArgExpansion === true;
}

/** Maps byte offsets of a text to indexes; they differ only where the text is not plain ASCII. */
function makeByteIndex(text: string): (byteOffset: number) => number {
  // eslint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(text)) return (offset) => offset;
  const indexes: number[] = [];
  for (let index = 0; index < text.length; ) {
    const code = text.codePointAt(index)!;
    const bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (let byte = 0; byte < bytes; byte++) indexes.push(index);
    index += code < 0x10000 ? 1 : 2;
  }
  return (offset) => indexes[offset] ?? text.length;
}
