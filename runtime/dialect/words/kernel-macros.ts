import type { DialectEnv } from "../text/env.ts";
import type { Token } from "../text/lexer.ts";
import { findKernelConstant } from "./kernel-constants.ts";

/** What a search for a macro asks the machine. */
type MacroEnv = Pick<
  DialectEnv,
  "macros" | "findEnumValue" | "findKernelConfig" | "arch" | "kernelVersionCode" | "wantedMacros" | "ownMacros"
>;

/** How constants of the kernel's headers are called; everything else is not looked for. */
const constantName = /^(?:_*[A-Z]|__NR_)\w*$/;

/** Words before a name that do not declare it. */
const expressionWords = new Set(["return", "case", "else", "do", "goto", "sizeof", "typeof", "in"]);

/** The value of a macro of the kernel's headers as C text. An enumerator of the running kernel wins: undefined then. */
export function findKernelMacro(name: string, env: MacroEnv): string | undefined {
  if (env.ownMacros.includes(name)) return undefined;
  const value = findKernelConstant(name, env) ?? env.macros.find(name);
  return value === undefined || env.findEnumValue(name) !== undefined ? undefined : value;
}

/** Lists the words of tokens that may be constants of the kernel's headers: no member, and nothing that the text declares. */
export function listConstantNames(tokens: readonly Token[]): Set<string> {
  const used = new Set<string>();
  const own = new Set<string>();
  const enums: boolean[] = [];
  tokens.forEach((token, at) => {
    const { text } = token;
    const before = tokens[at - 1];
    if (text === "{" && token.kind === "punctuator") enums.push(opensEnum(tokens, at));
    else if (text === "}" && token.kind === "punctuator") enums.pop();
    else if (token.kind !== "word" || !constantName.test(text) || before?.text === "." || before?.text === "->") return;
    else if (isDeclared(tokens, at, enums.at(-1) === true)) own.add(text);
    else used.add(text);
  });
  for (const name of own) used.delete(name);
  return used;
}

/** Lists the constants that conditions of a text ask for, `#if`, `#ifdef`, and that it does not define itself. */
export function listConditionNames(tokens: readonly Token[]): Set<string> {
  const asked = new Set<string>();
  const used = listConstantNames(tokens);
  let isCondition = false;
  tokens.forEach(({ text, inDirective }, at) => {
    if (text === "#" && inDirective) isCondition = /^(?:el)?if/.test(tokens[at + 1]?.text ?? "");
    else if (inDirective && isCondition && used.has(text)) asked.add(text);
  });
  return asked;
}

function opensEnum(tokens: readonly Token[], brace: number): boolean {
  return [1, 2].some((back) => tokens[brace - back]?.text === "enum");
}

function isDeclared(tokens: readonly Token[], at: number, inEnum: boolean): boolean {
  const before = tokens[at - 1];
  if (tokens[at]!.inDirective) return before?.text === "define" && tokens[at - 2]?.text === "#";
  if (before === undefined || before.inDirective) return false;
  if (inEnum) return before.text === "{" || before.text === ",";
  return before.kind === "word" && !expressionWords.has(before.text);
}

/**
 * Renders the constants of the kernel's headers that a text names and does not define itself. They stand before the text
 * and not in the prelude, so that nine thousand of them cost nothing, and a text may call things of its own like one.
 *
 * @param taken names of the text's tables and functions
 */
export function renderKernelMacros(names: Iterable<string>, taken: ReadonlySet<string>, env: MacroEnv): string[] {
  const lines: string[] = [];
  for (const name of new Set([...names, ...env.wantedMacros])) {
    const value = taken.has(name) ? undefined : findKernelMacro(name, env);
    // A flag of the script's, -DHZ=100, wins, and so does what our headers say.
    if (value !== undefined) lines.push(`#ifndef ${name}`, `#define ${name} ${value}`, "#endif");
  }
  return lines;
}
