import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { locateInPlace } from "../../../runtime/base/text-place.ts";
import type { PlacePosition } from "../../../runtime/base/text-place.ts";
import { normalizeText } from "../../../runtime/script/normalize-text.ts";
import { placeText as placeIn } from "../../../runtime/script/place-text.ts";
import type { PlacedText } from "../../../runtime/script/place-text.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfts-place-"));
afterAll(() => rmSync(folder, { recursive: true }));

function writeScript(text: string): string {
  const path = join(folder, "script.ts");
  writeFileSync(path, text);
  return path;
}

function placeText(text: string, files: readonly string[]): PlacedText | undefined {
  return placeIn(
    text,
    files.map((file) => ({ file, text: normalizeText(readFileSync(file, "utf8")) })),
  );
}

const locateIn = (placed: PlacedText | undefined, offset: number): PlacePosition | undefined =>
  placed && locateInPlace(placed, offset);

/** What stands at the place that an offset of the text is mapped to. */
function readAt(file: string, source: string, text: string, offset: number): string | undefined {
  const place = locateIn(placeText(text, [file]), offset);
  return place && source.split("\n")[place.line - 1]?.slice(place.column - 1, place.column + 5);
}

describe("placeText", () => {
  it("finds a template literal after others, quotes and all", () => {
    const source =
      "const a = `it's`; // don't\nconst b = new BPF({ text: `\nint f(void *ctx) {\n  return 0;\n}\n` });\n";
    const file = writeScript(source);
    const text = "\nint f(void *ctx) {\n  return 0;\n}\n";
    expect(placeText(text, [file])?.exact).toBe(true);
    expect(readAt(file, source, text, text.indexOf("return"))).toBe("return");
  });

  it("counts an escape as one character of the text", () => {
    const source = 'const b = `printk("a\\n"); return x;`;\n';
    const file = writeScript(source);
    const text = 'printk("a\n"); return x;';
    expect(readAt(file, source, text, text.indexOf("return"))).toBe("return");
  });

  it("finds raw templates and plain strings", () => {
    const source = 'const a = String.raw`x("\\n"); return 1;`;\nconst b = "int y; return 2;";\n';
    const file = writeScript(source);
    expect(readAt(file, source, 'x("\\n"); return 1;', 'x("\\n"); '.length)).toBe("return");
    expect(locateIn(placeText("int y; return 2;", [file]), 7)).toEqual({ file, line: 2, column: 19 });
  });

  it("places what a replacement of marks changed in its line, too", () => {
    const source = "const text = `\nint f(void *ctx) {\n  FILTER\n  if (x) {\n  }\n  return 0;\n}\n`;\n";
    const file = writeScript(source);
    const text = "\nint f(void *ctx) {\n  if (pid != 7) { return 0; }\n  if (x) {\n  }\n  return 0;\n}\n";
    const placed = placeText(text, [file]);
    expect(placed?.exact).toBe(false);
    expect(locateIn(placed, text.indexOf("  return 0;\n}"))).toMatchObject({ line: 6 });
    expect(locateIn(placed, text.indexOf("if (pid"))).toMatchObject({ line: 3, column: 3 });
    expect(locateIn(placed, 0)).toMatchObject({ line: 1 });
  });

  it("places no line of those that a mark became, nor what was joined to others", () => {
    const source = "const text = `\nint f(void *ctx) {\n  FILTER\n  return 0;\n}\n`;\n";
    const file = writeScript(source);
    const text =
      "int first;\nint second;\nint f(void *ctx) {\n  if (pid != 7)\n    return 0;\n  return 0;\n}\nint g;\n";
    const placed = placeText(text, [file]);
    expect(
      ["int first", "int second", "if (pid", "  return 0;\n  return", "int g"].map((line) =>
        locateIn(placed, text.indexOf(line)),
      ),
    ).toEqual(Array(5).fill(undefined));
    expect(["int f(", "  return 0;\n}", "}\nint g"].map((line) => locateIn(placed, text.indexOf(line))?.line)).toEqual([
      2, 4, 5,
    ]);
  });

  it.each([["\r\n"], ["\r"], ["\n"]])("finds a template in a file whose lines end with %j", (end) => {
    // JavaScript makes one newline of each.
    const source = [
      "\ufeffconst a = 1;",
      "const b = new BPF({ text: `",
      "int f(void *ctx) {",
      "  return 0; \\",
      "}",
      "`});",
    ].join(end);
    const text = "\nint f(void *ctx) {\n  return 0; }\n";
    const placed = placeText(text, [writeScript(source)]);
    expect(placed?.exact).toBe(true);
    expect(locateIn(placed, text.indexOf("return"))).toMatchObject({ line: 4, column: 3 });
    expect(locateIn(placed, text.indexOf("}"))).toMatchObject({ line: 5, column: 1 });
  });

  it("finds a text with Windows' line ends in a template, and counts its offsets", () => {
    const source = 'const b = "int f(void) {\\r\\n  return 0;\\r\\n}";\nconst c = `int g(void) {\n  return 1;\n}\n`;\n';
    const text = "int g(void) {\r\n  return 1;\r\n}\r\n";
    const placed = placeText(text, [writeScript(source)]);
    expect(locateIn(placed, text.indexOf("return"))).toMatchObject({ line: 3, column: 3 });
    expect(locateIn(placed, text.indexOf("}"))).toMatchObject({ line: 4, column: 1 });
  });

  it("names the file of each line where a text was joined from two", () => {
    const [one, other] = ["one.ts", "other.ts"].map((name) => join(folder, name)) as [string, string];
    writeFileSync(one, "export const a = `int a(void) {\n  return 1;\n}\n`;\n");
    writeFileSync(other, "// b\nexport const b = `int b(void) {\n  return 2;\n}\nint c;\n`;\n");
    const text = "int a(void) {\n  return 1;\n}\nMADE();\nint b(void) {\n  return 2;\n}\nint c;\n";
    const placed = placeText(text, [one, other]);
    expect(placed).toMatchObject({ file: other, exact: false });
    expect(locateIn(placed, text.indexOf("return 1"))).toEqual({ file: one, line: 2, column: 3 });
    expect(locateIn(placed, text.indexOf("return 2"))).toEqual({ file: other, line: 3, column: 3 });
    expect(locateIn(placed, text.indexOf("MADE"))).toBeUndefined();
    expect(JSON.parse(JSON.stringify(placed))).toEqual(placed);
  });

  it("counts an escape of a character of two code units as both", () => {
    const source = 'const c = `char s[] = "\\u{1F600}"; int x;`;\n';
    const text = 'char s[] = "\u{1F600}"; int x;';
    expect(locateIn(placeText(text, [writeScript(source)]), text.indexOf("int x"))).toMatchObject({
      line: 1,
      column: source.indexOf("int x") + 1,
    });
  });

  it("finds a file of C that the script imports as a text", () => {
    const text = "int f(void) {\n  return `1`;\n}\n";
    expect(locateIn(placeText(text, [writeScript(text)]), text.indexOf("return"))).toMatchObject({
      line: 2,
      column: 3,
    });
  });

  it("says nothing of a text that stands nowhere", () => {
    expect(placeText("int made_up;", [writeScript("const a = 1;\n")])).toBeUndefined();
  });
});
