import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readHeader, renderIndex, renderPage } from "../../../scripts/tools/pages/render-pages.mjs";
import type { ToolFacts } from "../../../scripts/tools/pages/render-pages.mjs";
import { runScriptFile } from "../../support/guest-run.ts";
import { root } from "../../support/run-cli.ts";

const folder = join(root, "scripts/tools");
const pages = join(folder, "pages");
const { tools: facts, others } = JSON.parse(readFileSync(join(pages, "facts.json"), "utf8")) as {
  readonly tools: Readonly<Record<string, ToolFacts>>;
  readonly others: Readonly<Record<string, string>>;
};
const names = readdirSync(folder).flatMap((file) => /^([\w-]+)\.ts$/.exec(file)?.[1] ?? []);
const readSource = (name: string): string => readFileSync(join(folder, `${name}.ts`), "utf8");
const advice = "make the pages anew: node scripts/tools/pages/make-pages.mjs";

describe("the pages of the tools", () => {
  it.each(names)("%s has a page with what it says of itself today", async (name) => {
    expect(facts[name], `a row in facts.json, then ${advice}`).toBeDefined();
    const example = join(pages, "examples", `${name}.txt`);
    const help = await runScriptFile(join(folder, `${name}.ts`), { args: ["--help"] });
    expect(help).toMatchObject({ exitCode: 0, stderr: "" });
    expect(help.stdout).toMatch(new RegExp(`^usage: ${name} \\[-h\\]`));
    expect(help.stdout).toContain("examples:\n");
    const text = existsSync(example) ? readFileSync(example, "utf8") : undefined;
    const page = renderPage(name, readSource(name), help.stdout, text, facts[name]!);
    expect(readFileSync(join(pages, `${name}.md`), "utf8"), advice).toBe(page);
  });

  it("are listed by the questions that they answer", () => {
    const tools = names.map((name) => ({ name, source: readSource(name), facts: facts[name]! }));
    expect(readFileSync(join(folder, "README.md"), "utf8"), advice).toBe(renderIndex(tools, others));
    expect(tools.filter(({ source }) => readHeader(source).uses.length === 0)).toEqual([]);
    expect(names.every((name) => facts[name]!.question.endsWith("?"))).toBe(true);
  });

  it("are of tools that there are, and have examples of those alone", () => {
    expect(Object.keys(facts)).toEqual(names.toSorted());
    const examples = readdirSync(join(pages, "examples")).map((file) => file.replace(/\.txt$/, ""));
    expect(examples.filter((name) => !names.includes(name))).toEqual([]);
    const texts = examples.map((name) => readFileSync(join(pages, "examples", `${name}.txt`), "utf8"));
    expect(texts.filter((text) => !/^# bpfts .*\n.+/.test(text))).toEqual([]);
  });
});
