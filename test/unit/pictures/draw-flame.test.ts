import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { drawFlame } from "../../../runtime/pictures/draw-flame.ts";
import { readStacks } from "../../../runtime/pictures/read-stacks.ts";
import { renderFolded } from "../../../runtime/pictures/render-folded.ts";
import { renderPprof } from "../../../runtime/pictures/render-pprof.ts";
import { renderSpeedscope } from "../../../runtime/pictures/render-speedscope.ts";
import type { StackSums } from "../../../runtime/pictures/stack-store.ts";
import { readXml } from "../../support/read-xml.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfts-flame-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const sums: StackSums = {
  unit: "us",
  stacks: [
    { names: ["app", "main", "read"], value: 30n },
    { names: ["app", "main", "write <x>"], value: 12n },
    { names: ["名前"], value: 5n },
  ],
};
const expected = sums.stacks.map(({ names, value }) => ({ frames: names, value: String(value), unit: "us" }));

/** Names, depths, values and titles of the boxes. */
function readBoxes(
  path: string,
): (readonly [name: string, depth: number, value: number, title: string, fill: string])[] {
  return readXml(readFileSync(path, "utf8"))
    .querySelectorAll(".frame")
    .map((node) => [
      node.getAttribute("data-name")!,
      Number(node.getAttribute("data-depth")),
      Number(node.getAttribute("data-value")),
      node.querySelector("title")!.textContent,
      node.querySelector("rect")!.getAttribute("fill")!,
    ]);
}

describe("stacks of files", () => {
  it("are what each of our formats was made of", () => {
    const pprof = renderPprof(sums, "t");
    expect(readStacks(write("a.pb.gz", pprof))).toEqual(expected);
    expect(readStacks(write("a.pb", gunzipSync(pprof)))).toEqual(expected);
    expect(readStacks(write("a.json", renderSpeedscope(sums, "t")))).toEqual(expected);
    const folded = expected.map((stack) => ({ ...stack, unit: "count" }));
    expect(readStacks(write("a.txt", `# by hand\n\n${renderFolded(sums)}`))).toEqual(folded);
  });

  it("have names with spaces, and the units of other programs", () => {
    expect(readStacks(write("b.txt", "a b;operator new (int) 3\r\n"))).toEqual([
      { frames: ["a b", "operator new (int)"], value: "3", unit: "count" },
    ]);
    const scope = {
      shared: { frames: [{ name: "a" }] },
      profiles: [{ type: "sampled", unit: "milliseconds", samples: [[0]], weights: [1.5] }],
    };
    expect(readStacks(write("b.json", JSON.stringify(scope)))).toEqual([{ frames: ["a"], value: "1500", unit: "us" }]);
  });

  it.each([
    ["no.txt", "main;read 3\nmain;read\n", 'line 2 is no folded stack: "main;read"'],
    ["no.json", "{}", "this JSON is no profile of speedscope"],
    ["torn.json", '{"shared": ', "JSON"],
    ["events.json", '{"shared":{"frames":[]},"profiles":[{"type":"evented"}]}', 'a profile of the type "evented"'],
    ["torn.gz", Buffer.from([0x1f, 0x8b, 8, 0, 1]), "Cannot read stacks"],
  ])("are missed in %s, with a word on why", (name, content, message) => {
    expect(() => readStacks(write(name, content))).toThrow(message);
  });
});

describe("bpfts flame", () => {
  const before = write("before.txt", "main;read 50\nmain;write 50\nmain;gone 100\n");
  const now = write("now.txt", "main;read 30\nmain;write 10\n");

  it("adds up files", () => {
    const output = join(folder, "sum.svg");
    expect(drawFlame({ files: [now, now, before], output })).toBe(3);
    expect(readBoxes(output).map(([name, depth, value]) => [name, depth, value])).toEqual([
      ["all", 0, 280],
      ["main", 1, 280],
      ["gone", 2, 100],
      ["read", 2, 110],
      ["write", 2, 70],
    ]);
  });

  it("compares parts of the whole, in the widths of now", () => {
    const output = join(folder, "change.svg");
    drawFlame({ files: [now], before, output });
    const boxes = readBoxes(output);
    expect(boxes.map(([, , , title]) => title)).toEqual([
      "all (40, 100.00%, as before)",
      "main (40, 100.00%, as before)",
      "read (30, 75.00%, +50.00 points since before)",
      "write (10, 25.00%, as before)",
    ]);
    expect(boxes.map(([, , , , fill]) => fill)).toEqual([
      "hsl(220, 85%, 96%)",
      "hsl(220, 85%, 96%)",
      "hsl(0, 85%, 58%)",
      "hsl(220, 85%, 96%)",
    ]);
    const picture = readFileSync(output, "utf8");
    expect(picture).toContain("1 narrower boxes are not drawn; 1 stack is gone");
    expect(picture).toContain(">now.txt since before.txt<");
    drawFlame({ files: [before], before: now, output });
    expect(readBoxes(output).find(([name]) => name === "read")).toEqual([
      "read",
      2,
      50,
      "read (50, 25.00%, -50.00 points since before)",
      "hsl(220, 85%, 58%)",
    ]);
  });

  it.each([
    [{ files: [now], output: join(folder, "x.png") }, "the name ends neither in .svg nor in .html"],
    [{ files: [join(folder, "missing")], output: join(folder, "x.svg") }, "no such file"],
    [{ files: [write("empty.txt", "")], output: join(folder, "x.svg") }, "There are no stacks in"],
    [{ files: [now], output: join(folder, "no/x.svg") }, "there is no such folder"],
    [{ files: [write("self.svg", "main 1\n")], output: join(folder, "self.svg") }, "is to be read and to be written"],
    [{ files: [now], before: write("us.json", renderSpeedscope(sums, "t")), output: join(folder, "x.svg") }, 'in "us"'],
  ])("refuses what cannot be drawn: %#", (request, message) => {
    expect(() => drawFlame(request)).toThrow(message);
  });
});
