import { describe, expect, it } from "vitest";
import { HistogramStore } from "../../../runtime/pictures/histogram-store.ts";
import { renderHeatmapHtml, renderHeatmapSvg } from "../../../runtime/pictures/render-heatmap.ts";
import type { HistogramMessage, HistogramRow } from "../../../sdk/wire/histogram-message.ts";
import { readXml } from "../../support/read-xml.ts";

/** A store whose clock the test turns. */
function openStore(maxCells?: number): { store: HistogramStore; add(ms: number, message: HistogramMessage): void } {
  let now = 0;
  const store = new HistogramStore(() => now, maxCells);
  return {
    store,
    add(ms, message) {
      now = ms;
      store.add(message);
    },
  };
}

const one = (rows: readonly HistogramRow[], name = "", series = "dist"): HistogramMessage => ({
  series,
  unit: "usecs",
  sections: [{ name, rows }],
});

describe("histograms over time", () => {
  it("have a cell for each row that counted, between the time before and their own", () => {
    const { store, add } = openStore();
    add(
      5000,
      one([
        ["0", "1", "0"],
        ["2", "3", "7"],
        ["4", "7", "2"],
      ]),
    ); // prettier-ignore
    add(6000, one([]));
    add(
      8000,
      one([
        ["0", "1", "0"],
        ["2", "3", "0"],
        ["4", "7", "0"],
        ["8", "15", "18446744073709551615"],
      ]),
    ); // prettier-ignore
    const { panels, histograms, endMs } = store.read()!;
    expect(histograms).toBe(2);
    expect(panels).toHaveLength(1);
    // The rows from the lowest to the highest that counted, the empty one between them too.
    expect(panels[0]!.rows).toEqual([
      { from: 2n, to: 3n },
      { from: 4n, to: 7n },
      { from: 8n, to: 15n },
    ]);
    // What came before the first one was no interval: it takes the length of the second.
    expect(endMs).toBe(4000);
    expect(panels[0]!.cells).toEqual([
      { row: 0, startMs: 0, endMs: 1000, count: 7n },
      { row: 1, startMs: 0, endMs: 1000, count: 2n },
      { row: 2, startMs: 2000, endMs: 4000, count: 18446744073709551615n },
    ]);
  });

  it("have a part for each section, and times of their own for each table", () => {
    const { store, add } = openStore();
    add(1000, one([["2", "3", "1"]], "disk = sda"));
    add(1500, one([["2", "3", "1"]], "", "other"));
    add(2000, {
      ...one([["2", "3", "4"]], "disk = sda"),
      sections: ["sda", "sdb"].map((disk) => ({ name: `disk = ${disk}`, rows: [["2", "3", "4"]] })),
    }); // prettier-ignore
    const { panels } = store.read()!;
    expect(
      panels.map(({ name, cells }) => [name, cells.map(({ startMs, endMs, count }) => [startMs, endMs, count])]),
    ).toEqual([
      [
        "disk = sda",
        [
          [0, 1000, 1n],
          [1000, 2000, 4n],
        ],
      ],
      ["disk = sdb", [[1000, 2000, 4n]]],
      ["", [[0, 1500, 1n]]],
    ]); // prettier-ignore
  });

  it("are put together where there are more than a picture can show, and lose no count", () => {
    const { store, add } = openStore();
    for (let second = 1; second <= 3001; second++)
      add(
        second * 1000,
        one([
          ["2", "3", "1"],
          ["4", "7", String(second % 2)],
        ]),
      ); // prettier-ignore
    const { cells } = store.read()!.panels[0]!;
    expect(cells.length).toBeLessThan(1000);
    const sum = (row: number): bigint =>
      cells.filter((cell) => cell.row === row).reduce((all, { count }) => all + count, 0n);
    expect([sum(0), sum(1)]).toEqual([3001n, 1501n]);
  });

  it("say what there was no room for, and refuse what is none", () => {
    const { store, add } = openStore(2);
    add(
      1,
      one([
        ["2", "3", "1"],
        ["4", "7", "1"],
      ]),
    ); // prettier-ignore
    add(2, one([["2", "3", "1"]]));
    expect([store.dropped, store.read()!.histograms]).toEqual([1, 1]);
    for (const rows of [[["2", "3"]], [["2", "3", "-1"]], [["2", "x", "1"]], [[2, 3, 1]], "rows"])
      expect(() => store.add(one(rows as never))).toThrow("Cannot record a histogram");
    expect(new HistogramStore().read()).toBeUndefined();
  });

  it("are drawn as cells with their counts, as SVG and as a page, with names that could be tags", () => {
    const { store, add } = openStore();
    add(
      1000,
      one(
        [
          [null, "-1", "5"],
          ["0", "0", "1"],
          ["16", null, "3"],
        ],
        'disk = <b> & "x"\u0001',
      ),
    ); // prettier-ignore
    add(2000, one([["0", "0", "40"]], 'disk = <b> & "x"\u0001'));
    const heat = store.read()!;
    for (const text of [renderHeatmapSvg(heat, "a < b"), renderHeatmapHtml(heat, "a < b")]) {
      const cells = readXml(text).querySelectorAll(".cell");
      expect(
        cells.map((cell) => ["data-from", "data-to", "data-count"].map((name) => cell.getAttribute(name))),
      ).toEqual([
        ["", "-1", "5"],
        ["0", "0", "1"],
        ["16", "", "3"],
        ["0", "0", "40"],
      ]);
      const labels = readXml(text)
        .querySelectorAll(".row-name")
        .map((label) => label.textContent);
      expect(labels).toEqual(["< 0", "0", ">= 16"]);
      // A label stands in the middle of its tick: half of the last one lies beyond the plot. A letter of 12 pixels is 7.3 wide.
      const times = readXml(text).querySelectorAll(".time");
      const last = times.at(-1)!;
      expect(last.textContent).toMatch(/^\d\d:\d\d:\d\d\.\d{3}$/);
      const end = Number(last.getAttribute("x")) + (last.textContent!.length * 7.3) / 2;
      expect(end).toBeLessThan(Number(/<svg [^>]*width="(\d+)"/.exec(text)![1]));
      expect(readXml(text).querySelectorAll(".panel")[0]!.getAttribute("data-name")).toBe('disk = <b> & "x"\\x01');
    }
  });
});
