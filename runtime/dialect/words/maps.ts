import { findSimilar } from "../../base/similar.ts";
import { findClosing, readRange, readStringLiteral, splitAtCommas } from "../text/lexer.ts";
import type { TokenRange } from "../text/lexer.ts";
import { makeDialectError } from "../text/pass.ts";
import type { Pass } from "../text/pass.ts";
import type { MapDecl } from "../text/unit.ts";
import { mapKinds } from "../../../sdk/abi/map-kinds.ts";
import { mapWords } from "./map-words.ts";
import type { MapWord } from "./map-words.ts";

const wordsByName = new Map(mapWords.map((word) => [word.name, word]));
const ringKinds: readonly string[] = ["perf_output", "perf_array", "ringbuf"];

/** Gives every ring the index that its lost events are counted under. */
export function numberRings(maps: readonly MapDecl[]): MapDecl[] {
  const indexes = new Map<string, number>();
  return maps.map((map) => {
    if (!ringKinds.includes(map.kind)) return map;
    // Two branches of an `#if` may declare one name: one of them lives.
    const lostIndex = indexes.get(map.name) ?? indexes.size;
    indexes.set(map.name, lostIndex);
    return { ...map, lostIndex };
  });
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
    if (close === undefined)
      throw makeDialectError(pass, token.start, `"${word.name}(" is never closed`, `write ${word.doc}`);
    const args = splitAtCommas(tokens, i + 1, close);
    const isDefinition = tokens[i - 1]?.text === "define" && token.inDirective;
    if (isDefinition) continue;
    if (args.length < word.args[0] || args.length > word.args[1]) {
      if (token.inDirective) continue;
      throw makeDialectError(
        pass,
        token.start,
        `"${word.name}" takes ${renderCount(word.args)}, found ${args.length}`,
        `write ${word.doc}`,
      );
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
      throw makeDialectError(
        pass,
        token.start,
        `The kind of map "${nameToken.text}" must be a string, found "${token.text}"`,
        `write ${word.doc}`,
      );
    }
    const match = /^([^:$]*)(?:\$([^:]*))?(?::(.*))?$/.exec(readStringLiteral(token))!;
    kind = match[1]!;
    inner = match[2];
    pinPath = match[3];
    const kinds = mapKinds.flatMap(({ keywords }) => keywords);
    if (!kinds.includes(kind)) {
      const similar = findSimilar(kind, kinds);
      throw makeDialectError(
        pass,
        token.start,
        `There is no map kind "${kind}"`,
        similar === undefined ? `the kinds are ${kinds.join(", ")}` : `did you mean "${similar}"?`,
      );
    }
    checkShape(pass, word, args, kind, nameToken.text);
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

/** Kinds without keys, and how each is declared. */
const keylessKinds: Readonly<Record<string, string>> = {
  queue: "BPF_QUEUE(name, leaf, size[, flags])",
  stack: "BPF_STACK(name, leaf, size[, flags])",
  bloom_filter: "BPF_BLOOM_FILTER(name, leaf, size[, flags])",
  ringbuf: "BPF_RINGBUF_OUTPUT(name, pages)",
  user_ringbuf: "BPF_USER_RINGBUF(name, pages)",
  arena: "BPF_ARENA(name, pages)",
};

/** Ways to write the type that counters of histograms have. Source: BCC takes `unsigned long long` and its typedefs. */
const wholeCounters = /^(u64|__u64|uint64_t|unsigned long long( int)?|unsigned long( int)?)$/;
const otherLeaves =
  /^(?:((?:un)?signed )?(?:char|short|int|long|long long)(?: int)?|(?:un)?signed|(?:__)?[us](?:8|16|32|64)|u?int(?:8|16|32|64)_t|bool|_Bool|unsigned __int128|__int128)$|^(?:const )?(?:struct|union|enum)\b|\*$|^[^\w]/;

/** @throws DialectError where a kind and a macro do not go together: the kernel would only say that something is invalid. */
function checkShape(pass: Pass, word: MapWord, args: readonly TokenRange[], kind: string, name: string): void {
  const { tokens, text } = pass;
  const takesKey = word.at === 3;
  if (takesKey && Object.hasOwn(keylessKinds, kind)) {
    throw makeDialectError(
      pass,
      tokens[args[1]!.from]!.start,
      `Map "${name}" of kind "${kind}" has no keys: "${word.name}" cannot declare it`,
      `write ${keylessKinds[kind]!}`,
    );
  }
  if (!takesKey && kind !== "queue" && kind !== "stack")
    throw makeDialectError(
      pass,
      tokens[args[0]!.from]!.start,
      `"${word.name}" declares queues and stacks, found kind "${kind}"`,
      `write ${word.doc}`,
    );
  const leaf = kind === "histogram" ? readRange(text, tokens, args[2]!).replace(/\s+/g, " ") : "";
  if (!wholeCounters.test(leaf) && otherLeaves.test(leaf))
    throw makeDialectError(
      pass,
      tokens[args[2]!.from]!.start,
      `The leaf of histogram "${name}" must be u64, found "${leaf}"`,
      `write BPF_HISTOGRAM(${name}, ${readRange(text, tokens, args[1]!)}, ${readRange(text, tokens, args[4]!)}), or BPF_HASH for other counters`,
    );
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
