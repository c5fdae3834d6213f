import { ownFlavour } from "../../base/own-flavour.ts";
import type { KernelNames } from "../text/env.ts";
import { findClosing } from "../text/lexer.ts";
import type { Token } from "../text/lexer.ts";
import type { Pass } from "../text/pass.ts";
import { mapKinds } from "../../../sdk/abi/map-kinds.ts";

/** Words that our map macros, and libbpf's, are made of: a macro of the text's own by such a name would take them apart. */
const macroWords = new Set([
  ...mapKinds.flatMap(({ keywords }) => keywords),
  "type",
  "key",
  "value",
  "values",
  "max_entries",
  "map_flags",
  "map_extra",
]);

/** Types that texts repeat as they are in the kernel: C accepts an equal typedef twice. */
const repeatedTypedefs = new Set([
  "u8",
  "u16",
  "u32",
  "u64",
  "s8",
  "s16",
  "s32",
  "s64",
  "__u8",
  "__u16",
  "__u32",
  "__u64",
  "__s8",
  "__s16",
  "__s32",
  "__s64",
  "uint8_t",
  "uint16_t",
  "uint32_t",
  "uint64_t",
  "int8_t",
  "int16_t",
  "int32_t",
  "int64_t",
  "bool",
  "size_t",
  "ssize_t",
  "pid_t",
  "uid_t",
  "gid_t",
  "dev_t",
]);

/**
 * Renames the types and enumerators that the text defines although the kernel's
 * types have one of that name: both can be used then, each by its own code. And macros by words that our own macros need.
 */
export function renameShadowingTypes(pass: Pass, names: KernelNames): void {
  const tags = new Set<string>();
  const words = new Set<string>();
  const macros = new Set<string>();
  const { tokens } = pass;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (
      token.text === "define" &&
      tokens[i - 1]?.text === "#" &&
      macroWords.has(tokens[i + 1]?.text ?? "") &&
      !isFunctionMacro(tokens, i + 1)
    )
      macros.add(tokens[i + 1]!.text);
    if (isTagKeyword(token)) {
      const at = skipAttributes(tokens, i + 1);
      const brace = tokens[at]?.text === "{" ? at : skipAttributes(tokens, at + 1);
      if (
        tokens[at]?.kind === "word" &&
        tokens[brace]?.text === "{" &&
        names.haveType(token.text as "struct", tokens[at]!.text)
      )
        tags.add(`${token.text} ${tokens[at]!.text}`);
      if (token.text === "enum" && (tokens[at]?.text === "{" || tokens[brace]?.text === "{"))
        for (const name of listEnumerators(tokens, tokens[at]?.text === "{" ? at : brace))
          if (names.findEnumValue(name) !== undefined) words.add(name);
    }
    if (token.text === "typedef" && !token.inDirective) {
      const name = findTypedefName(tokens, i);
      if (name !== undefined && !repeatedTypedefs.has(name) && names.haveType("typedef", name)) words.add(name);
    }
  }
  if (tags.size + words.size + macros.size === 0) return;
  const members = listMembers(tokens, (word) => words.has(word));
  tokens.forEach((token, at) => {
    if (token.kind !== "word") return;
    const before = tokens[at - 1]?.text ?? "";
    if (
      /^(struct|union|enum)$/.test(before)
        ? tags.has(`${before} ${token.text}`)
        : macros.has(token.text) || (words.has(token.text) && !members.has(at))
    )
      pass.edits.insert(token.end, ownFlavour);
  });
}

/** The indexes of those words that name members: behind `.` and `->`, and where a record declares them. */
export function listMembers(tokens: readonly Token[], isWanted: (word: string) => boolean): Set<number> {
  const found = new Set<number>();
  /** For each open brace, whether it is a record's. */
  const braces: boolean[] = [];
  tokens.forEach(({ kind, text }, at) => {
    if (text === "{") braces.push(opensRecord(tokens, at));
    else if (text === "}") braces.pop();
    else if (
      kind === "word" &&
      isWanted(text) &&
      (/^(\.|->)$/.test(tokens[at - 1]?.text ?? "") || (braces.at(-1) === true && isMemberName(tokens, at)))
    )
      found.add(at);
  });
  return found;
}

function opensRecord(tokens: readonly Token[], brace: number): boolean {
  return [1, 2].some((back) => /^(struct|union)$/.test(tokens[brace - back]?.text ?? ""));
}

/** Whether a word between a record's braces names a member, and is neither its type nor in its array's length or its width. */
function isMemberName(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1]!;
  return (
    (before.kind === "word" || before.text === "*" || before.text === ",") &&
    /^[;,[:]$/.test(tokens[at + 1]?.text ?? "")
  );
}

/** One with parentheses stands in nobody's way: our words have none behind them. */
function isFunctionMacro(tokens: readonly Token[], name: number): boolean {
  return tokens[name + 1]?.text === "(" && tokens[name + 1]!.start === tokens[name]!.end;
}

function isTagKeyword(token: Token): boolean {
  return token.kind === "word" && (token.text === "struct" || token.text === "union" || token.text === "enum");
}

function skipAttributes(tokens: readonly Token[], from: number): number {
  let at = from;
  while (tokens[at]?.text === "__attribute__" || tokens[at]?.text === "__packed") {
    if (tokens[at]!.text === "__packed") at++;
    else at = (findClosing(tokens, at + 1) ?? at) + 1;
  }
  return at;
}

/** The names that an enum's braces declare. */
function listEnumerators(tokens: readonly Token[], brace: number): string[] {
  const close = findClosing(tokens, brace) ?? brace;
  const names: string[] = [];
  for (let i = brace + 1; i < close; i++)
    if (tokens[i]!.kind === "word" && (tokens[i - 1]!.text === "{" || tokens[i - 1]!.text === ","))
      names.push(tokens[i]!.text);
  return names;
}

/** The name that a `typedef` gives: the last word before its `;`, or the one in `(*name)`. */
function findTypedefName(tokens: readonly Token[], at: number): string | undefined {
  let last: string | undefined;
  for (let i = at + 1; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.text === ";") return last;
    if (token.text === "{") i = findClosing(tokens, i) ?? i;
    else if (token.text === "__attribute__") i = findClosing(tokens, i + 1) ?? i;
    else if (token.text === "[") i = findClosing(tokens, i) ?? i;
    else if (token.text === "(" && tokens[i + 1]?.text === "*") return tokens[i + 2]?.text;
    else if (token.kind === "word") last = token.text;
  }
  return undefined;
}
