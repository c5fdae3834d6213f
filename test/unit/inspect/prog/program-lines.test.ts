import { expect, it } from "vitest";
import { openLineRenderer } from "../../../../runtime/inspect/prog/program-lines.ts";

it("lines stand above their instructions once, and what has no line of the text has none", () => {
  const render = openLineRenderer();
  const show = (line: number): readonly string[] => render({ file: "/a.ts", line, column: 1, text: "" });
  expect([show(7), show(0), show(7), show(8), render(undefined)]).toEqual([["; /a.ts:7"], [], [], ["; /a.ts:8"], []]);
});
