/**
 * Types out of C text, by TypeScript itself: what a struct of the text is in the script. Only types stand here;
 * nothing of it runs. What the text does not tell is `unknown`.
 */

type Space = " " | "\n" | "\t" | "\r";

/** A text without white space at its ends. */
export type Trim<S extends string> = S extends `${Space}${infer Rest}` ? Trim<Rest> : S extends `${infer Rest}${Space}` ? Trim<Rest> : S;

/** A text without comments. */
export type StripComments<S extends string> = StripLines<StripBlocks<S>>;
type StripBlocks<S extends string, Done extends string = ""> = S extends `${infer Before}/*${infer Rest}`
  ? Rest extends `${string}*/${infer After}`
    ? StripBlocks<After, `${Done}${Before} `>
    : `${Done}${Before}`
  : `${Done}${S}`;
type StripLines<S extends string, Done extends string = ""> = S extends `${infer Before}//${infer Rest}`
  ? Rest extends `${string}\n${infer After}`
    ? StripLines<After, `${Done}${Before}\n`>
    : `${Done}${Before}`
  : `${Done}${S}`;

type BigName =
  | "u64" | "s64" | "__u64" | "__s64" | "__be64" | "__le64" | "uint64_t" | "int64_t" | "size_t" | "ssize_t" | "uintptr_t" | "intptr_t" | "loff_t" | "ktime_t" | "sector_t" | "time64_t" | "dma_addr_t"
  | "long" | "long int" | "unsigned long" | "unsigned long int" | "long unsigned int" | "long long" | "long long int" | "unsigned long long" | "unsigned long long int" | "long long unsigned int"
  | "__int128" | "unsigned __int128" | "signed long" | "signed long long" | "u128" | "s128" | "__u128" | "__s128";

type ByteName = "u8" | "s8" | "__u8" | "__s8" | "uint8_t" | "int8_t" | "unsigned char" | "signed char" | "u_char";

type NumberName =
  | ByteName
  | "u16" | "s16" | "u32" | "s32" | "__u16" | "__s16" | "__u32" | "__s32" | "__be16" | "__be32" | "__le16" | "__le32" | "__wsum" | "__sum16" | "uint16_t" | "int16_t" | "uint32_t" | "int32_t"
  | "int" | "signed" | "signed int" | "unsigned" | "unsigned int" | "uint" | "u_int" | "short" | "short int" | "unsigned short" | "unsigned short int" | "signed short" | "ushort"
  | "float" | "double" | "pid_t" | "uid_t" | "gid_t" | "dev_t" | "mode_t" | "umode_t" | "gfp_t" | "fmode_t" | "sa_family_t" | "kuid_t" | "kgid_t" | "dma_cookie_t" | "ino32_t";

/** What a C type without its stars and brackets is in the script. */
export type CType<Name extends string, Text extends string> = Name extends `${"const" | "volatile" | "static" | "extern" | "register"} ${infer Rest}`
  ? CType<Trim<Rest>, Text>
  : Name extends `${string}*${string}`
    ? bigint
    : Name extends BigName
      ? bigint
      : Name extends NumberName
        ? number
        : Name extends "char"
          ? string
          : Name extends "bool" | "_Bool"
            ? boolean
            : Name extends `enum ${string}`
              ? number
              : Name extends `${"struct" | "union"} ${infer Tag}`
                ? FindStruct<Trim<Tag>, Text>
                : FindTypedef<Name, Text>;

/** A struct of the text by its tag. */
export type FindStruct<Tag extends string, Text extends string> = Text extends `${string}${"struct" | "union"} ${Tag}${"" | " " | "\n"}{${infer Rest}` ? ReadBody<Rest, Text>[0] : unknown;

type FindTypedef<Name extends string, Text extends string> = Text extends `${infer Before}} ${Name};${string}`
  ? AfterLastTypedef<Before> extends `${string}{${infer Body}`
    ? ReadBody<`${Body}} ${Name};`, Text>[0]
    : unknown
  : Text extends `${infer Before} ${Name};${string}`
    ? AfterLastTypedef<Before> extends infer Type extends string
      ? Type extends "" | `${string};${string}`
        ? unknown
        : CType<Trim<Type>, Text>
      : unknown
    : unknown;

type AfterLastTypedef<S extends string, Found extends string = ""> = S extends `${string}typedef ${infer Rest}` ? AfterLastTypedef<Rest, Rest> : Found;

/** Reads members up to the closing brace: the object type, and the text behind the brace. */
type ReadBody<S extends string, Text extends string, Members = unknown> = S extends `${infer Head};${infer Tail}`
  ? Head extends `${infer Last}}${infer After}`
    ? Last extends `${string}{${string}`
      ? ReadInner<S, Text, Members>
      : [Flatten<Members>, `${After};${Tail}`]
    : Head extends `${string}{${string}`
      ? ReadInner<S, Text, Members>
      : ReadBody<Tail, Text, Members & Declare<Clean<Head>, Text>>
  : [Flatten<Members>, ""];

/** A struct or union within a struct: its members are the outer one's when it has no name. */
type ReadInner<S extends string, Text extends string, Members> = S extends `${string}{${infer Inner}`
  ? ReadBody<Inner, Text> extends [infer Object, infer Rest extends string]
    ? Rest extends `${infer Name};${infer Tail}`
      ? ReadBody<Tail, Text, Members & (Trim<Name> extends "" ? Object : DeclareAs<Trim<Name>, Object, false>)>
      : [Flatten<Members>, ""]
    : never
  : never;

type Flatten<Members> = unknown extends Members ? Record<never, never> : { [Name in keyof Members]: Members[Name] };

/** White space within a declaration as single blanks, attributes left out. */
type Clean<S extends string> = S extends `${infer A}__attribute__${string}` ? Clean<A> : Trim<Blank<S>>;
type Blank<S extends string> = S extends `${infer A}${"\n" | "\t" | "\r"}${infer B}` ? Blank<`${A} ${B}`> : S extends `${infer A}  ${infer B}` ? Blank<`${A} ${B}`> : S;

/** `u32 a, b[4]` as an object type. */
type Declare<S extends string, Text extends string> = S extends ""
  ? unknown
  : S extends `${infer First},${infer More}`
    ? SplitName<First> extends [infer Type extends string, infer Name extends string]
      ? DeclareOne<Type, Name, Text> & DeclareMore<Type, More, Text>
      : unknown
    : SplitName<S> extends [infer Type extends string, infer Name extends string]
      ? DeclareOne<Type, Name, Text>
      : unknown;
type DeclareMore<Type extends string, S extends string, Text extends string> = S extends `${infer Name},${infer More}`
  ? DeclareOne<Type, Trim<Name>, Text> & DeclareMore<Type, More, Text>
  : DeclareOne<Type, Trim<S>, Text>;

/** The type's words and the declarator: `["unsigned int", "x[4]"]`. A star is the type's. */
type SplitName<S extends string, Words extends string = ""> = S extends `${infer Word} ${infer Rest}`
  ? Rest extends `[${string}` | `:${string}`
    ? [Words, Trim<S>]
    : SplitName<Trim<Rest>, Words extends "" ? Word : `${Words} ${Word}`>
  : [Words, S];

type DeclareOne<Type extends string, Name extends string, Text extends string> = Name extends `*${infer Bare}`
  ? DeclareOne<`${Type}*`, Trim<Bare>, Text>
  : Name extends `${infer Bare}:${string}`
    ? DeclareAs<Trim<Bare>, CType<Type, Text>, false>
    : DeclareAs<Name, CType<Type, Text>, Type extends ByteName | `const ${ByteName}` ? true : false>;

type DeclareAs<Name extends string, Value, IsByte> = Name extends ""
  ? unknown
  : Name extends `${infer Bare}[${infer Lengths}`
    ? { [N in Trim<Bare>]: Nest<Lengths, Value, IsByte> }
    : { [N in Name]: Value };

/** Text for `char[]`, bytes for `u8[]`, else arrays; more brackets are arrays of them. */
type Nest<Lengths extends string, Value, IsByte> = Lengths extends `${string}[${infer More}` ? Nest<More, Value, IsByte>[] : IsByte extends true ? Uint8Array : [Value] extends [string] ? string : Value[];
