import { describe, expect, it } from "vitest";
import { findTexts } from "../../../runtime/script/find-texts.ts";

/** The texts of a source, each with whether the program gets it as it stands. */
function list(source: string): readonly (readonly [string, boolean])[] {
  return findTexts(source).map(({ text, isExact }) => [text, isExact] as const);
}

describe("the C texts of a source", () => {
  it.each([
    ["new BPF({ text: `int a;` })", [["int a;", true]]],
    ['new BPF({ cflags: ["-DX"], text: "int a;" })', [["int a;", false]]],
    ["new BPF({ usdt_contexts: [make({ text: `no` })], text: `int a;` })", [["int a;", true]]],
    ["const text = `int a;`;\nnew BPF({ text });", [["int a;", true]]],
    ["const program: string = `int a;`\nusing b = new BPF({ text: program, debug: 1 });", [["int a;", true]]],
    ["const program = /* c */ `int a;`;\nmake(program);", [["int a;", false]]],
    ["new BPF({ text: /* c */ `int a;` })", [["int a;", true]]],
    ["const text = `int FILTER;`.replace('FILTER', 'a'); new BPF({ text });", [["int FILTER;", false]]],
    ["const text = `int FILTER;`; new BPF({ text: text.replace('FILTER', 'a') });", [["int FILTER;", false]]],
    ["let text = `int a;`; text += more; new BPF({ text });", [["int a;", false]]],
    ["const head = `int a;`; new BPF({ text: head + body });", [["int a;", false]]],
    ["new BPF({ text: `int ${name};` })", [["int ", false]]],
    ["new BPF({ text: `int a;` + more })", [["int a;", false]]],
    [
      "new BPF({ text: `a` }); new BPF({ text: `b` });",
      [
        ["a", true],
        ["b", true],
      ],
    ],
    ["const text = `int X;`; new BPF({ text, cflags: [`-DX=a`] });", [["int X;", false]]],
    ["new BPF({ text: `int X;` }, [`-DX=a`]);", [["int X;", false]]],
    ["// new BPF({ text: `int a;` })\n/* new BPF({ text: `int b;` }) */", []],
    ["const doc = 'new BPF({ text: `int a;` })';", []],
    ["const re = /[`'\"]/; const half = a / b; new BPF({ text: `int a;` }); // `", [["int a;", true]]],
    ["new BPF({ src_file: `x.c` })", []],
    ["new BPF({ text: make() })", []],
    ["new BPF({ text: `int a;", [["int a;", false]]],
  ] as const)("%s", (source, wanted) => expect(list(source)).toEqual(wanted));

  it("have places for each of their characters, escapes and values or not", () => {
    const source = "x; new BPF({ text: `a\\n\\`${ `in ${1}` }b` })";
    const [found] = findTexts(source);
    expect(found!.raw).toBe(`a\\n\\\`${" ".repeat("${ `in ${1}` }".length)}b`);
    expect(source.slice(found!.start, found!.end)).toHaveLength(found!.raw.length);
    expect(source[found!.offsets[0]!]).toBe("a");
    expect(found!.text.slice(0, 3)).toBe("a\n`");
  });
});
