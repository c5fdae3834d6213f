/**
 * Everything about the machine that the dialect must be told. Closures, so that
 * text and AST stay the only inputs: the folder itself touches nothing.
 */
export interface DialectEnv extends KernelNames {
  /** The text of tracefs' `events/<category>/<event>/format`, undefined when there is no such tracepoint or no access. */
  readTracepointFormat(category: string, event: string): string | undefined;
  /** The value of a kernel configuration option: `"y"`, `"m"`, a number, a quoted string; undefined when off or unknown. */
  findKernelConfig(name: string): string | undefined;
  readonly macros: MacroTable;
  /** The kernel's headers, without `uapi/`. */
  readonly headers: HeaderList;
  /** Macros of the kernel's that headers of the user's own turned out to name: they stand before the text. */
  readonly wantedMacros: readonly string[];
  /** Macros of the kernel's whose names the text turned out to give to things of its own: they are left out. */
  readonly ownMacros: readonly string[];
  readonly arch: "x86" | "arm64";
  readonly onlineCpus: number;
  readonly possibleCpus: number;
  /** Source: LINUX_VERSION_CODE of the running kernel. */
  readonly kernelVersionCode: number;
  /** Whether system call entries take their registers through a struct pt_regs (CONFIG_ARCH_HAS_SYSCALL_WRAPPER). */
  readonly haveSyscallWrapper: boolean;
  /** Headers with the types of modules, which stand before the text. */
  readonly moduleHeaders: readonly string[];
  /** A module that is not loaded and has a type of that name; `isSure` when its file was seen to have it. */
  findUnloadedModule(name: string): UnloadedModule | undefined;
  /** The names of the helpers that programs may call. */
  listHelpers(): readonly string[];
}

/** Numbers that are macros in the kernel's uapi headers. */
export interface MacroTable {
  /** The value as C text, undefined when the headers have no such number for this architecture. */
  find(name: string): string | undefined;
  /** Whether only another architecture's headers have it. */
  isElsewhere(name: string): boolean;
  /** All names for this architecture; slow, for messages. */
  listNames(): string[];
}

/** The names of the kernel's headers. A kernel may have others. */
export interface HeaderList {
  has(name: string): boolean;
  /** All names; slow, for messages. */
  listNames(): string[];
}

/** Where a type may come from that this kernel does not have now. */
export interface UnloadedModule {
  readonly module: string;
  readonly isSure: boolean;
}

/** Names that the kernel's types bring along. */
export interface KernelNames {
  /** The value of an enumerator of the kernel's, undefined when there is none of that name. */
  findEnumValue(name: string): bigint | undefined;
  /** Whether the kernel's types have this one. `kind` is the C keyword, or `typedef`. */
  haveType(kind: "struct" | "union" | "enum" | "typedef", name: string): boolean;
  /** Whether a member is a bit-field: clang's AST does not tell. `record` is the named struct or union around it, `"struct sock_common"`. */
  isBitField(record: string, member: string): boolean;
}
