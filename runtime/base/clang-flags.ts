/** `-f` and `-fno-` of these change the code or what is warned of: no file is read or written, no code loaded, no other kind of output made. */
const codeOptions = [
  "addrsig",
  "ansi-escape-codes",
  "asm",
  "asm-blocks",
  "asynchronous-unwind-tables",
  "blocks",
  "bracket-depth",
  "builtin",
  "builtin-[a-z0-9_]+",
  "caret-diagnostics",
  "cf-protection",
  "color-diagnostics",
  "common",
  "data-sections",
  "debug-info-for-profiling",
  "debug-macro",
  "delete-null-pointer-checks",
  "dollars-in-identifiers",
  "eliminate-unused-debug-types",
  "error-limit",
  "exceptions",
  "fast-math",
  "finite-loops",
  "freestanding",
  "function-sections",
  "gnu-keywords",
  "gnu89-inline",
  "hosted",
  "ident",
  "inline",
  "inline-functions",
  "inline-hint-functions",
  "jump-tables",
  "lax-vector-conversions",
  "macro-backtrace-limit",
  "math-errno",
  "merge-all-constants",
  "ms-compatibility",
  "ms-extensions",
  "omit-frame-pointer",
  "optimize-sibling-calls",
  "pack-struct",
  "pic",
  "PIC",
  "pie",
  "PIE",
  "semantic-interposition",
  "short-enums",
  "signed-char",
  "slp-vectorize",
  "spell-checking",
  "stack-protector",
  "stack-protector-all",
  "stack-protector-strong",
  "standalone-debug",
  "strict-aliasing",
  "strict-enums",
  "strict-float-cast-overflow",
  "strict-overflow",
  "strict-return",
  "strict-vtable-pointers",
  "template-backtrace-limit",
  "trapv",
  "trigraphs",
  "unroll-loops",
  "unsigned-char",
  "unwind-tables",
  "vectorize",
  "verbose-asm",
  "visibility",
  "wrapv",
  "zero-initialized-in-bss",
];

/** Flags that change the code alone. What loads code, names files, makes further outputs or hands words on to other programs has none of these forms. */
const codeForms: readonly RegExp[] = [
  /^-[DU][A-Za-z_]\w*(?:\([\w, .]*\))?(?:=.*)?$/s,
  /^-W(?:[a-z0-9#][a-zA-Z0-9#=+_-]*)?$/,
  /^-w$/,
  /^-pedantic(?:-errors)?$/,
  /^-O(?:[0-3sgz]|fast)?$/,
  /^-std=(?:c|gnu|iso9899:)[0-9a-z]+$/,
  /^-ansi$/,
  /^-g(?:[0-3]|dwarf(?:-[2-5])?|line-tables-only)?$/,
  /^-mcpu=(?:v\d|generic)$/,
  new RegExp(`^-f(?:no-)?(?:${codeOptions.join("|")})(?:=[A-Za-z0-9_.+-]+)?$`),
];

/** Flags whose second word is a name with what it stands for. */
const definitionForm = /^-[DU]$/;
/** Flags that name a folder of headers, in one word or two. */
const folderForm = /^-(?:I|iquote|isystem|idirafter)/;
/** What follows `-mllvm`: the back end's own options, and none that names a file. */
const backEndForm = /^-bpf-[a-z-]+(?:=\w+)?$/;

/** Flags with which clang makes something else than an object, or nothing. */
const otherOutput =
  /^-(?:E|S|M|MM|P|###|v|emit-.*|fsyntax-only|flto.*|fembed-bitcode.*|ast-dump.*|-version|-help.*|help|-?print-.*|dumpversion|dumpmachine|-?analyze|rewrite-.*|fdriver-only|c-index-test)$/;

/** One flag, with the word that belongs to it. */
export interface ClangFlag {
  /**
   * `code`: it changes the code alone. `folder`: it names a folder of headers. `output`: clang would make no object.
   * `other`: it may do anything else, read and write files and load code among it.
   */
  readonly kind: "code" | "folder" | "output" | "other";
  /** As they were written. */
  readonly words: readonly string[];
  /** The folder, and the option before it. */
  readonly folder?: string;
  readonly option?: string;
}

/** Takes flags for clang apart, and says of each what it may do. Whatever is not known is `other`. */
export function readClangFlags(words: readonly string[]): ClangFlag[] {
  const flags: ClangFlag[] = [];
  for (let at = 0; at < words.length; at++) {
    const flag = readFlag(words[at]!, words[at + 1]);
    flags.push(flag);
    at += flag.words.length - 1;
  }
  return flags;
}

function readFlag(word: string, next: string | undefined): ClangFlag {
  const option = folderForm.exec(word)?.[0];
  if (option !== undefined) {
    const isWhole = word.length > option.length;
    const folder = isWhole ? word.slice(option.length) : next;
    // clang takes "-I-" and a following option for something else.
    if (folder === undefined || folder === "" || folder.startsWith("-")) return { kind: "other", words: [word] };
    return { kind: "folder", words: isWhole ? [word] : [word, folder], folder, option };
  }
  if (definitionForm.test(word) && next !== undefined && codeForms[0]!.test(word + next))
    return { kind: "code", words: [word, next] };
  if (word === "-mllvm" && next !== undefined && backEndForm.test(next)) return { kind: "code", words: [word, next] };
  if (codeForms.some((form) => form.test(word))) return { kind: "code", words: [word] };
  return { kind: otherOutput.test(word) ? "output" : "other", words: [word] };
}
