import ts from "typescript";
import { describe, expect, it } from "vitest";
import { root } from "./source-files.ts";

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  noEmit: true,
  strict: true,
  types: [`${root}dist/types/globals.d.ts`],
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
  skipLibCheck: true,
  paths: { bpfts: [`${root}dist/types/index.d.ts`] },
};

const entry = `${root}sdk/index.ts`;

/** A name that scripts import, with the examples of its comment. */
interface PublicName {
  readonly name: string;
  readonly examples: readonly string[];
  /** Members that say nothing of themselves. */
  readonly silent: readonly string[];
  readonly isSilent: boolean;
}

function listPublicNames(): readonly PublicName[] {
  const program = ts.createProgram([entry], { ...options, types: [], paths: {} });
  const checker = program.getTypeChecker();
  const names = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!);
  return names.map((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const examples = symbol
      .getJsDocTags()
      .filter(({ name }) => name === "example")
      .map(({ text }) => ts.displayPartsToString(text));
    return {
      name: exported.name,
      examples,
      silent: listMembers(symbol)
        .filter((member) => isSilent(checker.getSymbolAtLocation(member), checker))
        .map((member) => member.getText()),
      isSilent: isSilent(symbol, checker),
    };
  });
}

/** The members of a class or interface that scripts may use. */
function listMembers(symbol: ts.Symbol): readonly ts.PropertyName[] {
  return (symbol.declarations ?? [])
    .filter((declaration) => ts.isInterfaceDeclaration(declaration) || ts.isClassDeclaration(declaration))
    .flatMap(({ members }) => [...members])
    .filter(
      (member) =>
        !(
          ts.getCombinedModifierFlags(member) &
          (ts.ModifierFlags.Private | ts.ModifierFlags.Protected | ts.ModifierFlags.Override)
        ),
    )
    .flatMap(({ name }) => (name !== undefined && ts.isIdentifier(name) ? [name] : []));
}

function isSilent(symbol: ts.Symbol | undefined, checker: ts.TypeChecker): boolean {
  return (
    symbol !== undefined && symbol.getDocumentationComment(checker).length === 0 && symbol.getJsDocTags().length === 0
  );
}

describe("doc comments", () => {
  const names = listPublicNames();

  it("stand at every name that scripts import, and at each of its members", () => {
    expect(names.length).toBeGreaterThan(150);
    expect(
      names.flatMap(({ name, isSilent: says, silent }) => [
        ...(says ? [name] : []),
        ...silent.map((member) => `${name}.${member}`),
      ]),
    ).toEqual([]);
  });

  it("have examples that compile", () => {
    const examples = new Map<string, string>(
      names.flatMap(({ name, examples: list }) =>
        list.map((text, at) => [`${root}scripts/example-${name}-${at}.ts`, text] as const),
      ),
    );
    expect(examples.size).toBeGreaterThan(10);
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists } = host;
    host.fileExists = (file) => examples.has(file) || fileExists(file);
    host.getSourceFile = (file, version, ...rest) => {
      const text = examples.get(file);
      return text === undefined ? getSourceFile(file, version, ...rest) : ts.createSourceFile(file, text, version);
    };
    const program = ts.createProgram([...examples.keys()], options, host);
    expect(
      ts
        .getPreEmitDiagnostics(program)
        .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`),
    ).toEqual([]);
  });
});
