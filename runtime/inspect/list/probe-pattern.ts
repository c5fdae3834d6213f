import { compileGlob } from "../../base/compile-glob.ts";
import { UsageError } from "../../base/errors.ts";
import { compileNamePattern } from "../../kernel/machine/compile-name-pattern.ts";
import type { NameQuery, ProbeSource, UserPlace } from "./probe.ts";

/** What a pattern on the command line asks for. */
export interface ProbePattern {
  /** The kinds that are looked through; undefined when the pattern names none. */
  readonly kinds: readonly ProbeSource[] | undefined;
  readonly query: NameQuery;
  readonly place: UserPlace | undefined;
}

/** How a pattern is read. */
export interface PatternOptions {
  /** Whether the name is a regular expression that must fit whole, as BCC has it, and no glob. */
  readonly isRegex: boolean;
  /** Units: a process's number, 0 for none. */
  readonly pid: number;
}

/**
 * Reads `[KIND:]NAME` or, for user programs, `[KIND:]PATH[:NAME]`. `*`, `?` and `[…]` stand for parts of a name. Without a kind
 * a name is looked for in every kind of the kernel's, and a path means its functions and USDT probes.
 *
 * @throws UsageError
 */
export function parseProbePattern(
  text: string | undefined,
  sources: readonly ProbeSource[],
  { isRegex, pid }: PatternOptions,
): ProbePattern {
  const ofProcess = pid > 0 ? { pid } : undefined;
  if (text === undefined || text === "")
    return { kinds: pid > 0 ? listUser(sources) : undefined, query: compileQuery("*", false), place: ofProcess };
  const [, word, rest] = /^([a-zA-Z_]+)(?::(.*))?$/s.exec(text) ?? [];
  const source = word === undefined ? undefined : findSource(sources, word);
  if (source === undefined) {
    if (text.includes("/")) return readPath(listUser(sources), text, pid, isRegex);
    return { kinds: pid > 0 ? listUser(sources) : undefined, query: compileQuery(text, isRegex), place: ofProcess };
  }
  // A word that is a kind and a name is the kind: "kprobe" lists the kprobes.
  const name = rest === undefined || rest === "" ? "*" : rest;
  if (source.isUser !== true)
    return { kinds: [source], query: compileQuery(name, isRegex && name !== "*"), place: undefined };
  if (rest === undefined || rest === "" || (pid > 0 && !rest.includes("/")))
    return { kinds: [source], query: compileQuery(name, isRegex && name !== "*"), place: ofProcess };
  return readPath([source], rest, pid, isRegex);
}

function listUser(sources: readonly ProbeSource[]): readonly ProbeSource[] {
  return sources.filter(({ isUser }) => isUser);
}

function findSource(sources: readonly ProbeSource[], word: string): ProbeSource | undefined {
  return sources.find(({ kind, aliases }) => kind === word || aliases.includes(word));
}

function readPath(kinds: readonly ProbeSource[], text: string, pid: number, isRegex: boolean): ProbePattern {
  const at = text.indexOf(":");
  const path = at < 0 ? text : text.slice(0, at);
  const name = at < 0 ? "" : text.slice(at + 1);
  if (/[*?]/.test(path))
    throw new UsageError(`Cannot list probes of "${path}": a path has no wildcards`, {
      hint: "name one program or library; the name behind the colon may have them: uprobe:/bin/bash:read*",
    });
  return { kinds, query: compileQuery(name === "" ? "*" : name, isRegex && name !== ""), place: { path, pid } };
}

/** A name with parts fits by all of it or by its last part: `sched_switch` is `sched:sched_switch`. */
function compileQuery(text: string, isRegex: boolean): NameQuery {
  if (isRegex) {
    const pattern = compileNamePattern(text, "whole");
    return { text, test: (name) => pattern.test(name) || pattern.test(lastPart(name)) };
  }
  if (!/[*?[]/.test(text)) return { text, exact: text, test: (name) => name === text || lastPart(name) === text };
  const fits = compileGlob(text);
  return { text, test: (name) => fits(name) || fits(lastPart(name)) };
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(":") + 1);
}
