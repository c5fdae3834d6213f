import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { readClangFlags } from "../base/clang-flags.ts";
import type { ClangFlag } from "../base/clang-flags.ts";
import { CompileError } from "../base/errors.ts";

/** Where the folders of `-I` may lie. */
export interface FlagScope {
  /** Where relative folders start from, after the current folder. */
  readonly folder?: string;
  /** Whether a path leads to what the script may read. */
  covers(path: string): boolean;
}

const allowed = "cflags may hold -D, -U, -I, -W, -O, -std=, -mcpu= and those -f… that change the code alone";

/**
 * Takes a script's own flags for clang: only those that change the code and nothing else, and folders that the script may read. Answers
 * them with the folders made absolute.
 *
 * @throws CompileError that names the flag and says what to do.
 */
export function checkCflags(cflags: readonly string[], scope: FlagScope): string[] {
  for (const [index, word] of cflags.entries()) {
    if (word.includes("\0"))
      throw new CompileError(`The flag cflags[${index}] has a NUL character in it: ${JSON.stringify(word)}`, {
        hint: "leave it out",
      });
    if (word === "") throw new CompileError(`The flag cflags[${index}] is empty`, { hint: "leave it out" });
  }
  return readClangFlags(cflags).flatMap((flag) => checkFlag(flag, scope));
}

function checkFlag(flag: ClangFlag, scope: FlagScope): readonly string[] {
  const shown = `"${flag.words.join(" ")}"`;
  switch (flag.kind) {
    case "code":
      return flag.words;
    case "folder":
      return [`${flag.option!}${requireFolder(flag, scope)}`];
    case "output":
      throw new CompileError(`The flag ${shown} in cflags is no way to an object, which bpfts needs from clang`, {
        hint: "leave it out; bpfts check --emit c prints the C text",
      });
    case "other":
      throw new CompileError(`The flag ${shown} is not allowed in cflags`, {
        hint: `${advise(flag.words[0]!)}; ${allowed}`,
      });
  }
}

function requireFolder({ words, folder }: ClangFlag, scope: FlagScope): string {
  const candidates = [resolve(folder!), ...(scope.folder === undefined ? [] : [resolve(scope.folder, folder!)])];
  const found = candidates.find((path) => scope.covers(path) && existsSync(path));
  if (found !== undefined) return found;
  const covered = candidates.find((path) => scope.covers(path));
  // One that is not there is no error of clang's either.
  if (covered !== undefined) return covered;
  throw new CompileError(
    `The flag "${words.join(" ")}" in cflags names a folder that the script may not read: "${candidates.at(-1)!}"`,
    {
      hint: `a script reads files below its own folder; grant this one on the command line: -I ${candidates.at(-1)!}`,
    },
  );
}

/** What somebody who wrote the flag may want. */
function advise(word: string): string {
  if (!word.startsWith("-"))
    return word.startsWith("@") ? "list the flags themselves" : "the C text stands in text or src_file";
  if (/^-(?:include|imacros)/.test(word)) return "write #include in the C text";
  if (/^-(?:target|triple|m|-target)/.test(word)) return "bpfts chooses the target";
  return "it may read or write files, or load code";
}
