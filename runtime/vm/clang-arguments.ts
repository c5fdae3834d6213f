/** Words that a guest may pass, each with how many words follow it that may be anything but an option. */
const plainWords: Readonly<Record<string, number>> = {
  "-target": 1,
  "-I": 1,
  "-include-pch": 1,
  "-x": 1,
  "-g": 0,
  "-O2": 0,
  "-c": 0,
  "-": 0,
  "-fsyntax-only": 0,
};

/** Words that pass by their form. What loads code, names further outputs or hands words on to other programs has none of these. */
const wordForms: readonly RegExp[] = [
  /^-mcpu=v\d$/,
  /^-[DU][A-Za-z_]\w*(?:=.*)?$/s,
  /^-I[^-].*$/,
  /^-W[a-z0-9][a-z0-9=+-]*$/,
  /^-f(?:ms-extensions|no-stack-protector|no-caret-diagnostics|no-color-diagnostics)$/,
];

/** What may follow `-Xclang`, which could switch anything on. */
const frontEndWords: ReadonlySet<string> = new Set(["-ast-dump=json", "-fno-pch-timestamp"]);

/** What clang shall do for a guest. */
export interface ClangJob {
  /** All arguments but where the output goes. */
  readonly args: readonly string[];
  /** Where the output goes: what is printed, when nothing is said of it. A precompiled header cannot go through a pipe. */
  readonly output?: "pipe" | "file";
}

/**
 * Takes a guest's arguments for clang apart. Undefined for any that is not known to do nothing but read files and make one
 * output, whose place the guest does not choose: a guest must not reach through clang what it cannot reach itself.
 */
export function readClangArguments(args: readonly string[]): ClangJob | undefined {
  const kept: string[] = [];
  let output: ClangJob["output"];
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    const next = args[at + 1];
    if (word === "-o") {
      if (next === undefined) return undefined;
      output = next === "-" ? "pipe" : "file";
      at++;
      continue;
    }
    if (word === "-Xclang") {
      if (next === undefined || !frontEndWords.has(next)) return undefined;
      kept.push(word, next);
      at++;
      continue;
    }
    const following = Object.hasOwn(plainWords, word) ? plainWords[word]! : undefined;
    if (following === 1) {
      if (next === undefined || next.startsWith("-")) return undefined;
      kept.push(word, next);
      at++;
    } else if (following === 0 || wordForms.some((form) => form.test(word)) || /^\/.*\.h$/.test(word)) kept.push(word);
    else return undefined;
  }
  return { args: kept, ...(output !== undefined && { output }) };
}
