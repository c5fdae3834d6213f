import { readLiteral } from "./place-text.ts";

/** A C text as it stands in a script's source. */
export interface SourceText {
  /** Units: index into the source of the text's first character, behind the quote. */
  readonly start: number;
  /** Units: index into the source of the closing quote. */
  readonly end: number;
  /** Whether the program gets it as it stands: nothing is put into it, replaced in it or added to it. */
  readonly isExact: boolean;
  /** The characters from `start` to `end`, with blanks where values are put in. */
  readonly raw: string;
  /** What the script hands over, escapes read. */
  readonly text: string;
  /** For each character of `text` its index in the source. */
  readonly offsets: readonly number[];
}

interface Literal {
  readonly start: number;
  readonly end: number;
  readonly raw: string;
  readonly isWhole: boolean;
  readonly isMarked: boolean;
}

/** A source with comments and literals blanked, so that what is left can be searched. */
interface Scanned {
  readonly code: string;
  /** By the index of the opening quote. */
  readonly literals: ReadonlyMap<number, Literal>;
}

/**
 * Finds the C texts of a script without running it: literals that `new BPF({ text })` gets, by themselves or as a constant, and those with the comment
 * `c` before them.
 */
export function findTexts(source: string): SourceText[] {
  const scanned = scanSource(source);
  const found = new Map<number, SourceText>();
  const add = (at: number, isAlone: boolean): void => {
    const literal = scanned.literals.get(at);
    if (literal === undefined) return;
    const text = describeLiteral(source, scanned.code, literal);
    found.set(at, { ...text, isExact: isAlone && text.isExact });
  };
  for (const [at, { isMarked }] of scanned.literals) if (isMarked) add(at, false);
  for (const call of scanned.code.matchAll(/\bnew\s+BPF\s*\(\s*\{/g)) {
    const argument = findArgument(scanned, call.index + call[0].length);
    if (argument !== undefined) add(argument.at, argument.isAlone);
  }
  return [...found.values()].sort((a, b) => a.start - b.start);
}

/** The literal of the option `text` among options that begin at an index: its own, or that of the constant which it names; and whether nothing is done with it there. */
function findArgument(scanned: Scanned, from: number): { readonly at: number; readonly isAlone: boolean } | undefined {
  const options = readOptions(scanned.code, from);
  const given = /(?:^|[,{\s])text\s*(?::\s*(?:([A-Za-z_$][\w$]*)|(?=["'`]))|(?=\s*[,}]|\s*$))/.exec(options);
  if (given === null) return undefined;
  const end = from + given.index + given[0].length;
  // Flags may define what the text names.
  const isPlain = !/\bcflags\b/.test(options) && /^\}\s*\)/.test(scanned.code.slice(from + options.length));
  if (scanned.literals.has(end)) return { at: end, isAlone: isPlain };
  const name = given[1] ?? "text";
  const declared = new RegExp(`\\b(?:const|let|var)\\s+${name.replaceAll("$", "\\$")}\\s*(?::[^=;]+)?=\\s*`).exec(
    scanned.code,
  );
  const at = declared === null ? undefined : declared.index + declared[0].length;
  if (at === undefined || !scanned.literals.has(at)) return undefined;
  return { at, isAlone: isPlain && /^\s*(?:[,}]|$)/.test(options.slice(given.index + given[0].length)) };
}

/** The options up to the brace that closes them, without what stands in brackets of their own. */
function readOptions(code: string, from: number): string {
  let depth = 0;
  let text = "";
  for (let at = from; at < code.length; at++) {
    const character = code[at]!;
    if ("}])".includes(character) && depth-- === 0) break;
    text += depth === 0 || "([{".includes(character) ? character : " ";
    if ("([{".includes(character)) depth++;
  }
  return text;
}

function describeLiteral(source: string, code: string, { start, end, raw, isWhole }: Literal): SourceText {
  const { text, offsets } = readLiteral(source, start - 1, isTagged(code, start - 1));
  const after = /^\s*(?:as\s+const\s*)?([^\s])?/.exec(code.slice(end + 1, end + 200))?.[1] ?? ";";
  const name = /\b(?:const|(let|var))\s+([A-Za-z_$][\w$]*)\s*(?::[^=;]+)?=\s*$/.exec(code.slice(0, start - 1));
  const isChanged =
    name?.[1] !== undefined ||
    (name !== null && new RegExp(`\\b${name[2]!.replaceAll("$", "\\$")}\\s*\\.\\s*replace`).test(code));
  return { start, end, raw, text, offsets, isExact: isWhole && !isChanged && /[,;)}\]]|[a-zA-Z_$/]/.test(after) };
}

function isTagged(code: string, at: number): boolean {
  return code[at] === "`" && /String\.raw\s*$/.test(code.slice(Math.max(0, at - 20), at));
}

function scanSource(source: string): Scanned {
  const literals = new Map<number, Literal>();
  const code = source.split("");
  const blank = (from: number, to: number): void => {
    for (let at = from; at < to; at++) if (code[at] !== "\n") code[at] = " ";
  };
  /** Goes over code up to the closing brace that ends a value in a template, or to the end. */
  const scanCode = (from: number): number => {
    let depth = 0;
    let at = from;
    let markEnd = -1;
    while (at < source.length) {
      const character = source[at]!;
      const pair = source.slice(at, at + 2);
      if (pair === "//" || pair === "/*") {
        const close = pair === "//" ? source.indexOf("\n", at) : source.indexOf("*/", at + 2) + 2;
        const end = close < (pair === "//" ? 0 : 2) ? source.length : close;
        if (/^\/\*\s*c\s*\*\/$/i.test(source.slice(at, end))) markEnd = end;
        blank(at, end);
        at = end;
      } else if (character === "'" || character === '"' || character === "`") {
        const isMarked = markEnd >= 0 && source.slice(markEnd, at).trim() === "";
        at = scanLiteral(at, isMarked);
      } else if (character === "/" && isRegexStart(code, at)) {
        const end = findRegexEnd(source, at);
        blank(at, end);
        at = end;
      } else {
        if (character === "{") depth++;
        if (character === "}" && depth-- === 0) return at;
        at++;
      }
    }
    return at;
  };
  const scanLiteral = (open: number, isMarked: boolean): number => {
    const quote = source[open]!;
    let isWhole = true;
    let raw = "";
    let at = open + 1;
    while (at < source.length && source[at] !== quote && (quote === "`" || source[at] !== "\n")) {
      if (source[at] === "\\") {
        raw += source.slice(at, at + 2);
        at += 2;
      } else if (quote === "`" && source[at] === "$" && source[at + 1] === "{") {
        isWhole = false;
        const end = Math.min(source.length, scanCode(at + 2) + 1);
        raw += source.slice(at, end).replace(/[^\n]/g, " ");
        at = end;
      } else raw += source[at++];
    }
    const end = Math.min(at, source.length);
    if (source[end] !== quote) isWhole = false;
    blank(open + 1, end);
    literals.set(open, { start: open + 1, end, raw, isWhole, isMarked });
    return end + 1;
  };
  for (let at = 0; at < source.length; ) at = scanCode(at) + 1;
  return { code: code.join(""), literals };
}

/** Whether a slash begins a regular expression: behind a value it divides. */
function isRegexStart(code: readonly string[], at: number): boolean {
  let before = at - 1;
  while (before >= 0 && /\s/.test(code[before]!)) before--;
  if (before < 0 || /[([{,;=:!&|?+\-*%<>~^}]/.test(code[before]!)) return true;
  return /(?:^|[^\w$.])(?:return|typeof|case|in|of|void|await|yield)$/.test(
    code.slice(Math.max(0, before - 10), before + 1).join(""),
  );
}

function findRegexEnd(source: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < source.length; at++) {
    const character = source[at];
    if (character === "\n") return at;
    if (character === "\\") at++;
    else if (character === "[") inClass = true;
    else if (character === "]") inClass = false;
    else if (character === "/" && !inClass) return at + 1;
  }
  return source.length;
}
