/**
 * C text as TypeScript's types see it. A pattern with a union in it is tried once for each member and on
 * long texts that is what type checking costs, so the unions here meet short texts only.
 */

type Space = " " | "\n" | "\t" | "\r";

/** A text without white space at its ends. */
export type Trim<S extends string> = S extends `${Space}${infer Rest}` ? Trim<Rest> : TrimEnd<S>;
type TrimEnd<S extends string> = S extends `${infer Rest}${Space}` ? TrimEnd<Rest> : S;

/** A text of which the lines that a backslash continues are one, without comments and attributes. */
export type Simplify<S extends string> = DropAttributes<StripComments<JoinLines<S>>>;
type JoinLines<S extends string, Done extends string = ""> = S extends `${infer Before}\\\n${infer Rest}`
  ? JoinLines<Rest, `${Done}${Before} `>
  : `${Done}${S}`;
type StripComments<S extends string, Done extends string = ""> = S extends `${infer Before}/${infer Rest}`
  ? Rest extends `*${infer Comment}`
    ? Comment extends `${string}*/${infer After}`
      ? StripComments<DropBlank<After>, `${Done}${EndBlank<Before>}`>
      : `${Done}${Before}`
    : Rest extends `/${infer Comment}`
      ? Comment extends `${string}\n${infer After}`
        ? StripComments<After, `${Done}${Before}\n`>
        : `${Done}${Before}`
      : StripComments<Rest, `${Done}${Before}/`>
  : `${Done}${S}`;
type DropAttributes<S extends string, Done extends string = ""> = S extends `${infer Before}__attribute__${infer Rest}`
  ? Rest extends `${string}))${infer After}`
    ? DropAttributes<DropBlank<CloseParentheses<After>>, `${Done}${EndBlank<Before>}`>
    : `${Done}${Before}`
  : `${Done}${S}`;
/** An attribute's own parentheses close behind those of its arguments. */
type CloseParentheses<S extends string> = S extends `)${infer Rest}` ? CloseParentheses<Rest> : S;
type DropBlank<S extends string> = S extends ` ${infer Rest}` ? DropBlank<Rest> : S;
type EndBlank<S extends string> = S extends `${string} ` ? S : `${S} `;

/** What stands behind the last `Mark`; the whole text where there is none. */
export type AfterLast<S extends string, Mark extends string> = S extends `${string}${Mark}${infer Rest}`
  ? AfterLast<Rest, Mark>
  : S;

/** White space within a declaration as single blanks; lines for the preprocessor left out. */
export type Clean<S extends string> = Trim<Blank<DropDirectives<S>>>;
type DropDirectives<S extends string> = S extends `${infer Before}#${string}\n${infer After}`
  ? DropDirectives<`${Before}\n${After}`>
  : S;
type Blank<S extends string> = S extends `${infer A}\n${infer B}`
  ? Blank<`${A} ${B}`>
  : S extends `${infer A}\t${infer B}`
    ? Blank<`${A} ${B}`>
    : S extends `${infer A}\r${infer B}`
      ? Blank<`${A} ${B}`>
      : S extends `${infer A}  ${infer B}`
        ? Blank<`${A} ${B}`>
        : S;

/** The type's words and the declarator: `["unsigned int", "x[4]"]`. A star in front of the name is the declarator's. */
export type SplitName<S extends string> = S extends `${infer Head}[${infer Lengths}`
  ? SplitWords<Trim<Head>> extends [infer Words, infer Name extends string]
    ? [Words, `${Name}[${Lengths}`]
    : never
  : S extends `${infer Head}:${infer Width}`
    ? SplitWords<Trim<Head>> extends [infer Words, infer Name extends string]
      ? [Words, `${Name}:${Width}`]
      : never
    : SplitWords<S>;
type SplitWords<S extends string, Words extends string = ""> = S extends `${infer Word} ${infer Rest}`
  ? SplitWords<Trim<Rest>, Words extends "" ? Word : `${Words} ${Word}`>
  : S extends `${infer Word}*${infer Name}`
    ? Word extends ""
      ? [Words, S]
      : [Words extends "" ? Word : `${Words} ${Word}`, `*${Name}`]
    : [Words, S];

/** Whether what comes behind this text stands under a condition of the preprocessor; `Before` is how it began. */
export type IsConditional<
  S extends string,
  Before extends boolean,
> = S extends `${string}#${infer Line}\n${infer After}`
  ? IsConditional<
      After,
      Trim<Line> extends `endif${string}` ? false : Trim<Line> extends `if${string}` | `el${string}` ? true : Before
    >
  : Before;
