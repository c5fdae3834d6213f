import ts from "typescript";
import { describe, expect, it } from "vitest";
import { listPublicNames, listSdkExamples } from "../support/public-names.ts";
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

  it("have an example at every name", () => {
    expect(names.filter(({ examples }) => examples.length === 0).map(({ name }) => name)).toEqual([]);
  });

  it("have examples that compile", () => {
    const examples = new Map<string, string>(
      listSdkExamples(names).map(({ title, code }, at) => [
        // A class and a function may differ in a capital letter alone.
        `${root}scripts/example-${at}-${title.replace(" ", "-")}.ts`,
        code,
      ]),
    );
    expect(examples.size).toBeGreaterThan(100);
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
