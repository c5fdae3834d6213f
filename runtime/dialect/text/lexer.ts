/** A C token with its place. Comments and white space are between tokens. */
export interface Token {
  readonly kind: "word" | "number" | "string" | "char" | "punctuator";
  readonly text: string;
  /** Units: index of the first character in the text. */
  readonly start: number;
  /** Units: index after the last character. */
  readonly end: number;
  /** True inside a preprocessor line, its continuation lines included. */
  readonly inDirective: boolean;
}

const tokenPattern =
  /([A-Za-z_$][\w$]*)|(\.?\d(?:[eEpP][+-]|[\w.])*)|("(?:[^"\\]|\\[^])*"?)|('(?:[^'\\\n]|\\[^])*'?)|(->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||\.\.\.|[-+*/%&|^]=|##|[^\s])/y;
const gapPattern = /(?:[ \t\r\f\v]|\\\r?\n|\/\/(?:[^\n\\]|\\[^])*|\/\*[^]*?(?:\*\/|$))+/y;

/**
 * Splits C text into tokens. Never fails: what is no C becomes punctuators, and
 * clang says what is wrong with it. A string literal may hold newlines, as the
 * template literals of a script give them.
 */
export function parseTokens(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let lineStart = true;
  let inDirective = false;
  while (at < text.length) {
    gapPattern.lastIndex = at;
    const gap = gapPattern.exec(text);
    if (gap !== null) {
      at = gapPattern.lastIndex;
      continue;
    }
    if (text[at] === "\n") {
      lineStart = true;
      inDirective = false;
      at++;
      continue;
    }
    tokenPattern.lastIndex = at;
    const match = tokenPattern.exec(text);
    if (match === null) {
      at++;
      continue;
    }
    if (lineStart && match[0] === "#") inDirective = true;
    lineStart = false;
    const end = tokenPattern.lastIndex;
    const kind =
      match[1] !== undefined
        ? "word"
        : match[2] !== undefined
          ? "number"
          : match[3] !== undefined
            ? "string"
            : match[4] !== undefined
              ? "char"
              : "punctuator";
    tokens.push({ kind, text: match[0], start: at, end, inDirective });
    at = end;
  }
  return tokens;
}

const closers: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** Finds the index of the bracket that closes the one at `open`, undefined when it is never closed. */
export function findClosing(tokens: readonly Token[], open: number): number | undefined {
  const close = closers[tokens[open]!.text];
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.kind !== "punctuator") continue;
    if (token.text in closers) depth++;
    else if (token.text === ")" || token.text === "]" || token.text === "}") {
      depth--;
      if (depth === 0) return token.text === close ? i : undefined;
    }
  }
  return undefined;
}

/** A run of tokens: indexes `from` (inclusive) to `to` (exclusive). */
export interface TokenRange {
  readonly from: number;
  readonly to: number;
}

/** Splits what stands between the brackets `open` and `close` at its top-level commas. Nothing between them is no part at all. */
export function splitAtCommas(tokens: readonly Token[], open: number, close: number): TokenRange[] {
  if (close === open + 1) return [];
  const parts: TokenRange[] = [];
  let from = open + 1;
  let depth = 0;
  for (let i = open + 1; i < close; i++) {
    const { kind, text } = tokens[i]!;
    if (kind !== "punctuator") continue;
    if (text in closers) depth++;
    else if (text === ")" || text === "]" || text === "}") depth--;
    else if (text === "," && depth === 0) {
      parts.push({ from, to: i });
      from = i + 1;
    }
  }
  parts.push({ from, to: close });
  return parts;
}

/** The text that a run of tokens covers, as the user wrote it. */
export function readRange(text: string, tokens: readonly Token[], range: TokenRange): string {
  if (range.from >= range.to) return "";
  return text.slice(tokens[range.from]!.start, tokens[range.to - 1]!.end);
}

/** The value of a string literal token without its quotes; escapes stay as they are. */
export function readStringLiteral(token: Token): string {
  return token.text.replace(/^"|"$/g, "");
}

/** Tokens as they were written, without comments and ends of lines. */
export function renderTokens(tokens: readonly Token[], { from, to }: TokenRange): string {
  let text = "";
  for (let at = from; at < to; at++)
    text += (at > from && tokens[at]!.start > tokens[at - 1]!.end ? " " : "") + tokens[at]!.text;
  return text;
}
