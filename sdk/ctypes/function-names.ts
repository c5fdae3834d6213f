import type { AfterLast, Clean, Simplify, SplitName, Trim } from "./c-text.ts";

/**
 * The names of the functions that a C text defines, as `fn_name` and `load_func` take them. Any text where functions may come from
 * elsewhere: from a text that is put together at run time, a header of the script's own, or a macro with parameters.
 *
 * @example
 * import { print, type FunctionName } from "bpfts";
 * const text = `int on_read(struct pt_regs *ctx) { return 0; }`;
 * const name: FunctionName<typeof text> = "on_read";
 * print(name); // on_read
 */
export type FunctionName<Text extends string> =
  IsWhole<Text> extends false
    ? string
    : HasHiddenFunctions<Simplify<Text>> extends true
      ? string
      : ReadFunctions<Simplify<Text>>;

/** Whether a text is known to its end; one with `${…}` in it is not. */
export type IsWhole<Text extends string> = Record<never, never> extends Record<Text, 1> ? false : true;

type HasHiddenFunctions<Text extends string> = Text extends `${string}#include "${string}` ? true : HasMacro<Text>;

type HasMacro<Text extends string> = Text extends `${string}#define ${infer After}`
  ? After extends `${infer Name}(${string}`
    ? Name extends `${string}${" " | "\t" | "\n"}${string}`
      ? HasMacro<After>
      : true
    : false
  : false;

type ReadFunctions<Rest extends string, Found extends string = never> = Rest extends `${infer Before}{${infer After}`
  ? ReadFunctions<After, Found | NameBefore<Before>>
  : Found;

/** The name of the function whose body begins behind this text; `never` where the brace is another's. */
type NameBefore<Before extends string> =
  Trim<Before> extends `${infer Head})` ? ReadHead<Clean<AfterLast<AfterLast<Head, ";">, "}">>> : never;

type ReadHead<Head extends string> = Head extends `SEC(${string})${infer Rest}`
  ? ReadHead<Trim<Rest>>
  : Head extends `static ${string}` | `${string}=${string}`
    ? never
    : Head extends `${infer Declared}(${infer Arguments}`
      ? SplitName<Trim<Declared>> extends [infer Words extends string, infer Name extends string]
        ? Name extends keyof MacroPrograms<"", "">
          ? MacroProgram<Name, Arguments>
          : `${Words}${Name}` extends `BPF_${string}`
            ? ReadAfterTable<Arguments>
            : Words extends "" | `${string}#${string}`
              ? never
              : Name extends ControlWord
                ? never
                : Bare<Name>
        : never
      : never;

/** A table's macro without a semicolon stands before the head. */
type ReadAfterTable<S extends string> = S extends `${string})${infer Rest}` ? ReadHead<Trim<Rest>> : never;

type ControlWord = "if" | "for" | "while" | "switch";

/** A star in front of the name belongs to what the function answers. */
type Bare<Name extends string> = Name extends `*${infer Rest}` ? Bare<Trim<Rest>> : Name;

type MacroProgram<
  Macro extends keyof MacroPrograms<"", "">,
  Arguments extends string,
> = Arguments extends `${infer First},${infer Rest}`
  ? MacroPrograms<Trim<First>, Rest extends `${infer Second},${string}` ? Trim<Second> : Trim<Rest>>[Macro]
  : MacroPrograms<Trim<Arguments>, "">[Macro];

/** The functions that macros of the dialect make out of their first two arguments. Source: `runtime/dialect/words/program-forms.ts`. */
interface MacroPrograms<First extends string, Second extends string> {
  TRACEPOINT_PROBE: `tracepoint__${First}__${Second}`;
  RAW_TRACEPOINT_PROBE: `raw_tracepoint__${First}`;
  KFUNC_PROBE: `kfunc__vmlinux__${First}`;
  KRETFUNC_PROBE: `kretfunc__vmlinux__${First}`;
  MODULE_KFUNC_PROBE: `kfunc__${First}__${Second}`;
  MODULE_KRETFUNC_PROBE: `kretfunc__${First}__${Second}`;
  KMOD_RET: `kmod_ret__${First}`;
  LSM_PROBE: `lsm__${First}`;
  BPF_ITER: `bpf_iter__${First}`;
  BPF_PROG: First;
  BPF_PROG2: First;
  BPF_KPROBE: First;
  BPF_KRETPROBE: First;
  BPF_UPROBE: First;
  BPF_URETPROBE: First;
  BPF_KSYSCALL: First;
  BPF_USDT: First;
}
