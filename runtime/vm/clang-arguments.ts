import { readClangFlags } from "../base/clang-flags.ts";

/** Words of our own that a guest may pass besides those which change the code alone, each with how many words follow it. */
const plainWords: Readonly<Record<string, number>> = {
  "-target": 1,
  "-include-pch": 1,
  "-x": 1,
  "-c": 0,
  "-": 0,
  "-fsyntax-only": 0,
};

/** What may follow `-Xclang`, which could switch anything on. */
const frontEndWords: ReadonlySet<string> = new Set(["-ast-dump=json", "-fno-pch-timestamp"]);

/** What clang shall do for a guest. */
export interface ClangJob {
  /** All arguments but where the output goes. */
  readonly args: readonly string[];
  /** Where the output goes: what is printed, when nothing is said of it. A precompiled header cannot go through a pipe. */
  readonly output?: "pipe" | "file";
  /** The files and folders that the arguments name. */
  readonly readable: readonly string[];
}

/**
 * Takes a guest's arguments for clang apart. Undefined for any that is not known to do nothing but read files and make one
 * output, whose place the guest does not choose: a guest must not reach through clang what it cannot reach itself.
 */
export function readClangArguments(args: readonly string[]): ClangJob | undefined {
  const kept: string[] = [];
  const readable: string[] = [];
  let output: ClangJob["output"];
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    const next = args[at + 1];
    const following = Object.hasOwn(plainWords, word) ? plainWords[word]! : undefined;
    if (word === "-o") {
      if (next === undefined) return undefined;
      output = next === "-" ? "pipe" : "file";
      at++;
    } else if (word === "-Xclang") {
      if (next === undefined || !frontEndWords.has(next)) return undefined;
      kept.push(word, next);
      at++;
    } else if (following === 1) {
      if (next === undefined || next.startsWith("-")) return undefined;
      if (word === "-include-pch") readable.push(next);
      kept.push(word, next);
      at++;
    } else if (following === 0) kept.push(word);
    else if (/^\/.*\.h$/.test(word)) {
      readable.push(word);
      kept.push(word);
    } else {
      const flag = readClangFlags(args.slice(at))[0]!;
      if (flag.kind !== "code" && flag.kind !== "folder") return undefined;
      if (flag.folder !== undefined) readable.push(flag.folder);
      kept.push(...flag.words);
      at += flag.words.length - 1;
    }
  }
  return { args: kept, readable, ...(output !== undefined && { output }) };
}
