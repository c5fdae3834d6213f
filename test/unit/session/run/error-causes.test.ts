import { describe, expect, it } from "vitest";
import { renderError } from "../../../../runtime/cli/render-error.ts";
import { CompileError, MapError } from "../../../../runtime/base/errors.ts";
import type { BpftsError } from "../../../../runtime/base/errors.ts";
import { errno } from "../../../../runtime/kernel/door/errno.ts";
import { makeProgram, runScriptText } from "../../../support/guest-run.ts";

const failing = (): never => {
  throw new CompileError("C: wrong", {
    location: { file: "/c/of/the/user.c", line: 7 },
    hint: "write it right",
    diagnostics: [
      { severity: "error", message: "C: wrong", location: { file: "/c/of/the/user.c", line: 7 } },
      { severity: "error", message: "and wronger", location: { file: "/c/of/the/user.c", line: 9 } },
    ],
  });
};

describe("an uncaught error", () => {
  it("is shown with its causes and the errors of an AggregateError, each at its place", async () => {
    const { error, file } = await runScriptText(
      `// @ts-nocheck
const inner = new TypeError("inner");
const list = [new RangeError("one", { cause: inner }), { code: 5n }, "text"];
throw new AggregateError(list, "all", {
  cause: "why" });`,
    );
    expect(error).toMatchObject({
      message: "AggregateError: all",
      location: { line: 4 },
      diagnostics: [
        {
          severity: "note",
          message: "error 1 of 3: RangeError: one",
          location: { file, line: 3 },
          notes: [{ message: "caused by: TypeError: inner", location: { file, line: 2 } }],
        },
        { message: "error 2 of 3: { code: 5n }" },
        { message: "error 3 of 3: text" },
        { message: "caused by: why" },
      ],
    });
  });

  it("that wraps one of bpfts' own shows that one whole: its place in the C, all that clang said, its next step", async () => {
    const { error } = await runScriptText(
      `import { BPF } from "bpfts";\ntry { new BPF({ text: "x" }); } catch (cause) { throw new Error("cannot start", { cause }); }`,
      { build: failing },
    );
    expect(error).toMatchObject({
      message: "Error: cannot start",
      diagnostics: [
        {
          message: "caused by: CompileError: C: wrong",
          location: { file: "/c/of/the/user.c", line: 7 },
          hint: "write it right",
          notes: [{ message: "and wronger", location: { line: 9 } }],
        },
      ],
    });
  });

  it("ends at a cause that is its own, and takes a cause that cannot be read for none", async () => {
    const { error } = await runScriptText(
      `const a = new Error("a"); a.cause = a; Object.defineProperty(a, "errors", { get() { throw 1; } }); throw a;`,
    );
    let depth = 0;
    let notes = (error as BpftsError).diagnostics;
    while (notes.length > 0) {
      depth++;
      notes = notes[0]!.notes ?? [];
    }
    expect(depth).toBeGreaterThan(1);
    expect(depth).toBeLessThan(10);
  });

  it.each([
    ["{ code: 5, why: ['x', 1n] }", '{ code: 5, why: ["x", 1n] }'],
    ["{ message: 'looks like one', name: 'Almost' }", '{ message: "looks like one", name: "Almost" }'],
    ["new Map([[1, 2]])", "Map {1 => 2}"],
    ["() => 1", "[function (anonymous)]"],
    ["{ get bad() { throw 1; } }", "an object"],
    ["null", "null"],
  ])("that is none is shown with its content: throw %s", async (thrown, shown) => {
    const { error } = await runScriptText(`// @ts-nocheck\nthrow ${thrown};`);
    expect(error).toMatchObject({ code: "BPFTS_GUEST", message: `The script threw ${shown}, which is no error` });
  });

  it("lists the functions of the script that led there, across its files and into async functions", async () => {
    const { error, file } = await runScriptText(
      `import { deep } from "./other.ts";\nasync function outer() { return inner(); }\nconst inner = () => deep(1);\nawait outer();\n`,
      { files: { "other.ts": `export function deep(n: number): number {\n  throw new Error("deep " + n);\n}\n` } },
    );
    const other = file.replace("script.ts", "other.ts");
    const { frames } = error as BpftsError;
    expect(frames?.slice(0, 2)).toMatchObject([
      { name: "deep", location: { file: other, line: 2 } },
      { name: "inner", location: { file, line: 3 } },
    ]);
    expect(frames).toContainEqual({ name: "outer", location: expect.objectContaining({ file, line: 2 }) as object });
    expect(renderError(error, { verbose: false })).toContain("    at inner (");
    const short = await runScriptText(`throw new Error("only here");`);
    expect((short.error as BpftsError).frames).toBeUndefined();
  });
});

describe("the stack of an error that came through an await", () => {
  const other = `export async function fail(n: number): Promise<number> {
  await Promise.resolve();
  if (n > 1) throw new Error("deep");
  return n;
}
`;

  it("has the place of each await, across files", async () => {
    const { error, file } = await runScriptText(
      `import { fail } from "./other.ts";
async function middle() {
  await fail(1);
  return (await Promise.all([fail(1), fail(2)])).length;
}
async function outer() {
  for await (const n of [1, 2]) await middle();
}
await outer();
`,
      { files: { "other.ts": other } },
    );
    const places = (error as BpftsError).frames?.map(
      ({ name, location }) => `${name ?? ""}:${location.file.replace(/.*\//, "")}:${location.line}`,
    );
    expect(places).toEqual([":other.ts:3", "async:script.ts:4", "async:script.ts:7", "async:script.ts:9"]);
    expect(renderError(error, { verbose: false })).toMatch(/\n {4}at async .*script\.ts:4:\d+\n/);
    expect((error as BpftsError).location).toMatchObject({ file: file.replace("script.ts", "other.ts"), line: 3 });
  });

  it("is whole wherever the script reads it, and ends where it was caught", async () => {
    const { stdout, error } = await runScriptText(
      `// @ts-nocheck
import { fail } from "./other.ts";
const lines = (error) => error.stack.split("\\n").map((line) => line.replace(/\\S*\\/(\\w+\\.ts:\\d+):\\d+/, "$1").trim()).join(" | ");
async function plain() { await fail(2); }
async function rethrows() {
  try { await plain(); } catch (error) { console.log(lines(error)); throw error; }
}
async function cleans() {
  try { await rethrows(); } finally { await 1; }
}
try { await cleans(); } catch (error) { console.log(lines(error), Object.keys(error).join(), error instanceof Error); }
async function nothing() { await null; null.x; }
async function waits() { await nothing(); }
try { await waits(); } catch (error) { console.log(String(error), error.stack.split("at async").length); }
async function own() { await null; const e = new Error("own"); e.stack = "mine"; throw e; }
async function frozen() { await null; throw Object.freeze(new Error("frozen")); }
async function text() { await null; throw "a text"; }
for (const run of [own, frozen, text]) {
  const passes = async () => { await run(); };
  await passes().catch((error) => console.log(error === "a text" ? error : error.stack.split("\\n")[0]));
}`,
      { files: { "other.ts": other } },
    );
    expect(error).toBeUndefined();
    expect(stdout.split("\n")).toEqual([
      "Error: deep | at other.ts:3 | at async script.ts:4",
      "Error: deep | at other.ts:3 | at async script.ts:4 | at async script.ts:9  true",
      expect.stringMatching(/^TypeError: .* 2$/),
      "mine",
      "Error: frozen",
      "a text",
      "",
    ]);
  });
});

describe("error.stack", () => {
  it("names places in the script's files, behind the error's name and message", async () => {
    const { stdout, stderr, error, file } = await runScriptText(`// @ts-nocheck
class Own extends Error { name = "Own"; }
function make() { return new Own("why"); }
const made = make();
console.log(made.stack);
console.log(made instanceof Own, made instanceof Error, Object.keys(made).join(), new Error().constructor === Error, Object.getPrototypeOf(TypeError) === Error, TypeError("t") instanceof TypeError);
made.stack = "mine"; console.log(made.stack, JSON.stringify(Object.getOwnPropertyDescriptor(new Error("q"), "stack").enumerable));
try { null.x; } catch (error) { console.error("got", error); }
console.error(new Error("outer", { cause: new RangeError("lower") }));`);
    expect(error).toBeUndefined();
    expect(stdout).toMatch(
      new RegExp(
        `^Own: why\\n(?:    at .*${file}:2:\\d+\\)?\\n)?    at make \\(${file}:3:\\d+\\)\\n    at ${file}:4:\\d+\\ntrue true name true true true\\nmine false\\n$`,
      ),
    );
    expect(stderr).toMatch(
      new RegExp(
        `^got TypeError: .*\\n    at ${file}:8:\\d+\\nError: outer\\n    at ${file}:9:\\d+\\ncaused by: RangeError: lower\\n      at ${file}:9:\\d+\\n$`,
      ),
    );
  });
});

describe("errors of bpfts", () => {
  it("are of classes that a script can name, with code, errno and reason", async () => {
    const maps = [
      {
        name: "counts",
        type: 1,
        keySize: 4,
        valueSize: 8,
        maxEntries: 1,
        flags: 0,
        key: { kind: "int", size: 4, signed: false },
        value: { kind: "int", size: 8, signed: false },
      },
    ] as never;
    const answers = [errno.E2BIG, errno.EEXIST, errno.ENOENT, errno.EPERM];
    const { stdout, error } = await runScriptText(
      `import { BPF, BpfError, ClosedError, MapError, ArgumentError, errno_name, print } from "bpfts";
const b = new BPF<string>({ text: "x" });
const counts = b.table<number, number | bigint>("counts");
for (let at = 0; at < 4; at++) {
  try { counts.set(1, 1n); }
  catch (error) { if (error instanceof MapError) print(error instanceof BpfError, error.name, error.code, error.reason, errno_name(error.errno ?? 0)); }
}
for (const key of [2 ** 40, "x" as unknown as number]) {
  try { counts.set(key, 1n); } catch (error) { if (error instanceof MapError) print(error.reason, error.errno); }
}
try { b.get_table("none"); } catch (error) { print(error instanceof ArgumentError, error instanceof MapError); }
b.close();
try { counts.get(1); } catch (error) { print(error instanceof ClosedError, String(error).split(":")[0]); }`,
      { build: () => makeProgram({ maps }), kernel: { mapUpdate: () => answers.shift()! } as never },
    );
    expect(error).toBeUndefined();
    expect(stdout.split("\n")).toEqual([
      "true MapError BPFTS_MAP full E2BIG",
      "true MapError BPFTS_MAP exists EEXIST",
      "true MapError BPFTS_MAP no_such_key ENOENT",
      "true MapError BPFTS_MAP other EPERM",
      "out_of_range undefined",
      "wrong_type undefined",
      "true false",
      "true ClosedError",
      "",
    ]);
    expect(new MapError("x").reason).toBe("other");
  });
});
