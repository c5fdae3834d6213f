import { describe, expect, it } from "vitest";
import { findFunctions } from "../../../../runtime/dialect/text/functions.ts";
import { parseTokens } from "../../../../runtime/dialect/text/lexer.ts";

const find = (text: string) => findFunctions(parseTokens(text));

describe("findFunctions", () => {
  it("finds functions and nothing else that has braces", () => {
    const found = find(
      "struct a { int b; };\nint x[] = { 1 };\nenum e { A };\nint f(int a) { if (a) { return 1; } return 0; }\nstatic inline u64 *g(void)\n{ return 0; }\nint proto(int);",
    );
    expect(found.map(({ name, returnType, isStatic, isProgram }) => [name, returnType, isStatic, isProgram])).toEqual([
      ["f", "int", false, true],
      ["g", "u64 *", true, false],
    ]);
  });

  it("reads a section, attributes and macros that make heads", () => {
    const found = find(
      'SEC("kprobe/x") int f(void *c) { }\nint __attribute__((always_inline)) g(int a) __attribute__((pure)) { }\nTRACEPOINT_PROBE(a, b) { }\nSEC("xdp") int BPF_PROG(h, int a) { }',
    );
    expect(found.map(({ name, section }) => [name, section])).toEqual([
      ["f", "kprobe/x"],
      ["g", undefined],
      ["TRACEPOINT_PROBE", undefined],
      ["BPF_PROG", "xdp"],
    ]);
  });

  it("ends the head of a function whose name stands in parentheses with its body", () => {
    const found = find(
      "int (f)(int a) { return 0; }\nint g(int a) { return 0; }\nstruct __attribute__((packed)) s { int a; } x;",
    );
    expect(found.map(({ name, headToken }) => [name, headToken])).toEqual([["g", 13]]);
  });

  it("follows both branches of a conditional that opens one body twice", () => {
    const text = "#if A\nint f(int a)\n{\n  x();\n#else\nint g(int a)\n{\n#endif\n  y();\n}\nint h(void) { }";
    const found = find(text);
    expect(found.map(({ name, bodyEnd }) => [name, bodyEnd])).toEqual([
      ["f", text.indexOf("}\nint h")],
      ["g", text.indexOf("}\nint h")],
      ["h", text.length - 1],
    ]);
  });

  it("knows a void function", () => {
    expect(find("void f(void *ctx) { }")[0]).toMatchObject({ returnsVoid: true, isProgram: true });
  });
});
