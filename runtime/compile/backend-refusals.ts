/** What the code generator refused of a text that is right C. */
export interface Refusal {
  /** What BPF cannot do, one sentence. */
  readonly message: string;
  /** What to write instead. */
  readonly hint: string;
  /** A warning of clang's that names the places of such code, where the code generator names none. */
  readonly warning?: string;
}

/** What the advice depends on. */
export interface RefusalFacts {
  /** clang's major version. */
  readonly clang: number;
  /** The line that the message is about, undefined when it has no place. */
  readonly lineText?: string;
}

interface RefusalRow {
  /** clang 14's words, and those of the newer ones. */
  readonly pattern: RegExp;
  describe(match: RegExpExecArray, facts: RefusalFacts): Refusal;
}

/** The first clang that writes version 4 of the instruction set, which divides signed numbers. Since: Linux 6.6 */
export const signedDivisionClang = 18;

/** What is said of a signed division that BPF lacks. */
export const noSignedDivision = "BPF divides unsigned numbers only, before version 4 of its instruction set";

const passPointer = "pass a pointer to a struct instead";

const variadic: Refusal = {
  message: "A BPF function cannot take a variable number of arguments",
  hint: "give it its arguments one by one (at most five), or make it a macro: macros may end in ...",
};

const structReturn: Refusal = {
  message: "A BPF function returns one number or pointer, no struct and nothing longer than 64 bits",
  hint: "write the result through a pointer argument, or let clang inline the function (without noinline)",
};

/** Routines of the compiler's own library, which BPF programs have not. First match wins. */
const libraryRows: readonly { readonly pattern: RegExp; describe(name: string): Refusal }[] = [
  {
    pattern: /^(?:memcpy|memmove)$/,
    describe: (name) => ({
      message: `BPF programs cannot call ${name}(): clang can only write out copies of a small constant size`,
      hint: "copy less than 1 KB of a constant size at a time, or use bpf_probe_read_kernel(to, size, from), which takes any size",
    }),
  },
  {
    pattern: /^memset$/,
    describe: () => ({
      message: "BPF programs cannot call memset(): clang can only write out clearing of a small constant size",
      hint: "clear less than 1 KB of a constant size at a time, or copy from a map value that is never written, which is zero",
    }),
  },
  {
    pattern: /^(?:memcmp|bcmp)$/,
    describe: (name) => ({
      message: `BPF programs cannot call ${name}(): there is no C library in the kernel`,
      hint: "write memcmp(a, b, size) with a constant size, without __builtin_",
    }),
  },
  {
    pattern: /^abort$/,
    describe: () => ({
      message: "A BPF program cannot abort",
      hint: "return from the program instead of __builtin_trap()",
    }),
  },
  {
    pattern: /^__(?:u?div|u?mod|u?divmod|mul|mulo|ash[lr]|lshr)[dt]i[34]$/,
    describe: () => ({
      message: "BPF has no arithmetic on 128 bits",
      hint: "stay within 64 bits: divide before you multiply, or multiply halves of 32 bits",
    }),
  },
  {
    pattern:
      /^__\w*(?:[sdtx]f\d?|[sdt]i[sdtx]f|[sdtx]f[sdt]i)$|^(?:sqrt|pow|exp|log|floor|ceil|round|trunc|fm|sin|cos|fabs|ldexp)\w*$/,
    describe: () => ({
      message: "BPF has no floating-point numbers",
      hint: "count in whole numbers (n * 15 / 10 for n * 1.5), or hand the numbers to the script and compute there",
    }),
  },
];

function describeLibraryCall(name: string): Refusal {
  const row = libraryRows.find(({ pattern }) => pattern.test(name));
  return (
    row?.describe(name) ?? {
      message: `BPF programs cannot call ${name}(): there is no C library in the kernel`,
      hint: "write it out as a static function of the text",
    }
  );
}

/** What clang's BPF code generator refuses: one row each, first match wins. */
const rows: readonly RefusalRow[] = [
  {
    pattern: /unsupport(?:ed)? signed division|Cannot select: .* = s(?:div|rem|divrem)\b/i,
    describe: (_, { clang }) => ({
      message: noSignedDivision,
      hint:
        clang < signedDivisionClang
          ? `divide as unsigned, (u64)a / b, where a is never negative; with clang ${signedDivisionClang} or newer and Linux 6.6 or newer, signed division works as it is`
          : "divide as unsigned, (u64)a / b, where a is never negative; from Linux 6.6 on, signed division works as it is",
    }),
  },
  {
    pattern: /unsupported dynamic stack allocation|Cannot select: .*dynamic_stackalloc/i,
    describe: () => ({
      message: "The stack of a BPF program has no room whose size is known only at run time",
      hint: "give the array a constant length (char buf[64]), or use a per-CPU array: BPF_PERCPU_ARRAY(buf, struct data_t, 1)",
      warning: "-Wvla -Walloca",
    }),
  },
  {
    pattern: /variadic functions are not supported|Cannot select: .* = va(?:start|end|arg|copy)\b/i,
    describe: () => variadic,
  },
  {
    pattern: /functions with VarArgs or StructRet/,
    describe: (_, { lineText = "" }) => (lineText.includes("...") ? variadic : structReturn),
  },
  {
    pattern: /aggregate returns are not supported|only (?:small|integer) returns supported|only supports? returns? /i,
    describe: () => structReturn,
  },
  {
    pattern: /too many arg(?:ument)?s|stack arguments are not supported/,
    describe: () => ({
      message: "A BPF function takes at most five arguments",
      hint: `${passPointer}, or let clang inline the function (without noinline)`,
    }),
  },
  {
    pattern: /pass by value not supported/,
    describe: () => ({
      message: "A BPF function cannot take a struct by value",
      hint: `${passPointer}, or let clang inline the function (without noinline)`,
    }),
  },
  {
    pattern: /stack limit(?: of \d+ bytes)? is exceeded/,
    describe: () => ({
      message: "The variables of a BPF function may take 512 bytes of stack, and these take more",
      hint: "keep the large one in a per-CPU array: BPF_PERCPU_ARRAY(buf, struct data_t, 1), then struct data_t *data = buf.lookup(&zero)",
    }),
  },
  { pattern: /built-in function '(\w+)' is not supported/i, describe: (match) => describeLibraryCall(match[1]!) },
  {
    pattern: /unsupported atomic operation|Cannot select: .* = Atomic\w+/i,
    describe: () => ({
      message: "BPF has no such atomic operation",
      hint: "it has __sync_fetch_and_add, _and, _or, _xor, __sync_lock_test_and_set and __sync_val_compare_and_swap, on 32 and 64 bits",
    }),
  },
  {
    pattern: /Cannot select: .* = brind\b|indirectbr/,
    describe: () => ({
      message: "A BPF program cannot jump to an address that it computes",
      hint: "write a switch instead of goto *",
      warning: "-Wgnu-label-as-value",
    }),
  },
  {
    pattern:
      /invalid register\/token name|unexpected token in|invalid operand for instruction|invalid instruction|unrecognized instruction/,
    describe: () => ({
      message: "This is no instruction of BPF's assembler",
      hint: "inline assembly is BPF's own: asm volatile(\"r1 = r2\"), not the machine's",
    }),
  },
  {
    pattern: /Cannot select: \S+ \S+ = (?:BPFISD::)?(\w+)/,
    describe: (match) => ({
      message: `BPF has no instruction for this: clang cannot select one for "${match[1]!}"`,
      hint: "write it with plain arithmetic, loads and stores",
    }),
  },
  {
    pattern: /error in backend: (.*)/,
    describe: (match) => ({
      message: `clang cannot make BPF code of this: ${match[1]!}`,
      hint: "write it with plain arithmetic, loads and stores",
    }),
  },
];

/** Explains a message of the code generator; undefined for what the C itself is refused for. */
export function explainRefusal(message: string, facts: RefusalFacts): Refusal | undefined {
  for (const { pattern, describe } of rows) {
    const match = pattern.exec(message);
    if (match !== null) return describe(match, facts);
  }
  return undefined;
}

/** A place as debug information has it: the file's name may lack its beginning. Units: line and column from 1. */
export interface DebugPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Finds the place that a message of the code generator has in its text. */
export function findDebugPlace(message: string): DebugPlace | undefined {
  const match =
    /could not determine the original source location for (.*):(\d+):(\d+)$|, ([^\s,]+):(\d+):(\d+)(?= |$|Please)/.exec(
      message,
    );
  if (match === null) return undefined;
  const [line, column] = [Number(match[2] ?? match[5]), Number(match[3] ?? match[6])];
  return line === 0 ? undefined : { file: match[1] ?? match[4]!, line, column };
}

/** The function that clang was making code of when it gave up. */
export function findRefusedFunction(stderr: string): string | undefined {
  return /^In function: (\w+)$/m.exec(stderr)?.[1] ?? /on function '@(\w+)'/.exec(stderr)?.[1];
}
