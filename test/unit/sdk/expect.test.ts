import { describe, expect, it } from "vitest";
import { GuestError } from "../../../runtime/base/errors.ts";
import type { TestTarget } from "../../../runtime/session/bridge/bridge-state.ts";
import type { TestFailure, TestNote } from "../../../sdk/wire/test-calls.ts";
import { runScriptText } from "../../support/guest-run.ts";

/** What the lines print, each of which is one statement; what it throws stands in its place. */
async function printAll(lines: readonly string[]): Promise<string[]> {
  const text = `import { BPF, expect, print } from "bpfts";
const tell = (run: () => void): void => {
  try {
    run();
    print("holds");
  } catch (error) {
    const { message, hint, diff } = error as { message: string; hint?: string; diff?: string[] };
    print([message, ...(hint === undefined ? [] : ["hint: " + hint]), ...(diff ?? [])].join("|"));
  }
};
${lines.map((line) => `tell(() => { ${line}; });`).join("\n")}`;
  const { error, stdout } = await runScriptText(text);
  expect(error).toBeUndefined();
  return stdout.trimEnd().split("\n");
}

describe("expect", () => {
  it("holds", async () => {
    const lines = [
      "expect(NaN).toBe(NaN)",
      "expect(0).not.toBe(1)",
      "expect({ pid: 1, list: [1n, { a: undefined }] }).toEqual({ pid: 1, list: [1n, {}] })",
      "expect(new Map([[1, { a: 2 }]])).toEqual(new Map([[1, { a: 2 }]]))",
      "expect(new Set([[1], [2]])).toEqual(new Set([[2], [1]]))",
      "expect(new Uint8Array([1, 2])).toEqual(new Uint8Array([1, 2]))",
      "expect(new Date(5)).toEqual(new Date(5))",
      "expect(new Error('a')).toEqual(new Error('a'))",
      "expect(1n).not.toEqual(1)",
      "expect([1]).not.toEqual([1, undefined])",
      "expect({ a: 1 }).not.toEqual({ a: 1, b: 2 })",
      "expect([{ pid: 1, comm: 'init' }]).toMatchObject([{ comm: 'init' }])",
      "expect([1, 2]).not.toMatchObject([1])",
      "expect('abc').toContain('b')",
      "expect([{ a: 1 }]).toContain({ a: 1 })",
      "expect('abc').toMatch(/b/)",
      "const again = /b/g; expect('ab').toMatch(again); expect('ab').toMatch(again)",
      "expect(() => { throw new Error('a bad thing'); }).toThrow('bad')",
      "expect(() => { throw new Error('a bad thing'); }).toThrow(/^a/)",
      "expect(() => 1).not.toThrow()",
    ];
    expect(await printAll(lines)).toEqual(lines.map(() => "holds"));
  });

  it("says what was expected and what was there", async () => {
    expect(
      await printAll([
        "expect(2).toBe(1)",
        "expect(1).not.toBe(1)",
        "expect(1n).toEqual(1)",
        "expect('a\\nb\\nc').toBe('a\\nB\\nc')",
        "expect({ a: 1 }).toEqual({ a: 2 })",
        "expect([{ comm: 'a'.repeat(50), pid: 1 }, { pid: 2 }]).toEqual([{ pid: 2 }])",
        "expect('abc').toContain('d')",
        "expect(() => 1).toThrow()",
        "expect(() => { throw new Error('x'); }).toThrow('y')",
      ]),
    ).toEqual([
      "expected 2 to be 1|- 1|+ 2",
      "expected 1 not to be 1",
      "expected 1n to equal 1: a bigint is no number|- 1|+ 1n",
      String.raw`expected "a\nb\nc" to be "a\nB\nc"|  a|- B|+ b|  c`,
      "expected { a: 1 } to equal { a: 2 }|- { a: 2 }|+ { a: 1 }",
      `expected [{ comm: "${"a".repeat(50)}… to equal [{ pid: 2 }]|  [|+   {|+     comm: "${"a".repeat(50)}",|+     pid: 1,|+   },|    { pid: 2 },|  ]`,
      'expected "abc" to contain "d"|- d|+ abc',
      "expected [function (anonymous)] to throw",
      'expected [function (anonymous)] to throw "y"; it threw "x"',
    ]);
  });

  it("says what it does not take", async () => {
    expect(
      await printAll([
        "(expect as any)()",
        "(expect(1) as any).toBeTruthy()",
        "expect(1).not.not.toBe(1)",
        "expect(1).toContain(1)",
        "expect('a').toContain(1)",
        "expect('a').toMatch('a' as any)",
        "expect(1).toMatch(/a/)",
        "expect(1).toThrow()",
        "expect(1).toMatchObject(1 as any)",
        "expect(async () => {}).toThrow()",
      ]),
    ).toEqual([
      "expect() takes one value|hint: for example: expect(run.status).toBe(0)",
      'expect(…) has no "toBeTruthy"|hint: it has: not, toBe, toContain, toEqual, toMatch, toMatchObject, toThrow',
      "expect(…).not has no second not",
      "toContain() looks into a text or a list, not into 1",
      "A text contains texts, not 1",
      'toMatch() takes a regular expression, got "a"|hint: toContain() looks for a text',
      "toMatch() looks into a text, not into 1",
      "toThrow() calls a function, and this is 1|hint: for example: expect(() => b.table(name)).toThrow()",
      "toMatchObject() takes an object or a list, got 1",
      "toThrow() calls no async function|hint: await it in try and catch: a promise that is rejected throws at await",
    ]);
  });

  it("shows two large texts with the lines around each change", async () => {
    const [line] = await printAll([
      "const text = (changed) => Array.from({ length: 30 }, (_, at) => at === changed ? 'new' : `line ${at}`).join('\\n'); expect(text(20)).toBe(text(-1))",
    ]);
    expect(line!.split("|").slice(1)).toEqual([
      "  …",
      ...["  line 17", "  line 18", "  line 19", "- line 20", "+ new", "  line 21", "  line 22", "  line 23", "  …"],
    ]);
  });
});

describe("test", () => {
  async function runTests(text: string): Promise<{ readonly notes: readonly TestNote[]; readonly error: unknown }> {
    const notes: TestNote[] = [];
    let declared = 0;
    const tests: TestTarget = {
      note(note) {
        notes.push(note);
        return { test: note.kind === "declare" ? ++declared : note.test, runs: true };
      },
      replay: () => ({ status: 3, output: "out\n", errors: "err\n", records: '{"type":"row","data":{"pid":1}}\n' }),
    };
    const { error } = await runScriptText(`import { expect, replay, sleep, test } from "bpfts";\n${text}`, { tests });
    return { notes, error };
  }
  const ends = (notes: readonly TestNote[]): (readonly [number, TestFailure | null])[] =>
    notes.flatMap((note) => (note.kind === "end" ? [[note.test, note.failure] as const] : []));

  it("runs tests one after the other, also async ones, and goes on after a failure", async () => {
    const { notes, error } = await runTests(`
let at = 0;
test("one", async () => { await new Promise((resolve) => setTimeout(resolve, 20)); expect(at++).toBe(0); });
test("two", () => { expect(at++).toBe(1); throw new TypeError("bad"); });
test("three", () => { expect(at).toBe(2); });`);
    expect(error).toBeUndefined();
    expect(notes.map(({ kind }) => kind)).toEqual([
      ...["declare", "declare", "declare"],
      ...["begin", "end", "begin", "end", "begin", "end"],
    ]);
    const [one, two, three] = ends(notes);
    expect([one, two![0], two![1]!.message, three]).toEqual([[1, null], 2, "TypeError: bad", [3, null]]);
    expect(two![1]!.stack).toContain("script.ts:5:");
  });

  it("gives a replay's rows and records", async () => {
    const { notes } = await runTests(`test("one", () => {
  expect(replay("a.bpfrec")).toEqual({ status: 3, output: "out\\n", errors: "err\\n", rows: [{ pid: 1 }], records: [{ type: "row", data: { pid: 1 } }] });
});`);
    expect(ends(notes)).toEqual([[1, null]]);
  });

  it.each([
    ['test("a", { skips: true }, () => {})', 'test() has no option "skips"'],
    ["test(() => {})", "test() takes its name first as a text, got [function (anonymous)]"],
    ['test("a")', "test() takes what it does last as a function, got undefined"],
    ['test("a", () => {}, { skip: true })', "test() takes what it does last as a function, got { skip: true }"],
    ["replay()", "replay() takes the recording's path first as a text, got undefined"],
    ['replay("a", { script: 1 })', "replay() takes script as a text, got 1"],
    ['replay("a", { args: "x" })', "replay() takes args as a list of texts"],
  ])("refuses %s", async (text, message) => {
    const { error } = await runTests(text.replace(/^(test|replay)/, "($1 as any)"));
    expect((error as Error).message).toBe(message);
  });

  it("says outside of bpfts test what is missing", async () => {
    const { error } = await runScriptText('import { test } from "bpfts"; test("a", () => {});', { name: "a.test.ts" });
    expect(error).not.toBeInstanceOf(GuestError);
    expect(error).toMatchObject({
      message: "test() belongs into a file of tests",
      hint: "run it by: bpfts test a.test.ts",
    });
  });
});
