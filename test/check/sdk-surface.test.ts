import ts from "typescript";
import { expect, it } from "vitest";
import { root } from "./source-files.ts";

const entry = `${root}dist/types/index.d.ts`;

/** Every declaration that scripts import from "bpfts", by name, without its comments and its private members. */
function renderSurface(): string {
  const program = ts.createProgram([entry], { target: ts.ScriptTarget.ES2022, types: [], noEmit: true });
  const checker = program.getTypeChecker();
  const printer = ts.createPrinter({ removeComments: true });
  const names = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!);
  return names
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const texts = (symbol.declarations ?? []).map((declaration) => {
        const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : dropPrivate(declaration);
        // The rolled up file exports its names at its end.
        return `export ${printer.printNode(ts.EmitHint.Unspecified, node, declaration.getSourceFile()).replace(/^export /, "")}`;
      });
      return [`// ${exported.name}`, ...new Set(texts), ""];
    })
    .join("\n");
}

function dropPrivate(node: ts.Declaration): ts.Node {
  if (!ts.isClassDeclaration(node)) return node;
  const members = node.members.filter(
    (member) =>
      !(ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private) &&
      !(member.name !== undefined && ts.isPrivateIdentifier(member.name)),
  );
  const { modifiers, name, typeParameters, heritageClauses } = node;
  return ts.factory.updateClassDeclaration(node, modifiers, name, typeParameters, heritageClauses, members);
}

// A change of it is one that scripts may notice: it belongs into the changelog. `npm run test:check -- sdk-surface -u` takes it over.
it("the surface of the SDK is the one that is written down", async () => {
  await expect(renderSurface()).toMatchFileSnapshot("sdk-surface.txt");
});
