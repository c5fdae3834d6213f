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
export function readMacros({
  tokens,
  text,
}: {
  readonly tokens: readonly Token[];
  readonly text: string;
}): Map<string, Macro> {
  const macros = new Map<string, Macro>();
  for (let i = 0; i + 2 < tokens.length; i++) {
    if (tokens[i]!.text !== "#" || tokens[i + 1]!.text !== "define" || !tokens[i]!.inDirective) continue;
    const name = tokens[i + 2]!;
    const open = tokens[i + 3];
    const isFunction = open?.text === "(" && open.start === name.end;
    const close = isFunction ? (findClosing(tokens, i + 3) ?? i + 3) : i + 2;
    const params = isFunction
      ? splitAtCommas(tokens, i + 3, close).map((part) => readRange(text, tokens, part))
      : undefined;
    let end = close + 1;
    while (
      end < tokens.length &&
      tokens[end]!.inDirective &&
      !(tokens[end]!.text === "#" && /(?<!\\)\n/.test(text.slice(tokens[end - 1]!.end, tokens[end]!.start)))
    )
      end++;
    const body = tokens.slice(close + 1, end);
    macros.set(name.text, {
      params,
      body,
      text: body.length === 0 ? "" : text.slice(body[0]!.start, body.at(-1)!.end),
    });
  }
  return macros;
}

/** A macro's body with its arguments in place; undefined when they are too many, or it asks for what only the preprocessor can tell. Source: C17 6.10.3, and GNU's `, ## rest`. */
export function expandMacro({ params = [], body }: Macro, args: readonly string[]): string | undefined {
  const rest = params.at(-1)?.endsWith("...") === true ? params.at(-1)!.slice(0, -3) || "__VA_ARGS__" : undefined;
  const names = rest === undefined ? params : [...params.slice(0, -1), rest];
  const given =
    rest === undefined
      ? args
      : [
          ...args.slice(0, names.length - 1),
          ...(args.length < names.length ? [] : [args.slice(names.length - 1).join(", ")]),
        ];
  if (given.length > Math.max(names.length, 1) || body.some(({ text }) => text === "__VA_OPT__")) return undefined;
  const findArgument = (token: Token | undefined): string | undefined =>
    token?.kind === "word" && names.includes(token.text) ? (given[names.indexOf(token.text)] ?? "") : undefined;
  let text = "";
  for (let at = 0; at < body.length; at++) {
    const token = body[at]!;
    const next = body[at + 1];
    const argument = findArgument(token);
    if (token.text === "##") text = text.trimEnd();
    else if (token.text === "#" && findArgument(next) !== undefined) {
      text += ` ${JSON.stringify(findArgument(next))}`;
      at++;
    } else if (token.text === "," && next?.text === "##" && body[at + 2]?.text === rest) {
      // The comma goes when there is nothing behind it, and is glued to nothing else.
      text += given.length < names.length ? "" : `, ${findArgument(body[at + 2])!}`;
      at += 2;
    } else if (argument !== undefined) text += body[at - 1]?.text === "##" ? argument : ` ${argument} `;
    else text += (at > 0 && body[at - 1]!.text !== "##" && token.start > body[at - 1]!.end ? " " : "") + token.text;
  }
  return text.trim();
}

/** Whether the text says beyond doubt what a macro is: defined once, never taken back, and not by itself. */
export function isMacroCertain(name: string, tokens: readonly Token[], macros: ReadonlyMap<string, Macro>): boolean {
  const directives = tokens.filter(
    (token, at) => token.text === name && token.inDirective && /^(define|undef)$/.test(tokens[at - 1]?.text ?? ""),
  );
  const seen = new Set<string>();
  const reach = (macro: Macro): boolean =>
    macro.body.every(({ kind, text }) => {
      if (text === name) return false;
      const inner = kind === "word" && !seen.has(text) ? macros.get(text) : undefined;
      seen.add(text);
      return inner === undefined || reach(inner);
    });
  return directives.length === 1 && reach(macros.get(name)!);
}
