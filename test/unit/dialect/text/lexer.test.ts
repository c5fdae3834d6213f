import { describe, expect, it } from "vitest";
import { findClosing, parseTokens, readRange, splitAtCommas } from "../../../../runtime/dialect/text/lexer.ts";

const texts = (text: string): string[] => parseTokens(text).map((token) => token.text);

describe("parseTokens", () => {
  it("leaves comments and white space out", () => {
    expect(texts("a /* b */ + // c\n d")).toEqual(["a", "+", "d"]);
  });

  it("keeps a newline inside a string in the string", () => {
    expect(texts('f("a\nb", 1)')).toEqual(["f", "(", '"a\nb"', ",", "1", ")"]);
  });

  it("marks a preprocessor line with its continuation", () => {
    const tokens = parseTokens("#define A(x) \\\n x + 1\nint b;");
    expect(tokens.filter((token) => token.inDirective).map((token) => token.text)).toEqual([
      "#",
      "define",
      "A",
      "(",
      "x",
      ")",
      "x",
      "+",
      "1",
    ]);
  });

  it("does not take a quote in a comment or a character for a string", () => {
    expect(texts('\'"\' /* " */ x // "\ny')).toEqual(["'\"'", "x", "y"]);
  });

  it("tells places by index", () => {
    for (const token of parseTokens('int x = 0x1fUL; s->t[1] <<= "q\\"";'))
      expect('int x = 0x1fUL; s->t[1] <<= "q\\"";'.slice(token.start, token.end)).toBe(token.text);
  });
});

describe("splitAtCommas", () => {
  it("splits at the top level only", () => {
    const text = "f(a, (b, c), {d, e}[1])";
    const tokens = parseTokens(text);
    const close = findClosing(tokens, 1)!;
    expect(splitAtCommas(tokens, 1, close).map((range) => readRange(text, tokens, range))).toEqual([
      "a",
      "(b, c)",
      "{d, e}[1]",
    ]);
  });

  it("finds no argument between empty brackets", () => {
    const tokens = parseTokens("f()");
    expect(splitAtCommas(tokens, 1, 2)).toEqual([]);
  });
});

describe("findClosing", () => {
  it("answers undefined for a bracket that is closed by another kind or not at all", () => {
    expect(findClosing(parseTokens("(a]"), 0)).toBeUndefined();
    expect(findClosing(parseTokens("(a"), 0)).toBeUndefined();
  });
});
