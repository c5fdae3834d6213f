import type ts from "typescript";
import type { BorderName, BorderPlace, TypeScriptView } from "./border-names.ts";

/** The places of a border name in one of a project's other files. */
export interface HelperPlaces {
  readonly fileName: string;
  readonly places: readonly BorderPlace[];
}

/**
 * Lists the places of a table's or function's name in the files that a script imports, and in those that import it, at any distance. A file with
 * a program of its own has names of its own (`isScript`).
 */
export function listHelperPlaces(
  typescript: typeof ts,
  program: ts.Program,
  script: ts.SourceFile,
  border: BorderName,
  isScript: (file: ts.SourceFile) => boolean,
): readonly HelperPlaces[] {
  const checker = program.getTypeChecker();
  return listRelated(typescript, program, script)
    .filter((file) => file.text.includes(border.name) && !isScript(file))
    .map((source) => ({
      fileName: source.fileName,
      places: listNames({ ts: typescript, checker, source }, border),
    }))
    .filter(({ places }) => places.length > 0);
}

/** The files that a script is connected with by imports; those of packages are not the user's. */
function listRelated(typescript: typeof ts, program: ts.Program, script: ts.SourceFile): readonly ts.SourceFile[] {
  const checker = program.getTypeChecker();
  const files = program
    .getSourceFiles()
    .filter((file) => !file.isDeclarationFile && !program.isSourceFileFromExternalLibrary(file));
  const neighbours = new Map<ts.SourceFile, Set<ts.SourceFile>>(files.map((file) => [file, new Set()]));
  for (const file of files) {
    for (const statement of file.statements) {
      if (!typescript.isImportDeclaration(statement) && !typescript.isExportDeclaration(statement)) continue;
      const name = statement.moduleSpecifier;
      const other = name && checker.getSymbolAtLocation(name)?.declarations?.find(typescript.isSourceFile);
      if (other === undefined || !neighbours.has(other)) continue;
      neighbours.get(file)!.add(other);
      neighbours.get(other)!.add(file);
    }
  }
  const found = new Set([script]);
  for (const file of found) for (const other of neighbours.get(file) ?? []) found.add(other);
  found.delete(script);
  return [...found];
}

function listNames(view: TypeScriptView, { name, kind }: BorderName): readonly BorderPlace[] {
  const { ts: typescript, source } = view;
  const places: BorderPlace[] = [];
  const add = (node: ts.Node, quote: number, suffix?: string): void => {
    const start = node.getStart(source) + quote;
    places.push({
      span: { start, length: name.length },
      isDefinition: false,
      ...(suffix !== undefined && { suffix }),
    });
  };
  const visit = (node: ts.Node): void => {
    if (typescript.isStringLiteralLike(node) && node.text === name && isExpected(view, node)) add(node, 1);
    else if (kind === "table" && typescript.isIdentifier(node) && node.text === name && isTableMember(view, node)) {
      const isShort = typescript.isBindingElement(node.parent) && node.parent.propertyName === undefined;
      add(node, 0, isShort ? `: ${name}` : undefined);
    }
    typescript.forEachChild(node, visit);
  };
  visit(source);
  return places;
}

/** Whether a text stands where only such names fit. */
function isExpected({ ts: typescript, checker }: TypeScriptView, node: ts.StringLiteralLike): boolean {
  // `BPF<{ counts: … }>["tables"]["counts"]` is such a place, too.
  if (typescript.isLiteralTypeNode(node.parent) && typescript.isIndexedAccessTypeNode(node.parent.parent)) {
    const { objectType } = node.parent.parent;
    return isTable(checker.getTypeAtLocation(objectType).getProperty(node.text), checker, node);
  }
  const wanted = checker.getContextualType(node);
  const fits = wanted === undefined ? [] : wanted.isUnion() ? wanted.types : [wanted];
  return fits.some((type) => type.isStringLiteral() && type.value === node.text);
}

/** Whether an identifier names a member that is a table: `b.tables.counts`, `{ counts } = b.tables`, `{ counts: Table<…> }`. */
function isTableMember({ ts: typescript, checker }: TypeScriptView, node: ts.Identifier): boolean {
  const { parent } = node;
  const owner =
    typescript.isPropertyAccessExpression(parent) && parent.name === node
      ? checker.getTypeAtLocation(parent.expression)
      : typescript.isBindingElement(parent) && (parent.propertyName ?? parent.name) === node
        ? checker.getTypeAtLocation(parent.parent)
        : typescript.isPropertySignature(parent) && parent.name === node
          ? checker.getTypeAtLocation(parent.parent)
          : undefined;
  return isTable(owner?.getProperty(node.text), checker, node);
}

function isTable(member: ts.Symbol | undefined, checker: ts.TypeChecker, at: ts.Node): boolean {
  if (member === undefined) return false;
  return checker.getTypeOfSymbolAtLocation(member, at).getProperty("ttype") !== undefined;
}
