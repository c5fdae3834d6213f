import type { AfterLast, Clean, Simplify, Trim } from "./c-text.ts";
import type { CType } from "./c-types.ts";
import type { IsWhole } from "./function-names.ts";

/** What the first parameter of a function points at, where the C text tells; else `unknown`. */
export type ContextOf<Text extends string, Name extends string> =
  IsWhole<Text> extends false ? unknown : FindContext<Name, Simplify<Text>>;

type FindContext<Name extends string, Text extends string> = Text extends `${string} ${Name}(${infer Parameters}`
  ? Parameters extends `${infer First})${string}`
    ? ReadPointer<Clean<First extends `${infer Only},${string}` ? Only : First>, Text>
    : unknown
  : unknown;

type ReadPointer<Parameter extends string, Text extends string> = Parameter extends `${infer Words}*${string}`
  ? Trim<Words> extends "void"
    ? unknown
    : CType<AfterLast<Trim<Words>, "const ">, Text>
  : unknown;
