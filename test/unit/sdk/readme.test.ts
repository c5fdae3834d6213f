import { readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { root } from "../../support/run-cli.ts";

const manual = readFileSync(`${root}sdk/README.md`, "utf8");

/** The types of code that stands in no file, beside the project's own. */
function checkTexts(texts: ReadonlyMap<string, string>): string[] {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(`${root}tsconfig.json`, (path) => ts.sys.readFile(path)).config,
    ts.sys,
    root,
  );
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (name, version, ...rest) =>
    texts.has(name)
      ? ts.createSourceFile(name, texts.get(name)!, version)
      : getSourceFile.call(host, name, version, ...rest);
  host.fileExists = (name) => texts.has(name) || fileExists.call(host, name);
  const program = ts.createProgram([...texts.keys()], { ...options, noUnusedLocals: false }, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`);
}

describe("the manual", () => {
  it("has examples whose types are right", () => {
    const blocks = [...manual.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code!);
    expect(blocks.length).toBeGreaterThan(2);
    expect(checkTexts(new Map(blocks.map((code, index) => [`${root}scripts/manual-${index}.ts`, code])))).toEqual([]);
  });

  it("lists its sections at its beginning", () => {
    const headings = [...manual.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading!);
    const anchor = (heading: string): string =>
      heading
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, "")
        .replaceAll(" ", "-");
    expect(headings.length).toBeGreaterThan(10);
    expect([...manual.matchAll(/^- \[(.+)\]\(#(.+)\): ./gm)].map(([, name, to]) => [name, to])).toEqual(
      headings.map((heading) => [heading, anchor(heading)]),
    );
  });

  it("names every value that a script can import", async () => {
    const exported = Object.keys(await import("../../../sdk/index.ts"));
    // Classes that are only met as types of what calls answer, and the globals under their own names.
    const untold = new Set([
      "BloomFilterTable",
      "BuildIdStackTable",
      "EventStream",
      "EventTable",
      "LpmTable",
      "PerCpuTable",
      "QueueStackTable",
      "ReferenceTable",
      "StackTraceTable",
      "StorageTable",
      "Table",
      "UserRingTable",
      "clearInterval",
      "clearTimeout",
      "htonl",
      "htons",
      "is_json_output",
      "tcpstate",
    ]);
    expect(exported.filter((name) => !untold.has(name) && !new RegExp(`\\b${name}\\b`).test(manual))).toEqual([]);
  });
});
