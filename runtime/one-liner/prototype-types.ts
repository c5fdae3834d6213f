import { splitAtCommas } from "../dialect/text/lexer.ts";
import type { Token } from "../dialect/text/lexer.ts";
import type { FunctionTypes } from "./function-types.ts";
import type { Line, LineProbe } from "./parse-line.ts";

/** Widths of C's words for integers where programs of 64 bits run; `char` has no sign on some of them, and is read as C compilers for x86 do. */
const integers: Readonly<Record<string, string>> = {
  char: "s8",
  "signed char": "s8",
  "unsigned char": "u8",
  bool: "u8",
  _Bool: "u8",
  short: "s16",
  "unsigned short": "u16",
  int: "s32",
  signed: "s32",
  unsigned: "u32",
  "unsigned int": "u32",
  long: "s64",
  "unsigned long": "u64",
  "long long": "s64",
  "unsigned long long": "u64",
  ssize_t: "s64",
  size_t: "u64",
  off_t: "s64",
  pid_t: "s32",
  uid_t: "u32",
  gid_t: "u32",
  mode_t: "u32",
};

/**
 * Reads what functions of programs take and return from the prototypes of the text: `int parse(const char *text, int depth);`. Answers what
 * tells it of a probe; undefined for a function without a prototype, and for types that are not known.
 */
export function readPrototypes(line: Line): (probe: LineProbe) => FunctionTypes | undefined {
  const found = new Map<string, FunctionTypes>();
  for (const { from, to } of line.declarations) {
    const tokens = line.tokens.slice(from, to);
    if (tokens.some(({ inDirective }) => inDirective) || tokens.at(-1)?.text !== ";") continue;
    const open = tokens.findIndex(({ text }) => text === "(");
    const name = tokens[open - 1];
    if (open < 2 || name?.kind !== "word" || tokens.at(-2)?.text !== ")") continue;
    const types = describePrototype(tokens, open);
    if (types !== undefined) found.set(name.text, types);
  }
  return ({ kind, parts }) => (/^u(?:ret)?probe$/.test(kind.words[0] ?? "") ? found.get(parts[1] ?? "") : undefined);
}

function describePrototype(tokens: readonly Token[], open: number): FunctionTypes | undefined {
  const returned = tokens.slice(0, open - 1);
  const returns = isVoid(returned) ? "void" : describeType(returned, false);
  const parts = splitAtCommas(tokens, open, tokens.length - 2).map(({ from, to }) => tokens.slice(from, to));
  const isVariadic = parts.at(-1)?.[0]?.text.startsWith(".") === true;
  const named = (isVariadic ? parts.slice(0, -1) : parts).filter((part) => !isVoid(part));
  const parameters = named.map((part) => describeType(part, true));
  if (returns === undefined || parameters.includes(undefined)) return undefined;
  return { parameters: parameters as string[], isVariadic, returns };
}

const isVoid = (tokens: readonly Token[]): boolean =>
  describeWords(tokens) === "void" && !tokens.some(({ text }) => text === "*");

const describeWords = (tokens: readonly Token[]): string =>
  tokens
    .map(({ text }) => text)
    .filter((text) => !/^(?:const|volatile|restrict|extern|static|inline|register)$/.test(text))
    .join(" ");

/** The C type of what stands in a register; undefined for what is not known to fit into one. */
function describeType(tokens: readonly Token[], isNamed: boolean): string | undefined {
  if (tokens.some(({ text }) => /^[*[(]$/.test(text))) return "u64";
  const words = describeWords(tokens).replace(/\b(short|long) int\b/, "$1");
  if (/^[su](?:8|16|32|64)$/.test(words)) return words;
  if (Object.hasOwn(integers, words)) return integers[words];
  const fixed = /^(u?)int(8|16|32|64)_t$/.exec(words);
  if (fixed !== null) return `${fixed[1] === "u" ? "u" : "s"}${fixed[2]!}`;
  if (/^enum \w+$/.test(words)) return "s32";
  // The last word may be the parameter's name.
  return isNamed && tokens.length > 1 ? describeType(tokens.slice(0, -1), false) : undefined;
}
