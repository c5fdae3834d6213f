import { describe, expect, it } from "vitest";
import { placeRefusals } from "../../../../runtime/compile/place-refusals.ts";
import { locateInPlace } from "../../../../runtime/base/text-place.ts";
import { locateInUnit } from "../../../../runtime/dialect/text/locate-in-unit.ts";
import { locateOffset } from "../../../../runtime/dialect/text/pass.ts";
import { describeSourceFile } from "../../../../runtime/session/build/open-builder.ts";
import type { FileScope } from "../../../../runtime/script/file-scope.ts";
import { placeText } from "../../../../runtime/script/place-text.ts";
import { measureGrowth } from "../../../support/measure-growth.ts";
import { prepare } from "../fake-env.ts";

/** Placing all of a text's messages must take time with their number, whatever the text looks like: a megabyte of C in one line was 18 s. */
const repeat = (count: number, piece: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => piece(index)).join("");

const cases: readonly [name: string, count: number, prepareRun: (count: number) => () => void][] = [
  [
    "messages on one long line",
    2000,
    (count) => {
      const unit = prepare(`int f(void *ctx) { ${repeat(count, () => "int a; ")} return 0; }`);
      return () => {
        for (let at = 0; at < count; at++) locateInUnit(unit, 1, 20 + 7 * at);
      };
    },
  ],
  [
    "messages on one long line that is not ASCII",
    1000,
    (count) => {
      const unit = prepare(`int f(void *ctx) { ${repeat(count, () => "/* é😀 */ ")} return 0; }`);
      return () => {
        for (let at = 0; at < count; at++) locateInUnit(unit, 1, 20 + 13 * at);
      };
    },
  ],
  [
    "places in a text that stands in no file",
    2000,
    (count) => {
      const source = { text: repeat(count, (index) => `int a${index};\n`), name: "<text>" };
      return () => {
        for (let at = 0; at < count; at++) locateOffset(source, 5 * at);
      };
    },
  ],
  [
    "a C file of many lines",
    2000,
    (count) => {
      const text = repeat(count, (index) => `int a${index};\n`);
      const { place } = describeSourceFile("/a/b.c", { readText: () => text } as unknown as FileScope);
      return () => {
        for (let at = 0; at < count; at++) locateInPlace(place!, 5 * at);
      };
    },
  ],
  [
    "a text that the script changed in places, of many lines, some of them equal",
    500,
    (count) => {
      const text = repeat(count, (index) => `  counts.increment(${index});\n  }\n  MARK;\n`);
      const sources = [{ file: "/a/b.ts", text: `const text = \`${text}\`;\n` }];
      const changed = text.replaceAll("MARK", "int a");
      return () => {
        const placed = placeText(changed, sources);
        for (let at = 0; at < count; at++) locateInPlace(placed!, 30 * at);
      };
    },
  ],
  [
    "a text with Windows' line ends",
    1000,
    (count) => {
      const text = repeat(count, (index) => `int a${index};\r\n`);
      const placed = placeText(text, [{ file: "/a/b.ts", text: `\`${text.replaceAll("\r", "")}\`` }]);
      expect(placed).toBeDefined();
      return () => {
        for (let at = 0; at < count; at++) locateInPlace(placed!, 5 * at);
      };
    },
  ],
  [
    "refusals of clang's backend",
    300,
    (count) => {
      const text = `#line 1 "<text>"\n${repeat(count, (index) => `int a${index};\n`)}`;
      const stderr = repeat(count, (index) => `<text>:${index + 1}:1: error: something is wrong\n`);
      return () => void placeRefusals({ text, file: "<text>" }, stderr, 14, () => "");
    },
  ],
];

describe("the time that placing takes", () => {
  it.each(cases)("grows with %s", { retry: 2 }, (_, count, prepareRun) => {
    expect(measureGrowth(prepareRun, count)).toBeLessThan(9);
  });
});
