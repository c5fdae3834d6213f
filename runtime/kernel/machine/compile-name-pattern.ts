import { createRequire } from "node:module";
import type { RE2JS } from "re2js";
import { ArgumentError } from "../../base/errors.ts";
import type { NamePattern } from "../../base/name-pattern.ts";

/** What of a name a pattern must fit: all of it, or its start. */
export type PatternExtent = "whole" | "start";

/**
 * Compiles a script's pattern with RE2, whose time grows with the name and never with the ways to fit it: the host cannot be
 * interrupted in the middle of a search. The syntax is Python's and JavaScript's as far as RE2 has it.
 *
 * @throws ArgumentError when it is no regular expression, or has what RE2 lacks
 */
export function compileNamePattern(pattern: string, extent: PatternExtent, flags = ""): NamePattern {
  const re2 = loadEngine();
  const source = translatePattern(pattern);
  let bits = 0;
  if (flags.includes("i")) bits |= re2.CASE_INSENSITIVE;
  if (flags.includes("s")) bits |= re2.DOTALL;
  if (flags.includes("m")) bits |= re2.MULTILINE;
  try {
    // By itself first: a parenthesis too many must not close the group below.
    const whole = re2.compile(source, bits);
    if (extent === "whole") return { test: (name) => whole.testExact(name) };
    const start = re2.compile(`\\A(?:${source})`, bits);
    return { test: (name) => start.test(name) };
  } catch (cause) {
    throw describeRefusal(pattern, cause as Error);
  }
}

type Engine = typeof RE2JS;

let engine: Engine | undefined;

/** Not before a script has a pattern: it takes 10 ms. */
function loadEngine(): Engine {
  engine ??= (createRequire(import.meta.url)("re2js") as { RE2JS: Engine }).RE2JS;
  return engine;
}

/** Spellings of Python's and JavaScript's that RE2 has by another name. A backslash and what follows it stay together. */
const spellings = /\\(?:Z|u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|c([A-Za-z])|[^])|\[\^\]|\[\]|\{,(\d+)\}|\(\?[au]+\)/g;

function translatePattern(pattern: string): string {
  return pattern.replace(spellings, (text, braced?: string, unicode?: string, control?: string, most?: string) => {
    if (text === "\\Z") return "\\z";
    if (text === "[^]") return "(?s:.)";
    if (text === "[]") return "[^\\x{0}-\\x{10FFFF}]";
    if (most !== undefined) return `{0,${most}}`;
    if (control !== undefined) return `\\x{${(control.toUpperCase().charCodeAt(0) & 31).toString(16)}}`;
    if (braced !== undefined || unicode !== undefined) return `\\x{${braced ?? unicode}}`;
    // Python's flags for texts, which RE2 has not: names are ASCII.
    if (text.startsWith("(?")) return "";
    return text;
  });
}

/** What backtracking engines have and RE2 has not, as it is written. */
const missing: readonly (readonly [RegExp, string])[] = [
  [/\(\?<?[=!]/, "looks ahead or behind: (?=…), (?!…), (?<=…), (?<!…)"],
  [/\\[1-9]|\\k<|\(\?P=/, "refers back to a group: \\1, \\k<name>, (?P=name)"],
  [/\(\?>|[*+?}]\+/, "has a possessive repetition or an atomic group: a++, (?>…)"],
  [/\(\?\(/, "has a condition: (?(1)…|…)"],
];

function describeRefusal(pattern: string, cause: Error): ArgumentError {
  const reason = cause.message.replace(/^error parsing regexp: /, "");
  const lacking = /unsupported Perl syntax|invalid escape|named capture|nested repetition/.test(reason)
    ? missing.find(([spelling]) => spelling.test(pattern))
    : undefined;
  if (lacking === undefined) {
    return new ArgumentError(`Cannot read the pattern "${pattern}": ${reason}`, {
      cause,
      hint: "the syntax is RE2's: https://github.com/google/re2/wiki/Syntax",
    });
  }
  return new ArgumentError(
    `Cannot use the pattern "${pattern}": it ${lacking[1]}, which patterns for names do not have`,
    {
      cause,
      hint: 'take a simpler pattern and filter the names in the script: BPF.get_kprobe_functions("vfs_.*").filter((name) => …)',
    },
  );
}
