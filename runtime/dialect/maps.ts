import { findSimilar } from "../base/similar.ts";
import { findClosing, readStringLiteral, splitAtCommas } from "./lexer.ts";
import type { TokenRange } from "./lexer.ts";
import { makeDialectError } from "./pass.ts";
import type { Pass } from "./pass.ts";
import type { MapDecl } from "./unit.ts";
import { mapKinds, mapWords } from "./words.ts";
import type { MapWord } from "./words.ts";

const wordsByName = new Map(mapWords.map((word) => [word.name, word]));
const ringKinds: readonly string[] = ["perf_output", "perf_array", "ringbuf"];

/** Gives every ring the index that its lost events are counted under. */
export function numberRings(maps: readonly MapDecl[]): MapDecl[] {
  let rings = 0;
  return maps.map((map) => (ringKinds.includes(map.kind) ? { ...map, lostIndex: rings++ } : map));
}

/**
 * Finds the maps that the text declares with BCC's macros and takes the quotes
 * off kinds and inner maps, so that the macros of `bpf-headers/` can paste them.
 *
 * @throws DialectError for a kind that does not exist and for a wrong number of arguments.
 */
export function readMapMacros(pass: Pass): MapDecl[] {
  const maps: MapDecl[] = [];
  const { tokens } = pass;
  for (let i = 0; i + 1 < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.kind !== "word" || !token.text.startsWith("BPF_") || tokens[i + 1]!.text !== "(") continue;
    const word = wordsByName.get(token.text);
    if (word === undefined) continue;
    const close = findClosing(tokens, i + 1);
    if (close === undefined) throw makeDialectError(pass, token.start, `"${word.name}(" is never closed`, `write ${word.doc}`);
    const args = splitAtCommas(tokens, i + 1, close);
    const isDefinition = tokens[i - 1]?.text === "define" && token.inDirective;
    if (isDefinition) continue;
    if (args.length < word.args[0] || args.length > word.args[1]) {
      if (token.inDirective) continue;
      throw makeDialectError(pass, token.start, `"${word.name}" takes ${renderCount(word.args)}, found ${args.length}`, `write ${word.doc}`);
    }
    const decl = readMapMacro(pass, word, args);
    if (decl !== undefined && !token.inDirective) maps.push(decl);
  }
  return maps;
}

/** Reads one use of a map macro; undefined when the name is no plain word (a macro's own parameter pasting). */
function readMapMacro(pass: Pass, word: MapWord, args: readonly TokenRange[]): MapDecl | undefined {
  const { tokens } = pass;
  const nameToken = tokens[args[word.at]!.from];
  if (nameToken?.kind !== "word" || args[word.at]!.to !== args[word.at]!.from + 1) return undefined;
  let kind = "";
  let pinPath: string | undefined;
  let inner: string | undefined;
  if (typeof word.kind === "string") {
    kind = word.kind;
  } else {
    const token = tokens[args[word.kind]!.from]!;
    if (token.kind !== "string") {
      if (token.inDirective) return undefined;
      throw makeDialectError(pass, token.start, `The kind of map "${nameToken.text}" must be a string, found "${token.text}"`, `write ${word.doc}`);
    }
    const match = /^([^:$]*)(?:\$([^:]*))?(?::(.*))?$/.exec(readStringLiteral(token))!;
    kind = match[1]!;
    inner = match[2];
    pinPath = match[3];
    if (!(kind in mapKinds)) {
      const similar = findSimilar(kind, Object.keys(mapKinds));
      throw makeDialectError(pass, token.start, `There is no map kind "${kind}"`, similar === undefined ? `the kinds are ${Object.keys(mapKinds).join(", ")}` : `did you mean "${similar}"?`);
    }
    pass.edits.replace(token.start, token.end, kind);
    if (inner !== undefined) rewriteInnerTable(pass, word, args, inner);
  }
  const pinToken = word.pin === undefined ? undefined : tokens[args[word.pin]?.from ?? -1];
  if (pinToken?.kind === "string") pinPath = readStringLiteral(pinToken);
  if (word.inner !== undefined) {
    const at = word.inner === "second-or-third" ? (args.length === 2 ? 1 : 2) : word.inner;
    const token = tokens[args[at]!.from]!;
    if (token.kind === "string") {
      inner = readStringLiteral(token);
      pass.edits.replace(token.start, token.end, inner);
    }
  }
  const sharing = kind === "extern" ? "extern" : word.sharing;
  return {
    name: nameToken.text,
    kind,
    offset: pass.findOrigin(nameToken.start),
    ...(pinPath === undefined ? {} : { pinPath }),
    ...(inner === undefined ? {} : { inner }),
    ...(sharing === undefined ? {} : { sharing }),
  };
}

/** `BPF_TABLE("array_of_maps$inner", K, V, name, n)`: the leaf is the inner map. */
function rewriteInnerTable(pass: Pass, word: MapWord, args: readonly TokenRange[], inner: string): void {
  const macro = pass.tokens[args[0]!.from - 2]!;
  const leaf = args[2];
  if (leaf === undefined || word.at !== 3) return;
  pass.edits.replace(macro.start, macro.end, "bpfts_inner_table");
  const first = pass.tokens[leaf.from]!;
  pass.edits.replace(first.start, pass.tokens[leaf.to - 1]!.end, inner);
}

/** Renders an argument count: `1 argument`, `2 to 4 arguments`. */
export function renderCount([min, max]: readonly [min: number, max: number]): string {
  if (min !== max) return `${min} to ${max} arguments`;
  return min === 1 ? "1 argument" : `${min} arguments`;
}
