import { findClosing, parseTokens, readRange, splitAtCommas } from "./lexer.ts";
import type { Token } from "./lexer.ts";
import { readMapMacros } from "./maps.ts";
import { openPass } from "./pass.ts";
import type { Pass } from "./pass.ts";
import type { MapDecl } from "./unit.ts";
import { mapWords } from "./words.ts";

/** A macro of the text's own. */
interface Macro {
  /** Undefined for one without parentheses. */
  readonly params: readonly string[] | undefined;
  readonly body: readonly Token[];
  /** The body as it is written. */
  readonly text: string;
}

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
      const inner = openPass(pass.source, text, () => offset, []);
      found.push(...readMapMacros(inner));
    }
  }
  return found;
}

function readMacros({ tokens, text }: Pass): Map<string, Macro> {
  const macros = new Map<string, Macro>();
  for (let i = 0; i + 2 < tokens.length; i++) {
    if (tokens[i]!.text !== "#" || tokens[i + 1]!.text !== "define" || !tokens[i]!.inDirective) continue;
    const name = tokens[i + 2]!;
    const open = tokens[i + 3];
    const isFunction = open?.text === "(" && open.start === name.end;
    const close = isFunction ? (findClosing(tokens, i + 3) ?? i + 3) : i + 2;
    const params = isFunction ? splitAtCommas(tokens, i + 3, close).map((part) => readRange(text, tokens, part)) : undefined;
    let end = close + 1;
    while (end < tokens.length && tokens[end]!.inDirective && !(tokens[end]!.text === "#" && /(?<!\\)\n/.test(text.slice(tokens[end - 1]!.end, tokens[end]!.start)))) end++;
    const body = tokens.slice(close + 1, end);
    macros.set(name.text, { params, body, text: body.length === 0 ? "" : text.slice(body[0]!.start, body.at(-1)!.end) });
  }
  return macros;
}

/** The macros whose bodies declare maps, by way of others too. */
function listDeclaring(macros: ReadonlyMap<string, Macro>): Set<string> {
  const declaring = new Set<string>();
  for (let before = -1; before !== declaring.size; ) {
    before = declaring.size;
    for (const [name, { body }] of macros) if (!mapMacros.has(name) && body.some(({ text }) => mapMacros.has(text) || declaring.has(text))) declaring.add(name);
  }
  return declaring;
}

/** What a use of a macro becomes, as texts that have map macros in them. */
function expand(text: string, tokens: readonly Token[], at: number, macros: ReadonlyMap<string, Macro>, depth: number): string[] {
  const macro = macros.get(tokens[at]!.text);
  if (macro === undefined || depth > maxDepth) return [];
  let args: string[] = [];
  if (macro.params !== undefined) {
    const close = tokens[at + 1]?.text === "(" ? findClosing(tokens, at + 1) : undefined;
    if (close === undefined) return [];
    args = splitAtCommas(tokens, at + 1, close).map((part) => readRange(text, tokens, part));
  }
  const body = substitute(macro, args);
  const inner = parseTokens(body);
  const nested = inner.flatMap((token, index) => (token.kind === "word" && !mapMacros.has(token.text) ? expand(body, inner, index, macros, depth + 1) : []));
  return [body, ...nested];
}

/** A body with the arguments in place of the parameters; `##` glues. */
function substitute({ params = [], body }: Macro, args: readonly string[]): string {
  const at = new Map(params.map((name, index) => [name, index]));
  const rest = params.length > 0 && params.at(-1) === "..." ? args.slice(params.length - 1).join(", ") : undefined;
  const words = body.map(({ kind, text }) => {
    if (text === "__VA_ARGS__" && rest !== undefined) return rest;
    const index = kind === "word" ? at.get(text) : undefined;
    return index === undefined ? text : (args[index] ?? "");
  });
  return words.join(" ").replaceAll(/\s*##\s*/g, "");
}
