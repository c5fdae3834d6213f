import type { AfterLast, Clean, Trim } from "./c-text.ts";
import type { CType } from "./c-types.ts";

/**
 * What a perf or ring buffer of a C text carries: the struct of the variable that the text hands to it first, as the nearest declaration before says.
 *
 * Source: BCC takes event types the same way, for `table.event()`.
 */
export type FindEvent<
  Name extends string,
  Text extends string,
  Rest extends string = Text,
  Scope extends string = "",
> = Rest extends `${infer Before}${Name}.${infer After}`
  ? EndsWord<AfterLast<Before, "\n">> extends true
    ? SubmittedBy<After> extends [infer Argument extends string]
      ? EventOfVariable<BareName<Trim<Argument>>, `${Scope}${Before}`, Text>
      : FindEvent<Name, Text, After, `${Scope}${Before}${Name}.`>
    : FindEvent<Name, Text, After, `${Scope}${Before}${Name}.`>
  : unknown;

/** Whether a word may begin behind this text. */
type EndsWord<Line extends string> = Line extends
  | ""
  | `${string}${" " | "\t" | "(" | ";" | "{" | "}" | ")" | "!" | "="}`
  ? true
  : false;

/** The argument that is the event, of a call of `perf_submit` or one of its kind, in a list of one. */
type SubmittedBy<Call extends string> = Call extends `perf_submit(${string},${infer Rest}`
  ? FirstArgument<Rest>
  : Call extends `ringbuf_${"output" | "submit"}(${infer Rest}`
    ? FirstArgument<Rest>
    : Call extends `perf_submit_skb(${string},${string},${infer Rest}`
      ? FirstArgument<Rest>
      : [];

/** What stands before the first comma, in a list of one. */
export type FirstArgument<S extends string> = S extends `${infer Argument},${string}` ? [Argument] : [];

/** A variable without casts and the sign that takes its address. */
export type BareName<S extends string> = S extends `(${string})${infer Rest}`
  ? BareName<Trim<Rest>>
  : S extends `&${infer Rest}`
    ? BareName<Trim<Rest>>
    : S;

/** What a plain variable is; in the function first: a line that begins with a brace ends the one before it. */
export type EventOfVariable<Variable extends string, Before extends string, Text extends string> = Variable extends
  | ""
  | `${string}${"." | ">" | "*" | "(" | "[" | " "}${string}`
  ? unknown
  : DeclaredType<AfterLast<Before, "\n}">, Variable, Text> extends [infer Event]
    ? Event
    : DeclaredType<Before, Variable, Text> extends [infer Event]
      ? Event
      : unknown;

/** The type of the last declaration of a variable in this text, in a list of one; an empty list where there is none. `Kept` is what stands before `S` in its statement. */
type DeclaredType<
  S extends string,
  Variable extends string,
  Text extends string,
  Found = [],
  Kept extends string = "",
> = S extends `${infer Head}${Variable}${infer After}`
  ? AfterLast<`${Kept}${Head}`, ";"> extends infer Statement extends string
    ? [BeginsWord<AfterLast<Head, "\n">>, After] extends [
        true,
        `${" " | ";" | "=" | "," | ")" | "[" | "{" | "\n"}${string}`,
      ]
      ? ReadType<LastWords<Statement>, Text> extends [infer Event]
        ? DeclaredType<After, Variable, Text, [After extends `[${string}` ? unknown : Event], Variable>
        : DeclaredType<After, Variable, Text, Found, `${Statement}${Variable}`>
      : DeclaredType<After, Variable, Text, Found, `${Statement}${Variable}`>
    : Found
  : Found;

/** Whether a declared name may begin behind this text. */
type BeginsWord<Line extends string> = Line extends "" | `${string}${" " | "\t" | "*" | "(" | ","}` ? true : false;

/** What a declaration begins with. */
type LastWords<S extends string> = Clean<
  AfterLast<AfterLast<AfterLast<AfterLast<AfterLast<S, "\n}">, "{">, "}">, "(">, ",">
>;

/** The event type that words before a variable name, where they name one. A pointer's target is what is submitted. */
type ReadType<Words extends string, Text extends string> = Words extends
  | ""
  | "return"
  | `${string}${"&" | "=" | "." | ">" | "!" | ")" | "#"}${string}`
  ? []
  : Words extends `${infer Bare}*${string}`
    ? ReadType<Trim<Bare>, Text>
    : Words extends `struct ${string}` | `union ${string}`
      ? [CType<Words, Text>]
      : ReadPlain<Words, Text>;

type ReadPlain<Words extends string, Text extends string> =
  CType<Words, Text> extends infer Value ? (unknown extends Value ? [] : [Value]) : [];
