import ts from "typescript";
import { root } from "./run-cli.ts";

/** A name that scripts import, with what its doc comment has. */
export interface PublicName {
  readonly name: string;
  readonly examples: readonly string[];
  /** Members that say nothing of themselves. */
  readonly silent: readonly string[];
  readonly isSilent: boolean;
}

/** An example of a doc comment as a script. */
export interface SdkExample {
  /** The name that it is an example of, and which one of several. */
  readonly title: string;
  readonly code: string;
  /** What the comments behind its prints say that they print. */
  readonly printed: readonly string[];
  /** Whether it asks the kernel, or waits until the command of `-c` has ended. */
  readonly needsKernel: boolean;
}

const entry = `${root}sdk/index.ts`;

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  noEmit: true,
  strict: true,
  types: [],
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
  skipLibCheck: true,
};

/** All that scripts import from "bpfts". */
export function listPublicNames(): readonly PublicName[] {
  const program = ts.createProgram([entry], options);
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

/** The examples of all of them. */
export function listSdkExamples(names: readonly PublicName[] = listPublicNames()): readonly SdkExample[] {
  return names.flatMap(({ name, examples }) =>
    examples.map((code, at) => ({
      title: examples.length > 1 ? `${name} ${at + 1}` : name,
      code,
      printed: [...code.matchAll(/\bprint\(.*; \/\/ (.+)$/gm)].map(([, text]) => text!),
      needsKernel:
        /\bnew (?:BPF|Program)\(|\bBPF\.|\b(?:Interrupt|USDT|have_function_probes|find_function|cgroup_id|mntns_id|netns_id|intervals)\b/.test(
          code,
        ),
    })),
  );
}

/** Which of the lines that an example promises its output lacks, in their order. */
export function listMissingLines({ printed }: SdkExample, stdout: string): readonly string[] {
  const lines = stdout.split("\n");
  let next = 0;
  return printed.filter((wanted) => {
    const found = lines.indexOf(wanted, next);
    if (found >= 0) next = found + 1;
    return found < 0;
  });
}

/** The members of a class or interface that scripts may use, those of object types too. */
function listMembers(symbol: ts.Symbol): readonly ts.PropertyName[] {
  return (symbol.declarations ?? [])
    .flatMap((declaration): readonly (ts.ClassElement | ts.TypeElement)[] =>
      ts.isInterfaceDeclaration(declaration) || ts.isClassDeclaration(declaration)
        ? [...declaration.members]
        : ts.isTypeAliasDeclaration(declaration)
          ? listTypeMembers(declaration.type)
          : [],
    )
    .filter(
      (member) =>
        !(
          ts.getCombinedModifierFlags(member) &
          (ts.ModifierFlags.Private | ts.ModifierFlags.Protected | ts.ModifierFlags.Override)
        ),
    )
    .flatMap(({ name }) => (name !== undefined && ts.isIdentifier(name) ? [name] : []));
}

/** The members of an object type that is written down, and of the parts of a union or an intersection. */
function listTypeMembers(type: ts.TypeNode): readonly ts.TypeElement[] {
  // What must not be given has nothing to say.
  if (ts.isTypeLiteralNode(type))
    return type.members.filter(
      (member) => !(ts.isPropertySignature(member) && member.type?.kind === ts.SyntaxKind.NeverKeyword),
    );
  if (ts.isUnionTypeNode(type) || ts.isIntersectionTypeNode(type)) return type.types.flatMap(listTypeMembers);
  return ts.isParenthesizedTypeNode(type) ? listTypeMembers(type.type) : [];
}

function isSilent(symbol: ts.Symbol | undefined, checker: ts.TypeChecker): boolean {
  return (
    symbol !== undefined && symbol.getDocumentationComment(checker).length === 0 && symbol.getJsDocTags().length === 0
  );
}
