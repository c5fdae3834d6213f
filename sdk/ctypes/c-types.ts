import type { AfterLast, Clean, IsConditional, SplitName, Trim } from "./c-text.ts";

/**
 * Types out of C text, by TypeScript itself: what a type of the text is in the script. Only types stand here;
 * nothing of it runs. What the text does not tell is `unknown`.
 */

type Named<Names extends string, Value> = { readonly [Name in Names]: Value };

type ByteName = "u8" | "__u8" | "uint8_t" | "u_int8_t" | "unsigned char" | "u_char" | "unchar";

/** The C types that mean the same in every text. Source: the kernel's include/linux/types.h */
interface Scalars
  extends Named<
      | "u64"
      | "s64"
      | "__u64"
      | "__s64"
      | "__be64"
      | "__le64"
      | "uint64_t"
      | "int64_t"
      | "u_int64_t"
      | "size_t"
      | "ssize_t"
      | "uintptr_t"
      | "intptr_t"
      | "ptrdiff_t"
      | "off_t"
      | "loff_t"
      | "ktime_t"
      | "time64_t"
      | "sector_t"
      | "blkcnt_t"
      | "ino_t"
      | "dma_addr_t"
      | "phys_addr_t"
      | "u_long"
      | "ulong"
      | "long"
      | "long int"
      | "unsigned long"
      | "unsigned long int"
      | "long unsigned int"
      | "long unsigned"
      | "long long"
      | "long long int"
      | "unsigned long long"
      | "unsigned long long int"
      | "long long unsigned int"
      | "long long unsigned"
      | "signed long"
      | "signed long long"
      | "__int128"
      | "unsigned __int128"
      | "__int128 unsigned"
      | "__int128_t"
      | "__uint128_t"
      | "u128"
      | "s128"
      | "__u128"
      | "__s128",
      bigint
    >,
    Named<
      | ByteName
      | "s8"
      | "__s8"
      | "int8_t"
      | "signed char"
      | "u16"
      | "s16"
      | "u32"
      | "s32"
      | "__u16"
      | "__s16"
      | "__u32"
      | "__s32"
      | "__be16"
      | "__be32"
      | "__le16"
      | "__le32"
      | "__wsum"
      | "__sum16"
      | "uint16_t"
      | "int16_t"
      | "u_int16_t"
      | "uint32_t"
      | "int32_t"
      | "u_int32_t"
      | "int"
      | "signed"
      | "signed int"
      | "unsigned"
      | "unsigned int"
      | "uint"
      | "u_int"
      | "short"
      | "short int"
      | "unsigned short"
      | "unsigned short int"
      | "short unsigned"
      | "short unsigned int"
      | "signed short"
      | "ushort"
      | "u_short"
      | "float"
      | "double"
      | "pid_t"
      | "uid_t"
      | "gid_t"
      | "dev_t"
      | "mode_t"
      | "umode_t"
      | "nlink_t"
      | "key_t"
      | "clockid_t"
      | "gfp_t"
      | "fmode_t"
      | "sa_family_t"
      | "__kernel_sa_family_t"
      | "dma_cookie_t"
      | "sigset_word_t",
      number
    >,
    Named<"kuid_t" | "kgid_t", { val: number }>,
    Named<"bool" | "_Bool", boolean> {
  readonly char: string;
}

/** What a C type without its stars and brackets is in the script. */
export type CType<Name extends string, Text extends string> = Name extends keyof Scalars
  ? Scalars[Name]
  : Name extends `${string}*${string}`
    ? bigint
    : Name extends
          | `${"const" | "volatile" | "static" | "extern" | "register"} ${infer Rest}`
          | `${infer Rest} ${"const" | "volatile"}`
      ? CType<Trim<Rest>, Text>
      : Name extends `struct ${infer Tag}`
        ? FindStruct<Trim<Tag>, "struct", Text>
        : Name extends `union ${infer Tag}`
          ? FindStruct<Trim<Tag>, "union", Text>
          : Name extends `enum ${string}`
            ? number
            : FindTypedef<Name, Text>;

/** A struct or union of the text by its tag. */
export type FindStruct<
  Tag extends string,
  Keyword extends string,
  Text extends string,
  Rest extends string = Text,
> = Rest extends `${string}${Keyword} ${Tag}${infer After}`
  ? After extends `${infer Gap}{${infer Body}`
    ? Trim<Gap> extends ""
      ? ReadBody<Body, Text>[0]
      : FindStruct<Tag, Keyword, Text, After>
    : unknown
  : unknown;

/** What `typedef … Name;` or `#define Name …` stands for. */
type FindTypedef<
  Name extends string,
  Text extends string,
  Rest extends string = Text,
> = Rest extends `${string}typedef ${infer After}`
  ? After extends `${infer Head};${infer Tail}`
    ? Head extends `${infer Intro}{${string}`
      ? Trim<Intro> extends `enum${string}`
        ? DeclareValue<Clean<AfterLast<Head, "}">>, number> extends { [N in Name]: infer Value }
          ? Value
          : FindTypedef<Name, Text, Tail>
        : After extends `${string}{${infer Body}`
          ? ReadBody<Body, Text> extends [infer Members, infer Declared extends string, infer Further extends string]
            ? DeclareValue<Clean<Declared>, Members> extends { [N in Name]: infer Value }
              ? Value
              : FindTypedef<Name, Text, Further>
            : unknown
          : unknown
      : Head extends `${string}${Name}${string}`
        ? ReadTypedef<Clean<Head>, Name, Text> extends [infer Value]
          ? Value
          : FindTypedef<Name, Text, Tail>
        : FindTypedef<Name, Text, Tail>
    : unknown
  : FindDefine<Name, Text>;

type ReadTypedef<Head extends string, Name extends string, Text extends string> =
  Declare<Head, Text> extends { [N in Name]: infer Value } ? [Value] : never[];

type FindDefine<Name extends string, Text extends string> = Text extends `${string}#define ${Name} ${infer Rest}`
  ? Rest extends `${infer Value}\n${string}`
    ? Clean<Value> extends Name
      ? unknown
      : CType<Clean<Value>, Text>
    : unknown
  : unknown;

/**
 * Reads members up to the closing brace: the object type, what stands behind the brace up to the semicolon, and the text after that.
 * A member between `#ifdef` and `#endif` may be there or not.
 */
type ReadBody<
  S extends string,
  Text extends string,
  Members = unknown,
  Before extends boolean = false,
> = S extends `${infer Head};${infer Tail}`
  ? Head extends `${infer Last}}${infer After}`
    ? Last extends `${infer Intro}{${string}`
      ? ReadInner<S, Head, Intro, Tail, Text, Members, IsConditional<Intro, Before>>
      : [Flatten<Members>, After, Tail]
    : Head extends `${infer Intro}{${string}`
      ? ReadInner<S, Head, Intro, Tail, Text, Members, IsConditional<Intro, Before>>
      : ReadBody<
          Tail,
          Text,
          AddMembers<Members, Declare<Clean<Head>, Text>, IsConditional<Head, Before>>,
          IsConditional<Head, Before>
        >
  : [Flatten<Members>, "", ""];

/** A struct or union within a struct: its members are the outer one's when it has no name. An enum stands before the first semicolon as a whole. */
type ReadInner<
  S extends string,
  Head extends string,
  Intro extends string,
  Tail extends string,
  Text extends string,
  Members,
  Before extends boolean,
> =
  Clean<Intro> extends `enum${string}`
    ? ReadBody<Tail, Text, AddMembers<Members, DeclareValue<Clean<AfterLast<Head, "}">>, number>, Before>, Before>
    : S extends `${string}{${infer Inner}`
      ? ReadBody<Inner, Text> extends [infer Value, infer Names extends string, infer Rest extends string]
        ? ReadBody<
            Rest,
            Text,
            AddMembers<Members, Clean<Names> extends "" ? Value : DeclareValue<Clean<Names>, Value>, Before>,
            Before
          >
        : never
      : never;

/** One that stands under a condition is there or not, and has the type of either place where there are two. */
type AddMembers<Members, Added, Conditional> = Conditional extends true
  ? { [Name in keyof Members as Exclude<Name, keyof Added>]: Members[Name] } & {
      [Name in keyof Added]?: Added[Name] | (Name extends keyof Members ? Members[Name] : never) | undefined;
    }
  : Members & Added;

type Flatten<Members> = unknown extends Members ? Record<never, never> : { [Name in keyof Members]: Members[Name] };

/** `u32 a, b[4]` as an object type. A pointer to a function is an address as any other. */
type Declare<S extends string, Text extends string> = S extends ""
  ? unknown
  : S extends `${string}(*${infer Name})${string}`
    ? DeclareAs<Trim<Name>, bigint, false>
    : S extends `${infer First},${infer More}`
      ? SplitName<Trim<First>> extends [infer Type extends string, infer Name extends string]
        ? DeclareOne<Type, Name, Text> & DeclareMore<Type, More, Text>
        : unknown
      : SplitName<S> extends [infer Type extends string, infer Name extends string]
        ? DeclareOne<Type, Name, Text>
        : unknown;
type DeclareMore<Type extends string, S extends string, Text extends string> = S extends `${infer Name},${infer More}`
  ? DeclareOne<Type, Trim<Name>, Text> & DeclareMore<Type, More, Text>
  : DeclareOne<Type, Trim<S>, Text>;

/** `a, *b, c[2]` behind a type that stands in the text as a body. */
type DeclareValue<Names extends string, Value> = Names extends `${infer Name},${infer More}`
  ? DeclareValue<Trim<Name>, Value> & DeclareValue<Trim<More>, Value>
  : Names extends `*${infer Bare}`
    ? DeclareAs<Trim<Bare>, bigint, false>
    : Names extends `${infer Bare}:${string}`
      ? DeclareAs<Trim<Bare>, Value, false>
      : DeclareAs<Names, Value, false>;

type DeclareOne<Type extends string, Name extends string, Text extends string> = Name extends `*${infer Bare}`
  ? DeclareOne<`${Type}*`, Trim<Bare>, Text>
  : Name extends `${infer Bare}:${string}`
    ? Trim<`${Type} ${Trim<Bare>}`> extends keyof Scalars
      ? unknown
      : DeclareAs<Trim<Bare>, CType<Type, Text>, false>
    : DeclareAs<Name, CType<Type, Text>, ElementKind<Type, Name, Text>>;

/** What arrays of this element are where they are no arrays in the script: bytes or text, by themselves or through typedefs. */
type ElementKind<Type extends string, Name extends string, Text extends string> = Name extends `${string}[${string}`
  ? Type extends ByteName
    ? "bytes"
    : Type extends "char"
      ? "text"
      : Type extends `${"const" | "volatile"} ${infer Rest}` | `${infer Rest} ${"const" | "volatile"}`
        ? ElementKind<Rest, Name, Text>
        : Type extends keyof Scalars | `${string}${" " | "*"}${string}`
          ? false
          : Text extends `${string}typedef ${infer Before} ${Type};${string}`
            ? ElementKind<Clean<AfterLast<Before, "typedef ">>, Name, Text>
            : false
  : false;

type DeclareAs<Name extends string, Value, Kind> = Name extends ""
  ? unknown
  : Name extends `${infer Bare}[${infer Lengths}`
    ? { [N in Trim<Bare>]: Nest<Lengths, Value, Kind> }
    : { [N in Name]: Value };

/** Text for `char[]`, bytes for `u8[]`, else arrays; more brackets are arrays of them. */
type Nest<Lengths extends string, Value, Kind> = Lengths extends `${string}[${infer More}`
  ? Nest<More, Value, Kind>[]
  : Kind extends "bytes"
    ? Uint8Array
    : Kind extends "text"
      ? string
      : unknown extends Value
        ? unknown
        : Value[];
