import type { Ast, AstLocation, AstNode } from "./ast.ts";

/**
 * The file of every place in an AST. clang names a file only where it differs
 * from the place printed before, so the places are walked in the order in which
 * they were printed.
 */
export class AstFiles {
  private readonly files = new Map<AstLocation, string>();
  private readonly lines = new Map<AstLocation, number>();
  private last = "";
  private lastLine = 0;

  constructor(ast: Ast) {
    this.walk(ast);
  }

  /** The file that a place (one half of it, inside a macro) lies in. */
  findFile(location: AstLocation): string {
    return this.files.get(location) ?? "";
  }

  /** The line that a place lies on; clang leaves that out too where it is the one before. */
  findLine(location: AstLocation): number {
    return this.lines.get(location) ?? 0;
  }

  private walk(node: unknown): void {
    if (Array.isArray(node)) {
      for (const child of node) this.walk(child);
      return;
    }
    if (typeof node !== "object" || node === null) return;
    const location = node as AstLocation;
    if (location.offset !== undefined && location.tokLen !== undefined) {
      if (location.file !== undefined) this.last = location.file;
      if (location.line !== undefined) this.lastLine = location.line;
      this.files.set(location, this.last);
      this.lines.set(location, this.lastLine);
      return;
    }
    for (const key in node) {
      const child = (node as Record<string, unknown>)[key];
      if (typeof child === "object" && child !== null) this.walk(child);
    }
  }
}

/**
 * Finds the name under which clang knows the unit's own text: the file of a
 * declaration whose name stands in the text at the place that clang tells.
 */
export function findMainFile(ast: Ast, files: AstFiles, text: string): string | undefined {
  for (const node of [...listChildren(ast)].reverse()) {
    const { loc, name } = node;
    if (name === undefined || loc === undefined) continue;
    const place = loc.expansionLoc ?? loc;
    if (place.offset === undefined) continue;
    const found = text.slice(place.offset, place.offset + (place.tokLen ?? 0));
    if (loc.expansionLoc === undefined ? found === name : /^\w+$/.test(found)) return files.findFile(place);
  }
  return undefined;
}

/** The nodes right below one, without the holes. Of a `_Generic` that is the chosen expression alone: the others are never run. */
export function listChildren(node: AstNode): AstNode[] {
  const children = node.inner ?? node.array_filler ?? [];
  if (node.kind !== "GenericSelectionExpr")
    return children.filter((child): child is AstNode => "kind" in child && child.kind !== undefined);
  const chosen = (children as readonly AstNode[]).find((child) => child.selected === true);
  const expression = (chosen?.inner as readonly AstNode[] | undefined)?.at(-1);
  return expression === undefined ? [] : [expression];
}

/** Whether a node is just what its one child is: `(x)`, `_Generic(…, int: x)`. */
export function isTransparent(node: AstNode | undefined): boolean {
  return node?.kind === "ParenExpr" || node?.kind === "GenericSelectionExpr";
}
