import type { AfterLast, Simplify, Trim } from "./c-text.ts";
import type { BareName, EventOfVariable, FirstArgument } from "./event-types.ts";
import type { IsWhole } from "./function-names.ts";

/**
 * What an iterator's function writes: the struct of the variable that its first `bpf_seq_write` takes; lines of text where the C text writes no
 * records; `unknown` where the text does not tell.
 */
export type RecordOf<Text extends string, Name extends string> =
  IsWhole<Text> extends false ? unknown : FindRecord<Name, Simplify<Text>>;

type FindRecord<
  Name extends string,
  Text extends string,
  Rest extends string = Text,
  Scope extends string = "",
> = Rest extends `${infer Before}bpf_seq_write(${infer After}`
  ? IsIn<AfterLast<`${Scope}${Before}`, "\n}">, Name> extends true
    ? After extends `${string},${infer Arguments}`
      ? FirstArgument<Arguments> extends [infer Argument extends string]
        ? EventOfVariable<BareName<Trim<Argument>>, `${Scope}${Before}`, Text>
        : unknown
      : unknown
    : FindRecord<Name, Text, After, `${Scope}${Before}bpf_seq_write(`>
  : Text extends `${string}bpf_seq_write(${string}`
    ? unknown
    : string;

/** Whether a text that ends within a function's body is of the function of that name. */
type IsIn<Local extends string, Name extends string> = Local extends `${string}${Name}(${string}`
  ? true
  : Name extends `bpf_iter__${infer Target}`
    ? Local extends `${string}BPF_ITER(${Target})${string}`
      ? true
      : false
    : Local extends `${string}(${Name},${string}`
      ? true
      : false;
