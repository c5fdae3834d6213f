import { describe, expect, it } from "vitest";
import { isInputOver } from "../../../runtime/live/input-state.ts";

describe("an input", () => {
  it.each([
    "1 + 1",
    "counts",
    "f({ a: [1, 2] })",
    '"{"',
    "'('",
    "`a ${b({ c: `d` })} e`",
    "// {",
    "1 /* { */",
    "x.match(/[(]/)",
    "x.split(/\\(/g)",
    "4 / 2; (1)",
    ".on kprobe:vfs_read { count(comm); }",
    "n++",
    "n--",
    "const m: Map<string, bigint>",
    "a! // +",
    "'+'",
    "/a+/",
    ".list kprobe:vfs_*",
    ".types counts.",
    // What is wrong is over.
    "f(]",
    "}",
    '"no end',
    "",
  ])("is over: %s", (text) => {
    expect(isInputOver(text)).toBe(true);
  });

  it.each([
    "f(",
    "if (x) {",
    "[1,\n2",
    "`one line",
    "`a ${b",
    "`a ${b} c",
    "/* a comment",
    "for (const x of y) {\n  print(x);",
    ".on kprobe:vfs_read {",
    "x.replace(/}/, ",
    "1 +",
    "1 + // one",
    "a\n  &&",
    "const x =",
    "const f = () =>",
    "a >",
    "a ?",
    "counts.",
    "'a' +",
    ".on kprobe:vfs_read,",
  ])("goes on: %s", (text) => {
    expect(isInputOver(text)).toBe(false);
  });

  it("is over when the last bracket is closed", () => {
    const lines = ["const f = (x) => {", "  if (x) {", "    return `${x}`;", "  }", "};"];
    const states = lines.map((_, index) => isInputOver(lines.slice(0, index + 1).join("\n")));
    expect(states).toEqual([false, false, false, false, true]);
  });
});
