import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, posix } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** One file that imports another, or a package. */
export interface ImportEdge {
  readonly from: string;
  /** A path from the root of the project for a file, else the name as it is written. */
  readonly to: string;
  readonly isFile: boolean;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Lists the project's own files: tracked, and new ones that no ignore rule leaves out. */
export function listProjectFiles(): readonly string[] {
  const result = spawnSync("git", ["-c", "safe.directory=*", "ls-files", "-zco", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  if (result.status !== 0) throw new Error(`git ls-files: ${result.stderr}`);
  return [...new Set(result.stdout.split("\0"))].filter((path) => path !== "" && existsSync(root + path)).sort();
}

export function readProjectFile(path: string): string {
  return readFileSync(root + path, "utf8");
}

/** The TypeScript files below the given folders, parsed. */
export function parseSources(...folders: readonly string[]): readonly ts.SourceFile[] {
  return listProjectFiles()
    .filter((path) => path.endsWith(".ts") && folders.some((folder) => path.startsWith(`${folder}/`)))
    .map((path) => ts.createSourceFile(path, readProjectFile(path), ts.ScriptTarget.ES2022, true));
}

/** Lists what a file imports: `import`, `export … from`, `import()` and `require()`. */
export function listImports(source: ts.SourceFile): readonly ImportEdge[] {
  const edges: ImportEdge[] = [];
  const add = (node: ts.Node, name: ts.Node | undefined, typeOnly: boolean): void => {
    if (name === undefined || !ts.isStringLiteralLike(name)) return;
    const isFile = name.text.startsWith(".");
    const to = isFile ? posix.normalize(posix.join(dirname(source.fileName), name.text)) : name.text;
    edges.push({ from: source.fileName, to, isFile, typeOnly, line: lineOf(node) });
  };
  walk(source, (node) => {
    if (ts.isImportDeclaration(node))
      add(node, node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, node.isTypeOnly);
    else if (
      ts.isCallExpression(node) &&
      (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === "require")
    )
      add(node, node.arguments[0], false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, true);
  });
  return edges;
}

export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

export function lineOf(node: ts.Node): number {
  const source = node.getSourceFile();
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}
