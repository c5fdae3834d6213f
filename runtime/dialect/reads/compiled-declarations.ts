import type { TextPlaces } from "./places.ts";
import { listChildren } from "./ast-files.ts";
import type { Ast, AstNode } from "./ast.ts";
import { findBody } from "./provenance.ts";
import { findOrigin } from "../text/origins.ts";
import type { CUnit } from "../text/unit.ts";

/** The functions with a body and the variables of a unit, by their names. */
export function listDeclarations(ast: Ast): ReadonlyMap<string, AstNode> {
  const found = new Map<string, AstNode>();
  for (const node of listChildren(ast)) {
    if (node.name === undefined) continue;
    const isDefined = node.kind === "VarDecl" || (node.kind === "FunctionDecl" && findBody(node) !== undefined);
    if (isDefined) found.set(node.name, node);
  }
  return found;
}

/**
 * Keeps what clang has compiled of what the text declares. Two branches of an `#if` may declare the same name: of those the
 * one stays that stands where clang saw it, since a function is attached once for each declaration.
 */
export function keepCompiled<Decl extends { readonly name: string; readonly offset: number }>(
  declared: readonly Decl[],
  compiled: ReadonlyMap<string, AstNode>,
  unit: CUnit,
  places: TextPlaces | undefined,
): Decl[] {
  const rivals = (name: string): Decl[] => declared.filter((other) => other.name === name);
  return declared.filter((decl) => {
    const node = compiled.get(decl.name);
    if (node === undefined) return false;
    const same = rivals(decl.name);
    return same.length === 1 || decl === findNearest(same, unit, places?.findName(node));
  });
}

function findNearest<Decl extends { readonly offset: number }>(
  declared: readonly Decl[],
  unit: CUnit,
  index: number | undefined,
): Decl {
  if (index === undefined) return declared[0]!;
  const origin = findOrigin(unit.parts.origins, index - unit.bodyStart);
  const distance = (decl: Decl): number => Math.abs(decl.offset - origin);
  return declared.reduce((best, decl) => (distance(decl) < distance(best) ? decl : best));
}
