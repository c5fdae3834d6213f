import { findFunctions } from "../dialect/text/functions.ts";
import type { CFunction } from "../dialect/text/functions.ts";
import { findClosing, parseTokens, readRange, splitAtCommas } from "../dialect/text/lexer.ts";
import type { Token, TokenRange } from "../dialect/text/lexer.ts";
import { mapWords } from "../dialect/words/map-words.ts";
import type { MapWord } from "../dialect/words/map-words.ts";

/** A table as an unfinished text declares it. */
export interface CTable {
  readonly name: string;
  readonly kind: string;
  /** As the user wrote it: `BPF_HASH(counts, u32)`. */
  readonly declaration: string;
  readonly word: MapWord;
  /** Units: index of the name in the text. */
  readonly offset: number;
}

/** A member of a struct as the text declares it. */
export interface CMember {
  readonly name: string;
  readonly declaration: string;
  readonly type: NamedType;
  readonly offset: number;
}

/** A type by its name in C: `struct task_struct`, `u32`. */
export interface NamedType {
  readonly name: string;
}

/** A struct or union of the text's own, or a typedef of one. */
export interface CStruct {
  /** `struct key_t`, or the typedef's name. */
  readonly name: string;
  readonly text: string;
  readonly members: readonly CMember[];
  readonly offset: number;
}

/** What an editor knows of a C text, however unfinished it is. */
export interface CModel {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly tables: readonly CTable[];
  readonly functions: readonly EditedFunction[];
  readonly structs: ReadonlyMap<string, CStruct>;
  /** Macros of the text's own, by name, with their definitions. */
  readonly macros: ReadonlyMap<string, { readonly text: string; readonly offset: number }>;
}

/** A function, and its name as scripts know it. */
export interface EditedFunction extends CFunction {
  readonly scriptName: string;
  readonly offset: number;
  /** From the head to the parenthesis that ends its parameters. */
  readonly head: string;
}

const wordsByName = new Map(mapWords.map((word) => [word.name, word]));

/** Reads a text as far as it goes. Never fails. */
export function describeCText(text: string): CModel {
  const tokens = parseTokens(text);
  return {
    text,
    tokens,
    tables: findTables(text, tokens),
    functions: findFunctions(tokens).map((fn) => describeFunction(text, tokens, fn)),
    structs: findStructs(text, tokens),
    macros: findMacros(text, tokens),
  };
}

function findTables(text: string, tokens: readonly Token[]): CTable[] {
  return tokens.flatMap((token, at): CTable[] => {
    const word = token.kind === "word" && !token.inDirective ? wordsByName.get(token.text) : undefined;
    const close = word !== undefined && tokens[at + 1]?.text === "(" ? findClosing(tokens, at + 1) : undefined;
    if (word === undefined || close === undefined) return [];
    const args = splitAtCommas(tokens, at + 1, close);
    const name = args[word.at] === undefined ? undefined : tokens[args[word.at]!.from];
    if (name?.kind !== "word") return [];
    const given = typeof word.kind === "number" ? args[word.kind] : undefined;
    const kind = given === undefined ? String(word.kind) : readRange(text, tokens, given).replace(/"|[:$].*$/g, "");
    const declaration = text.slice(token.start, tokens[close]!.end).replace(/\s+/g, " ");
    return [{ name: name.text, kind, declaration, word, offset: name.start }];
  });
}

function describeFunction(text: string, tokens: readonly Token[], fn: CFunction): EditedFunction {
  const name = tokens[fn.nameToken]!;
  const named = fn.params.map((param) => readRange(text, tokens, param).trim());
  const head = text.slice(tokens[fn.headToken]!.start, tokens[fn.close]!.end).replace(/\s+/g, " ");
  const made = macroHeads[fn.name]?.(named);
  const first = fn.params[0] === undefined ? undefined : tokens[fn.params[0].from];
  const offset = made !== undefined && made === named[0] && first !== undefined ? first.start : name.start;
  return { ...fn, scriptName: made ?? fn.name, offset, head };
}

/** The names of functions that macros make. Source: BCC's reference guide. */
const macroHeads: Readonly<Record<string, (args: readonly string[]) => string | undefined>> = {
  TRACEPOINT_PROBE: ([category, event]) => `tracepoint__${category}__${event}`,
  RAW_TRACEPOINT_PROBE: ([event]) => `raw_tracepoint__${event}`,
  KFUNC_PROBE: ([fn]) => `kfunc__${fn}`,
  KRETFUNC_PROBE: ([fn]) => `kretfunc__${fn}`,
  KMOD_RET: ([fn]) => `kmod_ret__${fn}`,
  LSM_PROBE: ([hook]) => `lsm__${hook}`,
  BPF_KPROBE: ([name]) => name,
  BPF_KRETPROBE: ([name]) => name,
  BPF_KSYSCALL: ([name]) => name,
  BPF_PROG: ([name]) => name,
};

function findStructs(text: string, tokens: readonly Token[]): Map<string, CStruct> {
  const found = new Map<string, CStruct>();
  for (let at = 0; at < tokens.length; at++) {
    if (tokens[at]!.text !== "struct" && tokens[at]!.text !== "union") continue;
    const tag = tokens[at + 1]?.kind === "word" ? tokens[at + 1]! : undefined;
    const open = tag === undefined ? at + 1 : at + 2;
    if (tokens[open]?.text !== "{") continue;
    const close = findClosing(tokens, open);
    if (close === undefined) continue;
    const members = readMembers(text, tokens, open, close);
    const whole = text.slice(tokens[at]!.start, tokens[close]!.end);
    const add = (name: string, offset: number): void => void found.set(name, { name, text: whole, members, offset });
    if (tag !== undefined) add(`${tokens[at]!.text} ${tag.text}`, tag.start);
    if (tokens[at - 1]?.text === "typedef" && tokens[close + 1]?.kind === "word")
      add(tokens[close + 1]!.text, tokens[close + 1]!.start);
  }
  return found;
}

/** The members between the braces of a struct; those of a nameless struct within are its own. */
function readMembers(text: string, tokens: readonly Token[], open: number, close: number): CMember[] {
  const members: CMember[] = [];
  let from = open + 1;
  for (let at = from; at < close; at++) {
    if (tokens[at]!.text === "{") {
      const end = findClosing(tokens, at) ?? close;
      if (tokens[end + 1]?.text === ";") members.push(...readMembers(text, tokens, at, end));
      at = end;
    } else if (tokens[at]!.text === ";") {
      members.push(...readDeclarators(text, tokens, { from, to: at }));
      from = at + 1;
    }
  }
  return members;
}

/** The names that one declaration declares: `u32 a, *b[4]`. */
export function readDeclarators(text: string, tokens: readonly Token[], range: TokenRange): CMember[] {
  const type = readType(tokens, range.from);
  if (type === undefined) return [];
  const found: CMember[] = [];
  let depth = 0;
  for (let at = type.end; at < range.to; at++) {
    const token = tokens[at]!;
    if ("([{".includes(token.text)) depth++;
    else if (")]}".includes(token.text)) depth--;
    const before = tokens[at - 1]!;
    if (
      depth > 0 ||
      token.kind !== "word" ||
      !(at === type.end || ["*", ",", "const", "volatile"].includes(before.text))
    )
      continue;
    const declaration = `${type.name} ${before.text === "*" ? "*" : ""}${text.slice(token.start, findDeclaratorEnd(tokens, at, range.to))}`;
    found.push({ name: token.text, declaration, type: { name: type.name }, offset: token.start });
  }
  return found;
}

function findDeclaratorEnd(tokens: readonly Token[], at: number, to: number): number {
  let end = tokens[at]!.end;
  for (let next = at + 1; next < to && tokens[next]!.text === "["; next++) {
    const close = findClosing(tokens, next) ?? next;
    end = tokens[close]!.end;
    next = close;
  }
  return end;
}

const qualifiers = new Set(["const", "volatile", "static", "extern", "register", "__user", "__kernel", "restrict"]);
const numberWords = new Set(["unsigned", "signed", "long", "short", "int", "char", "double"]);
const noTypes = new Set([
  "return",
  "goto",
  "if",
  "else",
  "while",
  "for",
  "do",
  "switch",
  "case",
  "break",
  "continue",
  "sizeof",
  "typedef",
  "default",
]);

/** Reads a type that begins at a token; `end` is the index of the token behind it and its stars. */
export function readType(
  tokens: readonly Token[],
  from: number,
): { readonly name: string; readonly end: number } | undefined {
  let at = from;
  const skip = (): void => {
    while (qualifiers.has(tokens[at]?.text ?? "")) at++;
  };
  skip();
  const first = tokens[at];
  if (first?.kind !== "word" || noTypes.has(first.text)) return undefined;
  let name = first.text;
  at++;
  if (["struct", "union", "enum"].includes(name)) {
    if (tokens[at]?.kind !== "word") return undefined;
    name += ` ${tokens[at++]!.text}`;
  } else if (numberWords.has(name)) {
    while (numberWords.has(tokens[at]?.text ?? "")) name += ` ${tokens[at++]!.text}`;
  }
  skip();
  while (tokens[at]?.text === "*" || qualifiers.has(tokens[at]?.text ?? "")) at++;
  return { name, end: at };
}

function findMacros(text: string, tokens: readonly Token[]): Map<string, { text: string; offset: number }> {
  const found = new Map<string, { text: string; offset: number }>();
  for (let at = 0; at + 2 < tokens.length; at++) {
    const name = tokens[at + 2]!;
    if (tokens[at]!.text !== "#" || tokens[at + 1]!.text !== "define" || name.kind !== "word") continue;
    const line = /^(?:[^\n\\]|\\[^])*/.exec(text.slice(tokens[at]!.start))![0];
    found.set(name.text, { text: line, offset: name.start });
  }
  return found;
}
