import type { ValueType } from "./value-types.ts";

/**
 * The number type that holds all values of some types. Answers undefined where no type does: a number that may be
 * negative beside an unsigned one of 64 bits.
 */
export function findCommonType(types: readonly ValueType[]): ValueType | undefined {
  const numbers = types.map((type) => readNumber(type));
  const widest = (found: readonly Number[]): Size => Math.max(...found.map(({ size }) => size)) as Size;
  const signed = numbers.filter((number) => number.sign === "signed");
  const unsigned = numbers.filter((number) => number.sign === "unsigned");
  const size = widest(numbers);
  if (unsigned.length === 0) return types.length === 1 ? types[0] : { kind: "integer", size, signed: true };
  if (signed.length === 0) return unsigned.length === 1 && types.length === 1 ? types[0] : joinUnsigned(types, size);
  const wide = widest(unsigned);
  if (wide === 8) return undefined;
  return { kind: "integer", size: Math.max(size, 2 * wide) as Size, signed: true };
}

type Size = 1 | 2 | 4 | 8;

interface Number {
  readonly size: Size;
  /** `either` is what is never negative though its type is signed: 0, or `a < b`. */
  readonly sign: "signed" | "unsigned" | "either";
}

function readNumber(type: ValueType): Number {
  if (type.kind !== "integer") return { size: 8, sign: "unsigned" };
  if (!type.signed) return { size: type.size, sign: "unsigned" };
  return { size: type.size, sign: type.isNatural === true ? "either" : "signed" };
}

/** Addresses stay addresses where nothing else is kept. */
function joinUnsigned(types: readonly ValueType[], size: Size): ValueType {
  const [first] = types;
  return first!.kind === "pointer" && types.every(({ kind }) => kind === "pointer")
    ? first!
    : { kind: "integer", size, signed: false };
}
