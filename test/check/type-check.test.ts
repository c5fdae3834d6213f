import { relative } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { listProjectFiles, root } from "./source-files.ts";

const config = ts.getParsedCommandLineOfConfigFile(
  `${root}tsconfig.json`,
  {},
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
);

describe("types", () => {
  it("are right in every file that tsconfig.json includes", () => {
    expect(check(config!.fileNames, config!.options)).toEqual([]);
  });

  it("are right for guest code without anything of Node's", () => {
    const guest = listProjectFiles().filter((path) => /^(sdk|scripts)\/.*\.ts$/.test(path));
    expect(guest.length).toBeGreaterThan(0);
    expect(
      check(
        guest.map((path) => root + path),
        { ...config!.options, types: [] },
      ),
    ).toEqual([]);
  });
});

function check(fileNames: readonly string[], options: ts.CompilerOptions): readonly string[] {
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram(fileNames, options));
  return diagnostics.map(({ file, start, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, " ");
    if (file === undefined || start === undefined) return text;
    const { line, character } = file.getLineAndCharacterOfPosition(start);
    return `${relative(root, file.fileName)}:${line + 1}:${character + 1} ${text}`;
  });
}
