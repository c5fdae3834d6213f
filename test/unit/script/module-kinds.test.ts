import { describe, expect, it } from "vitest";
import { runScriptText } from "../../support/guest-run.ts";

const head = 'import { print } from "bpfts";\n';

/** Each kind of module, with what makes a promise in it, or only looks like it. All of them print one word. */
const scripts: Readonly<Record<string, string>> = {
  "an async function": `${head}async function f() { await 1; print("seen"); }\nvoid f();\n`,
  "an await outside of functions": `${head}await 1;\nprint("seen");\n`,
  "a for await loop": `${head}for await (const word of ["seen"]) print(word);\n`,
  "the word in a text": `${head}print("an async word".slice(3, 8) === "async" ? "seen" : "lost");\n`,
  "the word in a file that it imports": `${head}import { word } from "./other.ts";\nprint(word);\n`,
  "exports of its own": `${head}export const a = 1;\nexport default async () => a;\nprint("seen");\nexport { a as b };\n`,
  "a default export that looks like a call": `${head}const make = () => "async";\nprint("seen");\nexport default make();\n`,
  "a package of the old kind": `${head}import old from "old";\nprint(old());\n`,
  "lines that look like its own in a text": `${head}const text = \`
import { BPF } from "bpfts";
export { BPF };
export default async();
\`;\nprint(text.length === ${'\nimport { BPF } from "bpfts";\nexport { BPF };\nexport default async();\n'.length} ? "seen" : text);\n`,
  "no import and no export": "globalThis.console.log(['async', 'seen'][1]);\n",
};
const others = {
  "other.ts": 'export const word = "seen";\nexport const later = async () => await word;\n',
  "node_modules/old/package.json": '{"name":"old","main":"index.js"}',
  "node_modules/old/index.js": 'module.exports = () => "seen"; module.exports.later = async function () {};\n',
};

describe.each(["commonjs", "module", undefined])("a script below a package.json of type %s", (type) => {
  const files = { ...others, "package.json": JSON.stringify(type === undefined ? {} : { type }) };

  it.each(Object.entries(scripts))("runs with %s", async (_name, text) => {
    expect(await runScriptText(text, { files })).toMatchObject({ error: undefined, exitCode: 0, stdout: "seen\n" });
  });

  it("runs when it is of the old kind itself", async () => {
    expect(
      await runScriptText("console.log(['async', 'seen'][1]); module.exports = 1;\n", { files, name: "script.cts" }),
    ).toMatchObject({ error: undefined, stdout: "seen\n" });
  });

  it("runs although its package says that it has no side effects", async () => {
    const quiet = JSON.stringify({ ...(type && { type }), sideEffects: false });
    expect(
      await runScriptText(`${head}print("async".length === 5 ? "seen" : "lost");\n`, {
        files: { ...files, "package.json": quiet },
      }),
    ).toMatchObject({ error: undefined, stdout: "seen\n" });
  });
});
