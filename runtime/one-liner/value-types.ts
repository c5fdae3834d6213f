import type { AstNode } from "../dialect/reads/ast.ts";

/** What a table or an event keeps of a C type. */
export type ValueType =
  /** `isNatural` is set where the value is never negative whatever its type can hold: a literal, `a < b`. */
  | { readonly kind: "integer"; readonly size: 1 | 2 | 4 | 8; readonly signed: boolean; readonly isNatural?: boolean }
  /** A `char` array. */
  | { readonly kind: "text"; readonly length: number }
  /** An address; of characters when it is a C text's. */
  | { readonly kind: "pointer"; readonly ofText: boolean; readonly name: string }
  /** What no column can be made of. */
  | { readonly kind: "other"; readonly name: string };

/** The function whose calls ask clang for the types of their second arguments; the first one numbers the question. */
export const askName = "bpfts_type_of";

/** Its declaration, for the text that is only parsed. */
export const askDeclaration = `extern void ${askName}(int, ...);`;

const integers: Readonly<Record<string, readonly [size: 1 | 2 | 4 | 8, signed: boolean]>> = {
  char: [1, true],
  "signed char": [1, true],
  "unsigned char": [1, false],
  _Bool: [1, false],
  bool: [1, false],
  short: [2, true],
  "unsigned short": [2, false],
  int: [4, true],
  "unsigned int": [4, false],
  long: [8, true],
  "unsigned long": [8, false],
  "long long": [8, true],
  "unsigned long long": [8, false],
};

/** Reads what clang made of the questions in a parsed text: types by number. */
export function readAskedTypes(ast: AstNode): Map<number, ValueType> {
  const types = new Map<number, ValueType>();
  visit(ast, (node) => {
    if (node.kind !== "CallExpr") return;
    const [callee, number, value] = (node.inner ?? []) as readonly AstNode[];
    if (callee === undefined || value === undefined || !isAsk(callee)) return;
    types.set(Number(findNumber(number)), describeValueOf(value));
  });
  return types;
}

function visit(node: AstNode, see: (node: AstNode) => void): void {
  see(node);
  for (const inner of node.inner ?? []) visit(inner as AstNode, see);
}

function isAsk(node: AstNode): boolean {
  if (node.referencedDecl?.name === askName) return true;
  return (node.inner ?? []).some((inner) => isAsk(inner as AstNode));
}

function findNumber(node: AstNode | undefined): unknown {
  if (node === undefined || node.kind === "IntegerLiteral") return node?.value;
  return findNumber(node.inner?.[0] as AstNode | undefined);
}

/** The expression as it was written: arrays are no pointers yet, small integers no `int`. */
function skipCasts(node: AstNode): AstNode {
  const inner = node.inner?.[0] as AstNode | undefined;
  return node.kind === "ImplicitCastExpr" && inner !== undefined ? skipCasts(inner) : node;
}

/** What clang passes to a function without a prototype, `passed`, is an enumeration's value as an integer of its size and sign. */
function describeValueOf(passed: AstNode): ValueType {
  const written = describeType(skipCasts(passed));
  const type = written.kind === "enumeration" ? describeType(passed) : written;
  if (type.kind === "enumeration") return { kind: "other", name: type.name };
  return type.kind === "integer" && type.signed && isNatural(passed) ? { ...type, isNatural: true } : type;
}

/** Whether an expression is never negative by the way that it is made. */
function isNatural(node: AstNode): boolean {
  const inner = (node.inner ?? []) as readonly AstNode[];
  switch (node.kind) {
    case "IntegerLiteral":
      return true;
    case "ParenExpr":
    case "ImplicitCastExpr":
      return inner[0] !== undefined && isNatural(inner[0]);
    case "ConditionalOperator":
      return inner.length === 3 && isNatural(inner[1]!) && isNatural(inner[2]!);
    case "BinaryOperator":
      return /^(?:[<>]=?|[=!]=|&&|\|\|)$/.test(node.opcode ?? "");
    case "UnaryOperator":
      return node.opcode === "!";
    default:
      return false;
  }
}

function describeType({
  type,
  kind,
  inner,
}: AstNode): ValueType | { readonly kind: "enumeration"; readonly name: string } {
  // In the parentheses that the question has around it.
  if (kind === "ParenExpr" && inner?.[0] !== undefined) return describeType(inner[0] as AstNode);
  const written = type?.qualType ?? "";
  const name = (type?.desugaredQualType ?? written)
    .replace(/\b(?:const|volatile|restrict)\b/g, "")
    .replace(/\s+/g, " ")
    .trim();
  const integer = integers[name];
  if (integer !== undefined) return { kind: "integer", size: integer[0], signed: integer[1] };
  if (/^enum\b/.test(name)) return { kind: "enumeration", name: written };
  const array = /^(?:unsigned |signed )?char ?\[(\d+)\]$/.exec(name);
  if (array !== null) return { kind: "text", length: Number(array[1]) };
  if (/\*$|\(\*\)/.test(name))
    return { kind: "pointer", ofText: /^(?:unsigned |signed )?char \*$/.test(name), name: written };
  return { kind: "other", name: written };
}

/** A member or parameter of that type in C. */
export function declareValue(type: ValueType, name: string): string {
  return type.kind === "text" ? `char ${name}[${type.length}]` : `${nameType(type)} ${name}`;
}

/** The name of a type that is no array. */
export function nameType(type: ValueType): string {
  return type.kind === "integer" ? `${type.signed ? "s" : "u"}${type.size * 8}` : "u64";
}

/** Units: bytes. */
export function measureType(type: ValueType): number {
  return type.kind === "integer" ? type.size : type.kind === "text" ? type.length : 8;
}

/** Whether two columns can be one: both numbers, or texts of one length. */
export function areAlike(a: ValueType, b: ValueType): boolean {
  return (a.kind === "text") === (b.kind === "text") && (a.kind !== "text" || measureType(a) === measureType(b));
}

/** A type as messages name it. */
export function describeValue(type: ValueType): string {
  return type.kind === "text" ? `char[${type.length}]` : type.kind === "integer" ? nameType(type) : type.name;
}
