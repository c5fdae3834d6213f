import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findTexts } from "../../runtime/script/find-texts.ts";
import { listProjectFiles, readProjectFile, root } from "./source-files.ts";

const extension = `${root}runtime/editor/vscode/`;

interface Grammar {
  readonly patterns: readonly { readonly begin: string; readonly end: string; readonly contentName: string }[];
}

describe("C in examples", () => {
  const grammar = JSON.parse(readFileSync(`${extension}c-in-template.tmLanguage.json`, "utf8")) as Grammar;
  const begin = new RegExp(grammar.patterns[0]!.begin);

  const sources = listProjectFiles()
    .filter((path) => /^scripts\/.*\.ts$|^(?:README|sdk\/.*)\.md$/.test(path))
    .flatMap((path) => {
      const text = readProjectFile(path);
      const blocks = path.endsWith(".md")
        ? [...text.matchAll(/```ts\n([^]*?)```/g)].map(([, block]) => block!)
        : [text];
      return blocks.map((block) => ({ path, block }));
    });

  it("stands behind a comment that editors colour it by", () => {
    const texts = sources.flatMap(({ path, block }) =>
      findTexts(block)
        .filter(({ start }) => block[start - 1] === "`")
        .map(({ start }) => ({ path, line: block.slice(block.lastIndexOf("\n", start - 1) + 1, start) })),
    );
    expect(texts.length).toBeGreaterThan(20);
    expect(texts.filter(({ line }) => !begin.test(line))).toEqual([]);
  });

  it("is what the extension for VS Code colours", () => {
    const { contributes } = JSON.parse(readFileSync(`${extension}package.json`, "utf8")) as {
      contributes: { grammars: readonly { path: string; injectTo: readonly string[]; embeddedLanguages: object }[] };
    };
    const [given] = contributes.grammars;
    expect(readFileSync(`${extension}${given!.path}`, "utf8")).toContain(grammar.patterns[0]!.contentName);
    expect(given).toMatchObject({
      injectTo: expect.arrayContaining(["source.ts"]),
      embeddedLanguages: { [grammar.patterns[0]!.contentName]: "c" },
    });
  });
});
