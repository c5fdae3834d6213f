import { parseTokens } from "./lexer.ts";
import type { Token } from "./lexer.ts";
import type { CSource } from "./unit.ts";

/** A number that is written into the object when it is loaded. */
export interface LoadConstant {
  readonly name: string;
  readonly value: bigint;
  /** Units: bytes. */
  readonly size: number;
}

export interface LiftedText {
  /** The text with zeros in the numbers' places; every other character stays where it was. */
  readonly source: CSource;
  readonly constants: readonly LoadConstant[];
}

/** The size of a type in bytes, and how many bits a number that is not negative may have in it. */
const types: Readonly<Record<string, { readonly size: number; readonly bits: number }>> = {
  u32: { size: 4, bits: 32 },
  __u32: { size: 4, bits: 32 },
  int: { size: 4, bits: 31 },
  pid_t: { size: 4, bits: 31 },
  u64: { size: 8, bits: 64 },
  __u64: { size: 8, bits: 64 },
};

/**
 * Takes the numbers out of `const volatile u32 wanted_pid = 42;` at the top of a text, so that texts which differ only in
 * them become one object. These variables stand in the section `.rodata`, which the loader may fill:
 * the verifier sees the numbers, and removes what they rule out.
 */
export function liftConstants(source: CSource): LiftedText {
  if (!/\bconst\s+volatile\b/.test(source.text)) return { source, constants: [] };
  const found = findDeclarations(parseTokens(source.text));
  // Branches of an #if may declare a name twice.
  const single = found.filter(({ name }) => found.filter((other) => other.name.text === name.text).length === 1);
  let text = source.text;
  const constants: LoadConstant[] = [];
  for (const { type, name, number } of single) {
    const value = BigInt(number.text.replace(/u?l{0,2}$/i, ""));
    const { size, bits } = types[type]!;
    if (value >> BigInt(bits) !== 0n) continue;
    constants.push({ name: name.text, value, size });
    text = text.slice(0, number.start) + "0".padEnd(number.end - number.start) + text.slice(number.end);
  }
  return { source: { ...source, text }, constants };
}

function findDeclarations(tokens: readonly Token[]): { type: string; name: Token; number: Token }[] {
  const found: { type: string; name: Token; number: Token }[] = [];
  let depth = 0;
  for (const [at, { text, inDirective }] of tokens.entries()) {
    if (inDirective) continue;
    if (/^[{([]$/.test(text)) depth++;
    if (/^[})\]]$/.test(text)) depth--;
    if (depth !== 0 || text !== "const") continue;
    const [second, type, name, equals, number, end] = tokens.slice(at + 1, at + 7);
    if (second?.text !== "volatile" || end?.text !== ";") continue;
    if (types[type!.text] === undefined || name!.kind !== "word" || equals!.text !== "=") continue;
    // A leading zero means octal.
    if (/^(0|[1-9]\d*|0x[\da-f]+)u?l{0,2}$/i.test(number!.text))
      found.push({ type: type!.text, name: name!, number: number! });
  }
  return found;
}
