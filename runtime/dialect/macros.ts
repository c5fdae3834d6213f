import { findClosing, readRange, splitAtCommas } from "./lexer.ts";
import type { Token } from "./lexer.ts";

/** A macro of the text's own. */
export interface Macro {
  /** Undefined for one without parentheses. */
  readonly params: readonly string[] | undefined;
  readonly body: readonly Token[];
  /** The body as it is written. */
  readonly text: string;
}

/** Finds the macros that a text defines; of several by one name the last. */
export function readMacros({ tokens, text }: { readonly tokens: readonly Token[]; readonly text: string }): Map<string, Macro> {
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

/** A body with the arguments in place of the parameters; `##` glues. */
export function substituteParameters({ params = [], body }: Macro, args: readonly string[]): string {
  const at = new Map(params.map((name, index) => [name, index]));
  const rest = params.length > 0 && params.at(-1) === "..." ? args.slice(params.length - 1).join(", ") : undefined;
  const words = body.map(({ kind, text }) => {
    if (text === "__VA_ARGS__" && rest !== undefined) return rest;
    const index = kind === "word" ? at.get(text) : undefined;
    return index === undefined ? text : (args[index] ?? "");
  });
  return words.join(" ").replaceAll(/\s*##\s*/g, "");
}
