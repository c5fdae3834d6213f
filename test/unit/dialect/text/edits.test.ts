import { describe, expect, it } from "vitest";
import { InternalError } from "../../../../runtime/base/errors.ts";
import { findOrigin } from "../../../../runtime/dialect/text/origins.ts";
import { EditList } from "../../../../runtime/dialect/text/edits.ts";

describe("EditList", () => {
  it("replaces and inserts, first come first placed at one index", () => {
    const edits = new EditList("abc def");
    edits.insert(4, "(");
    edits.insert(4, "[");
    edits.replace(0, 3, "X");
    edits.insert(7, "]");
    expect(edits.apply().text).toBe("X ([def]");
  });

  it("keeps the newlines of what it replaces and takes in none", () => {
    const edits = new EditList("f(\na,\nb) + c");
    edits.replace(0, 8, "g(1\n2)");
    const { text } = edits.apply();
    expect(text).toBe("g(1 2)\n\n + c");
  });

  it("finds the way back", () => {
    const edits = new EditList("one two three");
    edits.replace(4, 7, "2222");
    edits.insert(0, ">>");
    const { text, origins } = edits.apply();
    expect(text).toBe(">>one 2222 three");
    expect(findOrigin(origins, text.indexOf("one"))).toBe(0);
    expect(findOrigin(origins, text.indexOf("2222") + 3)).toBe(4);
    expect(findOrigin(origins, text.indexOf("three"))).toBe(8);
    expect(findOrigin(origins, text.length)).toBe(13);
  });

  it("refuses edits that overlap", () => {
    const edits = new EditList("abcdef");
    edits.replace(0, 3, "x");
    edits.replace(2, 4, "y");
    expect(() => edits.apply()).toThrow(InternalError);
  });

  it("is the text itself without edits", () => {
    const { text, origins } = new EditList("abc").apply();
    expect([text, findOrigin(origins, 2)]).toEqual(["abc", 2]);
  });
});
