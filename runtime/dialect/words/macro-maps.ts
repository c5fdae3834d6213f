import { findClosing, parseTokens, readRange, splitAtCommas } from "../text/lexer.ts";
import type { Token } from "../text/lexer.ts";
import { expandMacro, readMacros } from "../text/macros.ts";
import type { Macro } from "../text/macros.ts";
import { readMapMacros } from "./maps.ts";
import { openPass } from "../text/pass.ts";
import type { Pass } from "../text/pass.ts";
import type { MapDecl } from "../text/unit.ts";
import { mapWords } from "./map-words.ts";

const mapMacros = new Set(mapWords.map(({ name }) => name));
const maxDepth = 8;

/**
 * Finds the maps that the text declares through macros of its own:
 * `#define RING(name) BPF_RINGBUF_OUTPUT(name, 8)`, then `RING(events);`. The
 * preprocessor declares them in any case; what is known of a ring here is the
 * place of its lost events.
 */
export function findMacroMaps(pass: Pass): MapDecl[] {
  const macros = readMacros(pass);
  const declaring = listDeclaring(macros);
  if (declaring.size === 0) return [];
  const found: MapDecl[] = [];
  const { tokens } = pass;
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.inDirective) continue;
    if (token.text === "{") depth++;
    else if (token.text === "}") depth--;
    if (depth > 0 || token.kind !== "word" || !declaring.has(token.text)) continue;
    const offset = pass.findOrigin(token.start);
    for (const text of expand(pass.text, tokens, i, macros, 0)) {
      const inner = openPass(pass.source, text, [[{ at: 0, origin: offset, isInserted: true }]], []);
      found.push(...readMapMacros(inner));
    }
  }
  return found;
}

/** The macros whose bodies declare maps, by way of others too. */
function listDeclaring(macros: ReadonlyMap<string, Macro>): Set<string> {
  const declaring = new Set<string>();
  for (let before = -1; before !== declaring.size; ) {
    before = declaring.size;
    for (const [name, { body }] of macros)
      if (!mapMacros.has(name) && body.some(({ text }) => mapMacros.has(text) || declaring.has(text)))
        declaring.add(name);
  }
  return declaring;
}

/** What a use of a macro becomes, as texts that have map macros in them. */
function expand(
  text: string,
  tokens: readonly Token[],
  at: number,
  macros: ReadonlyMap<string, Macro>,
  depth: number,
): string[] {
  const macro = macros.get(tokens[at]!.text);
  if (macro === undefined || depth > maxDepth) return [];
  let args: string[] = [];
  if (macro.params !== undefined) {
    const close = tokens[at + 1]?.text === "(" ? findClosing(tokens, at + 1) : undefined;
    if (close === undefined) return [];
    args = splitAtCommas(tokens, at + 1, close).map((part) => readRange(text, tokens, part));
  }
  const body = expandMacro(macro, args);
  if (body === undefined) return [];
  const inner = parseTokens(body);
  const nested = inner.flatMap((token, index) =>
    token.kind === "word" && !mapMacros.has(token.text) ? expand(body, inner, index, macros, depth + 1) : [],
  );
  return [body, ...nested];
}
