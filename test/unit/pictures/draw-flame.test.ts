import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { Function, Line, Location, Profile, Sample, StringTable, ValueType } from "pprof-format";
import { afterAll, describe, expect, it } from "vitest";
import { drawFlame } from "../../../runtime/pictures/draw-flame.ts";
import { readStacks } from "../../../runtime/pictures/read-stacks.ts";
import { renderFolded } from "../../../runtime/pictures/render-folded.ts";
import { renderPprof } from "../../../runtime/pictures/render-pprof.ts";
import { renderSpeedscope } from "../../../runtime/pictures/render-speedscope.ts";
import type { StackSums } from "../../../runtime/pictures/stack-store.ts";
import { PARTS } from "../../../runtime/pictures/weigh-stack.ts";
import type { FileStack } from "../../../runtime/pictures/weigh-stack.ts";
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
const expected = sums.stacks.map(({ names, value }) => ({
  frames: names,
  weight: value * BigInt(PARTS),
  unit: "us",
}));

function writeSpeedscope(unit: string, samples: readonly (readonly [name: string, weight: number])[]): string {
  const frames = samples.map(([name]) => ({ name }));
  const weights = samples.map(([, weight]) => weight);
  const profile = { type: "sampled", unit, samples: samples.map((_, at) => [at]), weights };
  return JSON.stringify({ shared: { frames }, profiles: [profile] });
}

function writePprof(samples: readonly (readonly [name: string, nanoseconds: bigint])[]): Uint8Array {
  const strings = new StringTable();
  const type = new ValueType({ type: strings.dedup("cpu"), unit: strings.dedup("nanoseconds") });
  const functions = samples.map(([name], at) => new Function({ id: at + 1, name: strings.dedup(name) }));
  const location = samples.map((_, at) => new Location({ id: at + 1, line: [new Line({ functionId: at + 1 })] }));
  const sample = samples.map(([, value], at) => new Sample({ locationId: [at + 1], value: [value] }));
  return gzipSync(
    new Profile({ sampleType: [type], sample, location, function: functions, stringTable: strings }).encode(),
  );
}

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

const listStacks = (path: string): FileStack[] => [...readStacks(path)];

describe("stacks of files", () => {
  it("are what each of our formats was made of", () => {
    const pprof = renderPprof(sums, "t");
    expect(listStacks(write("a.pb.gz", pprof))).toEqual(expected);
    expect(listStacks(write("a.pb", gunzipSync(pprof)))).toEqual(expected);
    expect(listStacks(write("a.json", renderSpeedscope(sums, "t")))).toEqual(expected);
    const folded = expected.map((stack) => ({ ...stack, unit: "count" }));
    expect(listStacks(write("a.txt.gz", gzipSync(renderFolded(sums))))).toEqual(folded);
    expect(listStacks(write("a.txt", `# by hand\n\n${renderFolded(sums)}`))).toEqual(folded);
  });

  it("have names with spaces, and the units of other programs", () => {
    expect(listStacks(write("b.txt", "a b;operator new (int) 3\r\n"))).toEqual([
      { frames: ["a b", "operator new (int)"], weight: 3n * BigInt(PARTS), unit: "count" },
    ]);
    const scope = {
      shared: { frames: [{ name: "a" }] },
      profiles: [{ type: "sampled", unit: "milliseconds", samples: [[0]], weights: [1.5] }],
    };
    expect(listStacks(write("b.json", JSON.stringify(scope)))).toEqual([
      { frames: ["a"], weight: 1500n * BigInt(PARTS), unit: "us" },
    ]);
  });

  it("begin with # where a process is called so", () => {
    const stacks = ["#comm;main;a 5", "# a;b 6", "x;cpu 0 7"].join("\n");
    expect(listStacks(write("hash.txt", `${stacks}\n# recorded by hand\n`)).map(({ frames }) => frames)).toEqual([
      ["#comm", "main", "a"],
      ["# a", "b"],
      ["x", "cpu 0"],
    ]);
  });

  it("are those that were written, whatever the names end in", () => {
    const named = (...names: string[]): StackSums => ({ unit: "count", stacks: [{ names, value: 2n }] });
    expect(listStacks(write("cpu.txt", renderFolded(named("cpu 0"))))[0]!.frames).toEqual(["cpu_0"]);
    for (const names of [["#x"], ["#x", "main"], ["cpu 0", "main"], ["main 2 x"]])
      expect(listStacks(write("own.txt", renderFolded(named(...names))))[0]!.frames).toEqual(names);
  });

  it.each([
    ["diff.txt", "main;a 10 20\nmain;b 5 1\n", "two numbers"],
    ["less.txt", "main;a -3\n", 'a stack weighs -3, as in the difference of two recordings: "main;a"'],
    ["less.json", writeSpeedscope("none", [["a", -3]]), "a stack weighs -3"],
    ["less.pb.gz", writePprof([["a", -3n]]), "a stack weighs -3"],
  ])("are no difference of two recordings: %s", (name, content, message) => {
    const read = (): unknown => listStacks(write(name, content));
    expect(read).toThrow(message);
    expect(read).toThrow(expect.objectContaining({ hint: expect.stringContaining("--before OLD NEW") as unknown }));
  });

  it.each([
    ["no.txt", "main;read 3\nmain;read\n", 'line 2 is no folded stack: "main;read"'],
    ["no.json", "{}", "this JSON is no profile of speedscope"],
    ["torn.json", '{"shared": ', "JSON"],
    ["events.json", '{"shared":{"frames":[]},"profiles":[{"type":"evented"}]}', 'a profile of the type "evented"'],
    [
      "huge.json",
      writeSpeedscope("none", [["a", 1]]).replace('"weights":[1]', '"weights":[1e999]'),
      "a stack weighs Infinity",
    ],
    ["torn.gz", Buffer.from([0x1f, 0x8b, 8, 0, 1]), "Cannot read stacks"],
  ])("are missed in %s, with a word on why", (name, content, message) => {
    expect(() => listStacks(write(name, content))).toThrow(message);
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
    expect(picture).toContain(">1 stack is gone<");
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

  const short = Array.from({ length: 1000 }, () => "a");
  it.each([
    [
      "ns.json",
      writeSpeedscope("nanoseconds", [...short.map((name) => [name, 400] as const), ["b", 600]]),
      ["all (400.6 us, 100.00%)", "a (400 us, 99.85%)", "b (0.6 us, 0.15%)"],
    ],
    [
      "ns.pb.gz",
      writePprof([...short.map((name) => [name, 900n] as const), ["b", 1500n]]),
      ["all (901.5 us, 100.00%)", "a (900 us, 99.83%)", "b (1.5 us, 0.17%)"],
    ],
    ["half.txt", "a 1.5\na 1.25\nb 0.25\n", ["all (3, 100.00%)", "a (2.75, 91.67%)", "b (0.25, 8.33%)"]],
    [
      "huge.txt",
      "a 3000000000000000000000\nb 1000000000000000000000\n",
      ["all (4e+21, 100.00%)", "a (3e+21, 75.00%)", "b (1e+21, 25.00%)"],
    ],
    ["e21.json", writeSpeedscope("none", [["a", 1e21]]), ["all (1e+21, 100.00%)", "a (1e+21, 100.00%)"]],
    ["large.txt", "a 1234567.25\n", ["all (1,234,567.25, 100.00%)", "a (1,234,567.25, 100.00%)"]],
  ])("adds up before it rounds: %s", (name, content, titles) => {
    const output = join(folder, "rounded.svg");
    drawFlame({ files: [write(name, content)], output });
    expect(readBoxes(output).map(([, , , title]) => title)).toEqual(titles);
  });

  it.each([
    [{ files: [now], output: join(folder, "x.png") }, "the name ends neither in .svg nor in .html"],
    [{ files: [join(folder, "missing")], output: join(folder, "x.svg") }, "no such file"],
    [{ files: ["/dev/zero"], output: join(folder, "x.svg") }, 'Cannot read "/dev/zero": it is a device'],
    [{ files: [write("empty.txt", "")], output: join(folder, "x.svg") }, "There are no stacks in"],
    [{ files: [now], output: join(folder, "no/x.svg") }, "there is no such folder"],
    [{ files: [write("self.svg", "main 1\n")], output: join(folder, "self.svg") }, "is to be read and to be written"],
    [{ files: [now], before: write("us.json", renderSpeedscope(sums, "t")), output: join(folder, "x.svg") }, 'in "us"'],
  ])("refuses what cannot be drawn: %#", (request, message) => {
    expect(() => drawFlame(request)).toThrow(message);
  });
});
