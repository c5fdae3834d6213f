import type { FunctionName } from "../ctypes/function-names.ts";
import { BPF as BpfProgram } from "./bpf-program.ts";
import type { BpfOptions } from "./bpf-options.ts";
import type { AnyTables } from "./table-choice.ts";
import type { TablesOf } from "./table-types.ts";

/**
 * A program of C functions that run in the kernel, with its tables. `BPF` alone is a program of any tables, as a function takes it that serves
 * every program; `BPF<{ counts: Table<number, bigint> }>` is one that has at least that table. `Functions` tells which functions `fn_name` can name.
 */
export type BPF<Tables = AnyTables, Functions = AnyTables> = BpfProgram<Tables, Functions>;

/** What the types know of the functions of a text. Editors show these types: only a text with iterators or system call programs, whose records and contexts are typed from it, is kept whole. */
type FunctionsOf<Text extends string> = Text extends `${string}${"BPF_ITER(" | 'SEC("iter' | 'SEC("syscall'}${string}`
  ? { readonly fn_name: FunctionName<Text>; readonly text: Text }
  : { readonly fn_name: FunctionName<Text> };

/**
 * What `new BPF(…)` is, and the calls that need no program.
 *
 * @example
 * import { BPF, print, type BpfClass } from "bpfts";
 * const open = (Program: BpfClass, key: "u32" | "u64"): BPF => new Program({ text: `BPF_HASH(counts, ${key}, u64);` });
 * print(open(BPF, "u32").get_table("counts").size); // 0
 */
export type BpfClass = Omit<typeof BpfProgram, "prototype"> & {
  /**
   * Compiles C in BCC's dialect, creates its maps and attaches the functions whose names or macros say where to; everything is detached when
   * the script ends. The tables, their types and the functions are known from the text itself where it is a literal.
   *
   * Source: BCC's class BPF.
   *
   * @throws BpfError when the C is wrong, the kernel refuses it, or a probe cannot be attached
   */
  new <const Text extends string = string>(
    options: BpfOptions<Text>,
    cflags?: readonly string[],
    debug?: number,
  ): BPF<TablesOf<Text>, FunctionsOf<Text>>;
  /** What all programs have. */
  readonly prototype: BPF;
};

/**
 * Makes programs; its static calls ask about the running kernel and its processes.
 *
 * @example
 * import { BPF, print } from "bpfts";
 * using b = new BPF({ text: `BPF_HASH(counts, u32, u64);` });
 * b.tables.counts.set(1, 2n);
 * print(b.tables.counts.get(1));
 */
export const BPF: BpfClass = BpfProgram;
