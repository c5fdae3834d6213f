import { listChildren } from "./ast-files.ts";
import type { Ast, AstNode } from "./ast.ts";
import type { ProgramDecl } from "../text/unit.ts";
import { findBody } from "./provenance.ts";

/** The functions with a body that clang makes code of: programs, what is not static, and what these use. A static function of a header that nothing uses is left out. */
export function findCompiledFunctions(ast: Ast, programs: readonly ProgramDecl[]): readonly AstNode[] {
  const programNames = new Set(programs.map(({ name }) => name));
  const bodies = new Map<string, AstNode>();
  for (const node of listChildren(ast))
    if (node.kind === "FunctionDecl" && node.name !== undefined && findBody(node) !== undefined)
      bodies.set(node.name, node);
  const found = new Set<AstNode>();
  const reach = (node: AstNode): void => {
    const { referencedDecl } = node;
    const used = referencedDecl?.kind === "FunctionDecl" ? bodies.get(referencedDecl.name ?? "") : undefined;
    if (used !== undefined) add(used);
    for (const child of listChildren(node)) reach(child);
  };
  const add = (node: AstNode): void => {
    if (found.has(node)) return;
    found.add(node);
    reach(node);
  };
  for (const node of listChildren(ast)) {
    if (node.kind !== "FunctionDecl") reach(node);
    else if (bodies.get(node.name ?? "") === node && isKept(node, programNames)) add(node);
  }
  return [...found];
}

function isKept(node: AstNode, programs: ReadonlySet<string>): boolean {
  return (
    node.storageClass !== "static" ||
    programs.has(node.name!) ||
    listChildren(node).some(({ kind }) => kind === "SectionAttr" || kind === "UsedAttr")
  );
}
