import { runInNewContext } from "node:vm";
import { gunzipSync } from "node:zlib";
import { Profile } from "pprof-format";
import { describe, expect, it } from "vitest";
import { renderFlameHtml, renderFlameSvg } from "../../../runtime/pictures/render-flame.ts";
import { renderFolded } from "../../../runtime/pictures/render-folded.ts";
import { renderPprof } from "../../../runtime/pictures/render-pprof.ts";
import { renderSpeedscope } from "../../../runtime/pictures/render-speedscope.ts";
import { renderTraceEvents } from "../../../runtime/pictures/render-trace-events.ts";
import { StackStore } from "../../../runtime/pictures/stack-store.ts";
import type { StackSums } from "../../../runtime/pictures/stack-store.ts";
import type { StackUnit } from "../../../sdk/wire/stack-message.ts";
import { type XmlElement, readXml } from "../../support/read-xml.ts";

function sum(
  rows: readonly (readonly [process: string | null, frames: readonly string[], value: number | bigint])[],
): StackSums {
  const store = new StackStore();
  for (const [process, frames, value] of rows) store.add({ process, frames, value: String(value), unit: "count" });
  return store.read()!;
}

const hostile = [
  `</text><script>alert("1")</script>`,
  `a" onload="alert(1)`,
  "operator<<(std::ostream&, char const*)",
  "]]><script>",
  "semi;colon;",
  "new\nline\0\x1b[2J\x7f\x85",
  "turned \u202e and halved \ud800",
  "\ufffe\uffff",
  "it's &amp; && &lt;",
  "",
  "名前 🔥",
  "<!-- -->",
];

describe("the store", () => {
  it("adds up equal stacks of one process and keeps others apart", () => {
    const { stacks } = sum([
      ["a", ["main", "x"], 1],
      ["b", ["main", "x"], 2],
      ["a", ["main", "x"], 2n ** 63n],
      ["a", ["main"], 4],
      ["a", ["main", "none"], 0],
      [null, ["main"], 8],
    ]);
    expect(stacks).toEqual([
      { names: ["a", "main"], value: 4n },
      { names: ["a", "main", "x"], value: 2n ** 63n + 1n },
      { names: ["b", "main", "x"], value: 2n },
      { names: ["main"], value: 8n },
    ]);
  });

  it("keeps the order of names, however many there are, and adds up names that are one when they are clean", () => {
    const names = Array.from({ length: 70_000 }, (_, at) => `f${at}`);
    const { stacks } = sum([
      ...names.map((name) => ["p", [name, "end"], 1] as const),
      ["p", ["f69999", "end"], 2],
      ["p", ["", "end"], 5],
      ["p", ["[unknown]", "end"], 6],
    ]);
    const expected = ["[unknown]", ...names].map((name) => ["p", name, "end"].join("\n")).sort();
    expect(stacks.map((stack) => stack.names.join("\n"))).toEqual(expected);
    expect(stacks.filter(({ value }) => value > 1n)).toEqual([
      { names: ["p", "[unknown]", "end"], value: 11n },
      { names: ["p", "f69999", "end"], value: 3n },
    ]);
  });

  it("has nothing to read when nothing weighs anything", () => {
    const store = new StackStore();
    expect(store.read()).toBeUndefined();
    store.add({ process: null, frames: ["main"], value: "0", unit: "us" });
    expect(store.read()).toBeUndefined();
  });

  it.each([
    [{ frames: [] }, "its frames are texts"],
    [{ frames: "main" }, "its frames are texts"],
    [{ frames: [1] }, "its frames are texts"],
    [{ process: 5 }, "its frames are texts"],
    [{ unit: "furlongs" }, "its frames are texts"],
    [{ value: "-1" }, "weighs -1"],
    [{ value: "1e3" }, "weighs 1e3"],
    [{ value: 5 }, "weighs 5"],
    [{ frames: Array.from({ length: 5000 }, () => "f") }, "5000 frames"],
  ])("refuses %j", (change, message) => {
    const stack = { process: null, frames: ["main"], value: "1", unit: "count" as StackUnit };
    expect(() => new StackStore().add({ ...stack, ...(change as object) })).toThrow(message);
  });

  it("keeps no more names than there is room for, also of stacks that it drops", () => {
    const store = new StackStore(100);
    const add = (frame: string): void => store.add({ process: null, frames: [frame], value: "1", unit: "count" });
    add("a".repeat(20));
    add("b".repeat(79));
    for (let number = 0; number < 50; number++) add(`${number}`.padStart(60, "c"));
    expect(store.dropped).toBe(51);
    add("a".repeat(20));
    expect(store.dropped).toBe(51);
    expect(store.read()!.stacks).toEqual([{ names: ["a".repeat(20)], value: 2n }]);
    const kept = (store as unknown as { readonly ids: ReadonlyMap<string, number> }).ids;
    expect([...kept.keys()].join("").length).toBeLessThanOrEqual(100);
  });

  it("refuses stacks of two units", () => {
    const store = new StackStore();
    store.add({ process: null, frames: ["main"], value: "1", unit: "us" });
    expect(() => store.add({ process: null, frames: ["main"], value: "1", unit: "bytes" })).toThrow(
      'A stack in "bytes" cannot be added to stacks in "us"',
    );
  });
});

describe("folded", () => {
  it("reads back as the stacks that it was made of", () => {
    const lines = renderFolded(
      sum([
        ["sh", ["main", "operator new(unsigned long)", "do it"], 2n ** 63n],
        [null, ["idle"], 3],
      ]),
    );
    const read = lines
      .split("\n")
      .slice(0, -1)
      .map((line) => {
        const at = line.lastIndexOf(" ");
        return [line.slice(0, at).split(";"), BigInt(line.slice(at + 1))];
      });
    expect(read).toEqual([
      [["idle"], 3n],
      [["sh", "main", "operator new(unsigned long)", "do it"], 2n ** 63n],
    ]);
  });

  it("keeps a stack one line whatever the names are", () => {
    const lines = renderFolded(sum([["p", hostile, 5]])).split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]!.split(";")).toHaveLength(hostile.length + 1);
    expect(lines[0]).toContain("semi:colon:;new\\nline\\x00\\x1b[2J\\x7f\\x85;");
    expect(lines[0]).toContain(";[unknown];");
  });
});

describe("speedscope", () => {
  it("follows the rules of its format", () => {
    const sums = sum([
      ["p", ["main", "a"], 3],
      ["p", ["main", "main"], 4],
      ["p", hostile, 5],
    ]);
    const file = JSON.parse(renderSpeedscope({ ...sums, unit: "us" }, "title")) as SpeedscopeFile;
    expect(file.$schema).toBe("https://www.speedscope.app/file-format-schema.json");
    const [profile] = file.profiles;
    expect(profile).toMatchObject({
      type: "sampled",
      name: "title",
      unit: "microseconds",
      startValue: 0,
      endValue: 12,
    });
    expect(profile!.samples).toHaveLength(profile!.weights.length);
    expect(new Set(file.shared.frames.map(({ name }) => name)).size).toBe(file.shared.frames.length);
    const read = profile!.samples.map((sample) => sample.map((index) => file.shared.frames[index]!.name));
    expect(read).toEqual(sums.stacks.map(({ names }) => names));
    expect(profile!.weights).toEqual(sums.stacks.map(({ value }) => Number(value)));
  });
});

interface SpeedscopeFile {
  readonly $schema: string;
  readonly shared: { readonly frames: readonly { readonly name: string }[] };
  readonly profiles: readonly {
    readonly samples: readonly (readonly number[])[];
    readonly weights: readonly number[];
  }[];
}

describe("pprof", () => {
  it("reads back as the stacks that it was made of, the innermost function first", () => {
    const sums = sum([
      ["p", ["main", "a"], 3],
      ["p", ["main", "main"], 2n ** 60n],
      ["p", hostile, 5],
    ]);
    const profile = Profile.decode(gunzipSync(renderPprof({ ...sums, unit: "us" }, "the title")));
    const text = (at: number | bigint): string => profile.stringTable.strings[Number(at)]!;
    const nameLocation = (id: number | bigint): string => {
      const location = profile.location.find((candidate) => candidate.id === id)!;
      const line = location.line[0]!;
      return text(profile.function.find((candidate) => candidate.id === line.functionId)!.name);
    };
    const [type] = profile.sampleType;
    expect([text(type!.type), text(type!.unit)]).toEqual(["time", "microseconds"]);
    expect(profile.stringTable.strings[0]).toBe("");
    expect(
      profile.sample.map(({ locationId, value }) => ({
        names: locationId.map(nameLocation).reverse(),
        value: BigInt(value[0]!),
      })),
    ).toEqual(sums.stacks);
    expect(profile.comment.map(text)).toEqual(["the title"]);
  });
});

const listFrames = (svg: XmlElement): [string, number, number, number][] =>
  svg
    .querySelectorAll(".frame")
    .map((frame) => [
      frame.getAttribute("data-name")!,
      ...(["depth", "start", "value"].map((name) => Number(frame.getAttribute(`data-${name}`))) as [
        number,
        number,
        number,
      ]),
    ]);

describe("a flame graph", () => {
  const sums = sum([
    ["p", ["main", "a", "b"], 3],
    ["p", ["main", "a"], 1],
    ["p", ["main", "c"], 4],
    ["q", ["main"], 2],
  ]);

  it("has a box for each function below the same callers, as wide as its stacks", () => {
    const svg = readXml(renderFlameSvg(sums, "t"));
    expect(listFrames(svg)).toEqual([
      ["all", 0, 0, 10],
      ["p", 1, 0, 8],
      ["q", 1, 8, 2],
      ["main", 2, 0, 8],
      ["main", 2, 8, 2],
      ["a", 3, 0, 4],
      ["c", 3, 4, 4],
      ["b", 4, 1, 3],
    ]);
    const [all, p] = svg.querySelectorAll(".frame");
    expect(Number(p!.querySelector("rect")!.getAttribute("width"))).toBeCloseTo(
      0.8 * Number(all!.querySelector("rect")!.getAttribute("width")),
    );
    expect(p!.querySelector("title")!.textContent).toBe("p (8, 80.00%)");
  });

  it.each([
    ["svg", renderFlameSvg],
    ["html", renderFlameHtml],
  ])("is well-formed as %s with hostile names, and runs none of them", (_kind, render) => {
    const top = readXml(render(sum([["p", hostile, 5]]), hostile.join("").replace(/[^ -~]/g, "")));
    const names = top.querySelectorAll(".frame").map((frame) => frame.getAttribute("data-name"));
    expect(names).toHaveLength(hostile.length + 2);
    expect(names).toEqual(
      expect.arrayContaining([
        hostile[0],
        hostile[1],
        hostile[2],
        hostile[3],
        "new\\nline\\x00\\x1b[2J\\x7f\\x85",
        "turned \\u202e and halved \\ud800",
      ]),
    );
    expect(top.querySelectorAll("script")).toHaveLength(1);
    expect(
      top
        .list()
        .flatMap((element) => [...element.attributes.keys()])
        .filter((name) => /^on|href|src/.test(name)),
    ).toEqual([]);
  });

  it("loads nothing from anywhere", () => {
    const page = renderFlameHtml(sums, "t");
    expect(page.match(/\bhttps?:[^"]*/g)).toEqual(["http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"]);
    expect(page).toContain("default-src 'none'");
  });

  it("says how many boxes it leaves out", () => {
    const svg = readXml(
      renderFlameSvg(
        sum([
          ["p", ["big"], 10_000_000],
          ["p", ["one"], 1],
          ["p", ["two", "three"], 1],
        ]),
        "t",
      ),
    );
    expect(svg.querySelector(".note")!.textContent).toBe("3 narrower boxes are not drawn");
    expect(listFrames(svg).map(([name]) => name)).toEqual(["all", "p", "big"]);
  });

  it("draws 100,000 stacks without a long wait", () => {
    const many = sum(
      Array.from(
        { length: 100_000 },
        (_, at) => ["p", [`f${at % 10}`, `g${at % 100}`, `h${at % 1000}`, `i${at}`], 1] as const,
      ),
    );
    const began = performance.now();
    const svg = renderFlameSvg(many, "t");
    // Measured: 0.3 s for deeper stacks; a busy machine takes longer, and growth with the square of the stacks would take minutes.
    expect(performance.now() - began).toBeLessThan(5000);
    const frames = listFrames(readXml(svg));
    expect(frames.filter(([, depth]) => depth === 4)).toHaveLength(1000);
    expect(svg).toContain("100000 narrower boxes are not drawn");
  });

  it("zooms at a click, and marks what is searched", () => {
    const page = openPage(renderFlameSvg(sums, "t"));
    const find = (name: string): XmlElement =>
      page.svg.querySelectorAll(".frame").find((frame) => frame.getAttribute("data-name") === name)!;
    page.click(find("a").querySelector("rect")!);
    expect(find("c").getAttribute("display")).toBe("none");
    expect(find("q").getAttribute("display")).toBe("none");
    expect(find("all").getAttribute("opacity")).toBe("0.5");
    expect(find("a").querySelector("rect")!.getAttribute("width")).toBe("1180");
    expect(find("b").querySelector("rect")!.getAttribute("x")).toBe(String(10 + 1180 / 4));
    expect(page.svg.querySelector(".reset")!.getAttribute("visibility")).toBe("visible");
    page.click(page.svg.querySelector(".reset")!);
    expect(find("c").getAttribute("display")).toBe("inline");
    page.answer = "^[ab]$";
    page.click(page.svg.querySelector(".search")!);
    // What "a" covers counts once, though "b" above it matches, too.
    expect(page.svg.querySelector(".matched")!.textContent).toBe("Matched: 40.00%");
    expect(find("b").querySelector("rect")!.getAttribute("class")).toBe("match");
    expect(find("c").querySelector("rect")!.getAttribute("class")).toBe("");
    page.press("Escape");
    expect(page.svg.querySelector(".matched")!.textContent).toBe("");
    page.answer = "*(";
    page.press("/");
    expect(page.svg.querySelector(".matched")!.textContent).toBe("Matched: 0.00%");
  });
});

type Listener = (event: object) => void;

/** Runs a picture's script on what was read of it. */
function openPage(text: string): {
  svg: XmlElement;
  answer: string;
  click: (target: XmlElement) => void;
  press: (key: string) => void;
} {
  const svg = readXml(text);
  const listeners = new Map<string, Listener>();
  const addEventListener = (name: string, listener: Listener): void => void listeners.set(name, listener);
  const page = {
    svg,
    answer: "",
    click: (target: XmlElement) => listeners.get("click")!({ target }),
    press: (key: string) => listeners.get("keydown")!({ key, preventDefault() {} }),
  };
  runInNewContext(svg.querySelector("script")!.textContent, {
    document: { currentScript: { closest: () => Object.assign(svg, { addEventListener }) } },
    window: { addEventListener, prompt: () => page.answer },
  });
  return page;
}

describe("trace events", () => {
  interface TraceEvent {
    readonly name: string;
    readonly ph: string;
    readonly ts: number;
    readonly dur: number;
  }
  const render = (sums: StackSums): TraceEvent[] =>
    (JSON.parse(renderTraceEvents(sums, "a title")) as { traceEvents: TraceEvent[] }).traceEvents;

  it("are spans in spans, as long as what they weigh", () => {
    const events = render(
      sum([
        ["a", ["main", "x"], 3],
        ["a", ["main"], 2],
        ["b", ["main", "x"], 5],
        ["a", ["main", "y", "x"], 1],
      ]),
    );
    expect(events.filter(({ ph }) => ph === "X").map(({ name, ts, dur }) => [name, ts, dur])).toEqual([
      ["a", 0, 6],
      ["main", 0, 6],
      ["x", 2, 3],
      ["y", 5, 1],
      ["x", 5, 1],
      ["b", 6, 5],
      ["main", 6, 5],
      ["x", 6, 5],
    ]);
    expect(events.filter(({ ph }) => ph === "M").map(({ name }) => name)).toEqual(["process_name", "thread_name"]);
  });

  it("have names of all kinds", () => {
    const events = render(sum([["p", hostile, 1]]));
    expect(events.filter(({ ph }) => ph === "X")).toHaveLength(hostile.length + 1);
  });
});
