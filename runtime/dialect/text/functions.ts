import { findClosing, splitAtCommas } from "./lexer.ts";
import type { Token, TokenRange } from "./lexer.ts";

/** A function with a body at file level, as the tokens show it. */
export interface CFunction {
  /** The function's name, or the macro that makes its head (`TRACEPOINT_PROBE`). */
  readonly name: string;
  /** Index of the name's token. */
  readonly nameToken: number;
  /** Index of the first token of the head. */
  readonly headToken: number;
  /** Index of the `(` after the name, and of its `)`. */
  readonly open: number;
  readonly close: number;
  readonly params: readonly TokenRange[];
  readonly isStatic: boolean;
  readonly isInline: boolean;
  readonly isNoinline: boolean;
  /** The literal of `SEC("…")`, undefined without one. */
  readonly section?: string;
  /** The tokens between storage class and name: the return type. */
  readonly returnType: string;
  readonly returnsVoid: boolean;
  /** True when a function of this form becomes a BPF program. */
  readonly isProgram: boolean;
  /** Units: index of the `{` in the text. */
  readonly bodyStart: number;
  readonly bodyToken: number;
  /** Units: index of the `}`; undefined where conditionals share one body between two heads. */
  readonly bodyEnd?: number;
}

/** Words in a head that have parentheses of their own and name nothing. */
const attributeWords = new Set([
  "__attribute__",
  "__attribute",
  "SEC",
  "BCC_SEC",
  "__declspec",
  "_Alignas",
  "__asm__",
  "asm",
  "typeof",
  "__typeof__",
]);
const storageWords = new Set([
  "static",
  "extern",
  "inline",
  "__inline",
  "__inline__",
  "__always_inline",
  "noinline",
  "__noinline",
  "__weak",
  "__hidden",
  "__noreturn",
  "__maybe_unused",
  "__used",
]);

/**
 * Finds the functions with bodies at file level. Conditionals may cut a
 * function in two: at `#else` the scan goes on as it stood at `#if`. `makers` are macros
 * whose use is a function with its body.
 */
export function findFunctions(tokens: readonly Token[], makers: ReadonlySet<string> = new Set()): CFunction[] {
  const found: CFunction[] = [];
  const open: { depth: number; head: number; functions: number[] }[] = [];
  let depth = 0;
  let head = -1;
  let unclosed: number[] = [];
  let endsUnnamed = false;
  const pending: number[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.inDirective) {
      if (token.text !== "#") continue;
      const word = tokens[i + 1]?.text ?? "";
      if (word === "if" || word === "ifdef" || word === "ifndef") open.push({ depth, head, functions: [...unclosed] });
      const state = open.at(-1);
      if ((word === "else" || word === "elif") && state !== undefined) {
        // Both branches may open a body that is closed after the #endif: keep the open ones of all branches.
        const opened = depth > state.depth ? unclosed.filter((index) => !state.functions.includes(index)) : [];
        depth = state.depth;
        head = state.head;
        unclosed = [...state.functions];
        pending.push(...opened);
      }
      if (word === "endif") {
        open.pop();
        if (open.length === 0 && depth > 0) unclosed.push(...pending);
        if (open.length === 0) pending.length = 0;
      }
      continue;
    }
    if (token.text === "{" && token.kind === "punctuator") {
      if (depth === 0) {
        const fn = readHead(tokens, head, i);
        if (fn !== undefined) {
          found.push(fn);
          unclosed.push(found.length - 1);
        } else if (isOtherFunction(tokens, head, i)) endsUnnamed = true;
      }
      depth++;
    } else if (token.text === "}" && token.kind === "punctuator") {
      depth = Math.max(0, depth - 1);
      if (depth === 0) {
        for (const index of unclosed) found[index] = { ...found[index]!, bodyEnd: token.start };
        if (unclosed.length > 0 || endsUnnamed) head = -1;
        unclosed = [];
        endsUnnamed = false;
      }
    } else if (depth === 0) {
      const end = makers.size > 0 && head < 0 ? findMadeEnd(tokens, i, makers) : undefined;
      if (end !== undefined) i = end;
      else if (token.text === ";") head = -1;
      else if (head < 0) head = i;
    }
  }
  return found;
}

/** The last token of a macro's use that makes a function: `MAKE(open)`, `FOR_EACH(MAKE)`. */
function findMadeEnd(tokens: readonly Token[], at: number, makers: ReadonlySet<string>): number | undefined {
  if (tokens[at]!.kind !== "word") return undefined;
  const close = tokens[at + 1]?.text === "(" ? findClosing(tokens, at + 1) : at;
  return close !== undefined && tokens.slice(at, close + 1).some(({ text }) => makers.has(text)) ? close : undefined;
}

/** Whether a brace opens the body of a function whose name is not to be seen: `int (name)(void) {`. */
function isOtherFunction(tokens: readonly Token[], head: number, brace: number): boolean {
  if (head < 0 || tokens[brace - 1]?.text !== ")") return false;
  let depth = 0;
  let open = brace - 1;
  for (; open >= head; open--) {
    if (tokens[open]!.text === ")") depth++;
    if (tokens[open]!.text === "(" && --depth === 0) break;
  }
  const before = tokens[open - 1]?.text;
  return (
    before !== undefined &&
    !attributeWords.has(before) &&
    tokens.slice(head, brace).every(({ text }) => text !== "=" && text !== "typedef")
  );
}

/** Reads the head of a function from its first token to the `{`; undefined when it is no function: a struct, an initialiser. */
function readHead(tokens: readonly Token[], head: number, brace: number): CFunction | undefined {
  if (head < 0) return undefined;
  let section: string | undefined;
  for (let i = head; i < brace; i++) {
    const token = tokens[i]!;
    if (token.text === "=" || token.text === "typedef") return undefined;
    if (token.kind !== "word" || tokens[i + 1]?.text !== "(") continue;
    const close = findClosing(tokens, i + 1);
    if (close === undefined || close >= brace) return undefined;
    if (attributeWords.has(token.text)) {
      const literal = tokens[i + 2];
      if ((token.text === "SEC" || token.text === "BCC_SEC") && literal?.kind === "string")
        section = literal.text.slice(1, -1);
      if (token.text.startsWith("__attribute")) section ??= findSectionAttribute(tokens, i + 1, close);
      i = close;
      continue;
    }
    if (!isHeadEnd(tokens, close + 1, brace)) {
      i = close;
      continue;
    }
    return describeFunction(tokens, head, i, close, brace, section);
  }
  return undefined;
}

/** Only attributes may stand between `)` and `{`. */
function isHeadEnd(tokens: readonly Token[], from: number, brace: number): boolean {
  for (let i = from; i < brace; i++) {
    const token = tokens[i]!;
    if (token.kind !== "word") return false;
    if (tokens[i + 1]?.text !== "(") continue;
    const close = findClosing(tokens, i + 1);
    if (close === undefined || !attributeWords.has(token.text)) return false;
    i = close;
  }
  return true;
}

function findSectionAttribute(tokens: readonly Token[], from: number, to: number): string | undefined {
  for (let i = from; i < to; i++)
    if (/^_*section_*$/.test(tokens[i]!.text) && tokens[i + 2]?.kind === "string")
      return tokens[i + 2]!.text.slice(1, -1);
  return undefined;
}

function describeFunction(
  tokens: readonly Token[],
  head: number,
  name: number,
  close: number,
  brace: number,
  section: string | undefined,
): CFunction {
  const words: string[] = [];
  for (let i = head; i < name; i++) {
    const token = tokens[i]!;
    if (attributeWords.has(token.text) && tokens[i + 1]?.text === "(") i = findClosing(tokens, i + 1) ?? i;
    else words.push(token.text);
  }
  const has = (...names: string[]): boolean => names.some((text) => words.includes(text));
  const isStatic = has("static");
  const isInline = has("inline", "__inline", "__inline__", "__always_inline");
  const returnType = words.filter((word) => !storageWords.has(word)).join(" ");
  return {
    name: tokens[name]!.text,
    nameToken: name,
    headToken: head,
    open: name + 1,
    close,
    params: splitAtCommas(tokens, name + 1, close),
    isStatic,
    isInline,
    isNoinline: has("noinline", "__noinline") || tokens.slice(head, name).some((token) => token.text === "noinline"),
    ...(section === undefined ? {} : { section }),
    returnType,
    returnsVoid: returnType === "void",
    isProgram: !isStatic && !isInline,
    bodyStart: tokens[brace]!.start,
    bodyToken: brace,
  };
}
