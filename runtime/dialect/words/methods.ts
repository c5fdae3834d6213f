import { findSimilar } from "../../base/similar.ts";
import type { CFunction } from "../text/functions.ts";
import { findClosing, splitAtCommas } from "../text/lexer.ts";
import { renderCount } from "./maps.ts";
import { addWarning, makeDialectError } from "../text/pass.ts";
import type { Pass } from "../text/pass.ts";
import type { MapDecl } from "../text/unit.ts";
import { methodWords } from "./method-words.ts";
import type { MethodWord } from "./method-words.ts";

const wordsByName = new Map(methodWords.map((word) => [word.name, word]));

/** Kinds of map that have every key from the beginning. */
const fullKinds: readonly string[] = ["array", "percpu_array"];

/** `counts.key` in `typeof` and `sizeof`: what BCC's map variable has as members. */
const memberMacros: Readonly<Record<string, string>> = {
  key: "bpfts_key",
  leaf: "bpfts_leaf",
  max_entries: "bpfts_max_entries",
  flags: "bpfts_flags",
};

/**
 * Turns `map.method(args)` into `bpfts_method(map, args)`, in the bodies of the
 * user's own macros too, and answers the maps that send events.
 *
 * @throws DialectError for a method that does not exist, a wrong number of arguments, a kind of map that has no such method.
 */
export function rewriteMethods(pass: Pass, maps: readonly MapDecl[], functions: readonly CFunction[]): Set<string> {
  const { tokens, edits } = pass;
  // Two branches of an `#if` may declare one name; which of them lives, only the preprocessor can tell.
  const known = new Map<string, MapDecl[]>();
  for (const map of maps) known.set(map.name, [...(known.get(map.name) ?? []), map]);
  const senders = new Set<string>();
  for (let i = 0; i + 2 < tokens.length; i++) {
    if (tokens[i + 1]!.text !== "." || tokens[i]!.kind !== "word") continue;
    const before = tokens[i - 1]?.text;
    if (before === "." || before === "->") continue;
    const [receiver, , member] = [tokens[i]!, tokens[i + 1]!, tokens[i + 2]!];
    const rivals = known.get(receiver.text) ?? [];
    const map = rivals[0];
    const isCall = tokens[i + 3]?.text === "(";
    if (!isCall) {
      const macro = map === undefined ? undefined : memberMacros[member.text];
      if (macro !== undefined) edits.replace(receiver.start, member.end, `${macro}(${receiver.text})`);
      continue;
    }
    const word = wordsByName.get(member.text);
    if (word === undefined) {
      if (map === undefined) continue;
      throw makeDialectError(
        pass,
        member.start,
        `Map "${map.name}" has no method "${member.text}"`,
        suggestMethod(member.text),
      );
    }
    if (map !== undefined) checkKind(pass, rivals, word, member.start);
    const close = findClosing(tokens, i + 3);
    if (close === undefined)
      throw makeDialectError(pass, member.start, `"${receiver.text}.${member.text}(" is never closed`);
    const args = splitAtCommas(tokens, i + 3, close);
    if ((args.length < word.args[0] || args.length > word.args[1]) && !receiver.inDirective) {
      throw makeDialectError(
        pass,
        member.start,
        `"${receiver.text}.${word.name}" takes ${renderCount(word.args)}, found ${args.length}`,
        word.doc,
      );
    }
    if (word.name === "insert" && map !== undefined && rivals.every(({ kind }) => fullKinds.includes(kind)))
      addWarning(
        pass,
        member.start,
        `"${map.name}.insert" always fails: an array has all its keys`,
        wordsByName.get("update")!.doc,
      );
    if (word.losing) senders.add(receiver.text);
    const macro =
      word.name === "lookup_or_init" && isInVoidFunction(functions, receiver.start)
        ? "bpfts_lookup_or_init_void"
        : word.macro;
    edits.replace(receiver.start, tokens[i + 3]!.end, `${macro}(${receiver.text}${args.length === 0 ? "" : ", "}`);
    for (const arg of args) {
      if (!hasOpenComma(pass, arg.from, arg.to)) continue;
      edits.insert(tokens[arg.from]!.start, "(");
      edits.insert(tokens[arg.to - 1]!.end, ")");
    }
  }
  return senders;
}

/** Whether the preprocessor would split this argument: a comma in braces or brackets, outside of parentheses. */
function hasOpenComma(pass: Pass, from: number, to: number): boolean {
  let depth = 0;
  for (let i = from; i < to; i++) {
    const { text, kind } = pass.tokens[i]!;
    if (kind !== "punctuator") continue;
    if (text === "(") depth++;
    else if (text === ")") depth--;
    else if (text === "," && depth === 0) return true;
  }
  return false;
}

function isInVoidFunction(functions: readonly CFunction[], offset: number): boolean {
  return functions.some(
    (fn) => fn.returnsVoid && !fn.isProgram && fn.bodyStart < offset && offset < (fn.bodyEnd ?? Infinity),
  );
}

function checkKind(pass: Pass, rivals: readonly MapDecl[], word: MethodWord, offset: number): void {
  const { kinds } = word;
  if (kinds === undefined || rivals.some(({ kind }) => kinds.includes(kind))) return;
  const map = rivals[0]!;
  throw makeDialectError(
    pass,
    offset,
    `Map "${map.name}" of kind "${map.kind}" has no method "${word.name}"`,
    `"${word.name}" is for maps of kind ${kinds.filter((kind) => kind !== "extern").join(", ")}`,
  );
}

function suggestMethod(name: string): string {
  const similar = findSimilar(name, wordsByName.keys());
  return similar === undefined
    ? `the methods are ${[...wordsByName.keys()].join(", ")}`
    : `did you mean "${similar}"? ${wordsByName.get(similar)!.doc}`;
}
