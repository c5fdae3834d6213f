import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ScriptError } from "../../../runtime/base/errors.ts";
import type { Library } from "../../../runtime/script/read-library.ts";
import { readScript } from "../../../runtime/script/read-script.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfts-script-"));
afterAll(() => rmSync(folder, { recursive: true }));
const readLibrary = (): Promise<Library> =>
  Promise.resolve({ code: "export const answer = 42;", exports: ["answer", "question"] });

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function catchError(path: string): Promise<ScriptError> {
  try {
    await readScript(path, { readLibrary });
  } catch (error) {
    if (error instanceof ScriptError) return error;
    throw error;
  }
  throw new Error("it was read");
}

describe("readScript", () => {
  it("bundles files beside the script, leaves the library apart, and names the user's own", async () => {
    const other = write("other.ts", "export const two = 2 as number;\n");
    const path = write(
      "script.ts",
      'import { answer } from "bpfts";\nimport { two } from "./other.ts";\nconsole.log(answer + two);\n',
    );
    const script = await readScript(path, { readLibrary });
    expect(script.files).toEqual([path, other]);
    expect(script.code).toBe('import{answer,question}from"bpfts";console.log(answer+2);\n');
  });

  it("maps places of the bundle back to the script", async () => {
    const path = write(
      "mapped.ts",
      "interface X { y: number }\n\nconst thrower = (x: X): never => { throw x; };\nthrower({ y: 1 });\n",
    );
    const script = await readScript(path, { readLibrary });
    const lines = script.code.split("\n");
    const line = lines.findIndex((text) => text.includes("thrower({"));
    expect(script.mapPosition(line + 1, lines[line]!.indexOf("thrower({") + 1)).toEqual({
      file: path,
      line: 4,
      column: 1,
    });
  });

  it("maps places in and behind async functions, whatever stands around them", async () => {
    const other = write(
      "behind.ts",
      'export const two = 2 as number;\nexport const text = `a\nimport { b } from "c";\nexport { d };\n`;\n',
    );
    const path = write(
      "async.ts",
      'import { text, two } from "./behind.ts";\nimport { answer } from "bpfts";\n\nexport const late: number = await later();\nasync function later(): Promise<number> { return thrower(answer + two, text); }\nfunction thrower(..._: unknown[]): never { throw _; }\nfor await (const one of [1]) print(one);\nexport {};\n',
    );
    const script = await readScript(path, { readLibrary });
    expect(script.files).toEqual([path, other]);
    expect(script.code).not.toMatch(/\basync\b/);
    expect(script.code).toContain('a\nimport { b } from "c";\nexport { d };\n');
    expect(script.code).not.toMatch(/export ?\{ ?(?:late|f)/);
    const lines = script.code.split("\n");
    const findPlace = (text: string): unknown => {
      const line = lines.findIndex((one) => one.includes(text));
      return script.mapPosition(line + 1, lines[line]!.indexOf(text) + 1);
    };
    expect([findPlace("thrower(answer"), findPlace("throw _"), findPlace("print(")]).toEqual([
      { file: path, line: 5, column: 50 },
      { file: path, line: 6, column: 44 },
      { file: path, line: 7, column: 30 },
    ]);
  });

  it("keeps a bundle until one of its files changes", async () => {
    const stored = new Map<string, Buffer>();
    let writes = 0;
    const store = {
      find: (name: string) => stored.get(name),
      write: (name: string, body: Uint8Array) => (writes++, void stored.set(name, Buffer.from(body))),
    };
    const other = write("changing.ts", "export const two = 2;\n");
    const path = write("kept.ts", 'import { two } from "./changing.ts";\nconsole.log(two);\n');
    await readScript(path, { readLibrary, store });
    await readScript(path, { readLibrary, store });
    expect(writes).toBe(1);
    writeFileSync(other, "export const two = 3;\n");
    expect((await readScript(path, { readLibrary, store })).code).toContain("3");
    expect(writes).toBe(2);
  });

  it("places a syntax error", async () => {
    const path = write("broken.ts", "const a = 1;\nconst b = = 2;\n");
    const error = await catchError(path);
    expect(error.location).toEqual({ file: path, line: 2, column: 11, lineText: "const b = = 2;" });
    expect(error.message).toBe('Unexpected "="');
  });

  it("places a name that the library does not have", async () => {
    const error = await catchError(write("name.ts", 'import { answer, anser } from "bpfts";\nanser(answer);\n'));
    expect(error.message).toBe('"bpfts" has no export "anser"');
    expect(error.hint).toBe('did you mean "answer"?');
    expect(error.location).toMatchObject({ line: 1, column: 18 });
  });

  it.each(["fs", "node:fs", "fs/promises"])("names the package and the file that needs Node's %s", async (name) => {
    const packageFolder = join(folder, "node_modules", "@for", "node");
    mkdirSync(join(packageFolder, "lib"), { recursive: true });
    writeFileSync(join(packageFolder, "package.json"), '{"main":"lib/index.js"}');
    writeFileSync(join(packageFolder, "lib", "index.js"), `export const files = require("${name}");\n`);
    const error = await catchError(write("for-node.ts", 'import { files } from "@for/node";\nconsole.log(files);\n'));
    expect(error.message).toBe(`The package "@for/node" needs Node: its file "lib/index.js" imports "${name}"`);
    expect(error.hint).toContain("runs in browsers");
    expect(error.location).toMatchObject({ file: join(packageFolder, "lib", "index.js"), line: 1 });
  });

  it("tells Node's modules, missing files and missing packages apart", async () => {
    expect((await catchError(write("a.ts", 'import fs from "node:fs";\nfs;\n'))).hint).toContain(
      "sandbox without Node",
    );
    expect((await catchError(write("b.ts", 'import { x } from "./nothing.ts";\nx;\n'))).hint).toContain(
      "importing file",
    );
    const error = await catchError(write("c.ts", '\nimport { x } from "no-such-package";\nx;\n'));
    expect(error.message).toBe('Cannot find "no-such-package"');
    expect(error.hint).toBe("install the package beside the script: npm install no-such-package");
    expect(error.location).toMatchObject({ line: 2, column: 19 });
  });

  it("says why a path cannot be read", async () => {
    expect((await catchError(join(folder, "none.ts"))).message).toContain("no such file");
    expect((await catchError(folder)).message).toContain("it is a directory");
  });
});
