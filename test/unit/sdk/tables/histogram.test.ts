import { describe, expect, it } from "vitest";
import {
  buildLinearHistogram,
  buildLog2Histogram,
  renderHistogramJson,
  renderLinearJson,
} from "../../../../sdk/tables/histogram.ts";

describe("log2 histogram", () => {
  it("has BCC's rows: slot 0 left out, the first row 0 to 1, bars of 40", () => {
    const slots: [number, number][] = [
      [0, 7],
      [1, 1],
      [2, 0],
      [3, 4],
      [5, 8],
    ];
    expect(buildLog2Histogram(slots, "usecs", "", {}).join("\n")).toBe(
      [
        "     usecs               : count     distribution",
        "         0 -> 1          : 1        |*****                                   |",
        "         2 -> 3          : 0        |                                        |",
        "         4 -> 7          : 4        |********************                    |",
        "         8 -> 15         : 0        |                                        |",
        "        16 -> 31         : 8        |****************************************|",
      ].join("\n"),
    );
  });

  it("is wider with bars of 20 above slot 32, and exact up to slot 64", () => {
    const rows = buildLog2Histogram([[64, 2]], "bytes", "", {})[0]!.split("\n");
    expect(rows[0]).toBe("               bytes                         : count     distribution");
    expect(rows.at(-1)).toBe(" 9223372036854775808 -> 18446744073709551615 : 2        |********************|");
    expect(rows).toHaveLength(65);
  });

  it("prints nothing for an empty table or one where only slot 0 counted", () => {
    expect(buildLog2Histogram([], "usecs", "", {})).toEqual([]);
    expect(buildLog2Histogram([[0, 5]], "usecs", "", {})).toEqual([]);
  });

  it("has a section for each bucket, named, sorted and told apart as asked", () => {
    const slots: [object, number][] = [
      [{ dev: 2, slot: 1n }, 1],
      [{ dev: 1, __pad_1: 0, slot: 2n }, 3],
      [{ dev: 2, slot: 2n }, 2],
    ];
    const texts = buildLog2Histogram<{ dev: number; slot: bigint }>(slots, "us", "disk", {
      section_print_fn: (dev) => `sd${String(dev)}`,
      bucket_sort_fn: (buckets) => buckets.sort(),
      strip_leading_zero: true,
    });
    expect(texts.map((text) => text.split("\n").slice(0, 2).join("|"))).toEqual(["|disk = sd1", "|disk = sd2"]);
    expect(texts[0]).toContain("         2 -> 3          : 3        |");
    expect(texts[0]).not.toContain("0 -> 1 ");
    expect(texts[1]).toContain("         0 -> 1          : 1        |********************                    |");
  });
});

describe("a key with another number of members", () => {
  it.each([
    [{ pid: 1, cpu: 0, slot: 3n }, "3 members (pid, cpu, slot)"],
    [{ slot: 3n }, "one member (slot)"],
  ])("is an error: %o", (key, told) => {
    expect(() => buildLog2Histogram([[key, 7]], "us", "pid", {})).toThrow(
      `Cannot print a histogram of keys with ${told}: there have to be two, a bucket and a slot`,
    );
  });
});

describe("buckets that are written alike", () => {
  it("have a section each", () => {
    // A byte that is no UTF-8, and the character of that number.
    const slots: [object, number][] = [
      [{ name: "\udc80", slot: 1n }, 1],
      [{ name: "\u0080", slot: 1n }, 2],
      [{ name: { text: "\udc80" }, slot: 1n }, 3],
      [{ name: { text: "\u0080" }, slot: 1n }, 4],
    ];
    const texts = buildLog2Histogram(slots, "us", "name", {});
    expect(texts.map((text) => /: (\d+) +\|/.exec(text)?.[1])).toEqual(["1", "2", "3", "4"]);
  });
});

describe("a histogram without a header", () => {
  it("is one for all buckets", () => {
    const slots: [object, number][] = [
      [{ id: 1, slot: 1n }, 2],
      [{ id: 2, slot: 1n }, 3],
    ];
    expect(buildLog2Histogram(slots, "us", "", {})[0]!.split("\n")[1]).toMatch(/^ +0 -> 1 +: 5 /);
    expect(JSON.parse(renderHistogramJson(slots, "us", "", {})[0]!)).toMatchObject({ data: [{ count: 5 }] });
  });
});

describe("what a script has counted", () => {
  it("has every digit of a 64-bit count", () => {
    const most = 18446744073709551615n;
    expect(buildLog2Histogram([[1, most]], "v", "", {})[0]).toContain(`: ${most} |${"*".repeat(40)}|`);
    expect(renderHistogramJson([[64, most]], "v", "", {})[0]).toContain(
      `{"interval-start":9223372036854775808,"interval-end":${most},"count":${most}}`,
    );
  });

  it("has one section for buckets that are alike, whatever bucket_fn makes of them", () => {
    const slots: [{ key: { ip: bigint; pid: number }; slot: number }, bigint][] = [
      [{ key: { ip: 1n, pid: 7 }, slot: 1 }, 1n],
      [{ key: { ip: 1n, pid: 7 }, slot: 2 }, 4n],
    ];
    const texts = buildLog2Histogram<{ key: { ip: bigint; pid: number } }, [bigint, number]>(slots, "ns", "function", {
      bucket_fn: ({ ip, pid }) => [ip, pid],
      section_print_fn: ([ip, pid]) => `${ip} [${pid}]`,
    });
    expect(texts.map((text) => text.split("\n").slice(1, 2))).toEqual([["function = 1 [7]"]]);
  });

  it("is no histogram when its values are no counts", () => {
    expect(() => buildLog2Histogram([[1, { count: 2n }]], "v", "", {})).toThrow(
      "Cannot print a histogram of the value { count: 2 }: it is no integer",
    );
  });

  it("names a section by a number in JSON where it is one", () => {
    expect(renderHistogramJson([[{ dev: 5, slot: 1 }, 1n]], "v", "dev", {})[0]).toMatch(/"dev":5}$/);
    expect(
      renderHistogramJson([[{ dev: 5, slot: 1 }, 1n]], "v", "dev", {
        section_print_fn: (dev) => `sd${String(dev)}`,
      })[0],
    ).toMatch(/"dev":"sd5"}$/);
  });
});

describe("linear histogram", () => {
  it("has BCC's rows from 0 on", () => {
    expect(
      buildLinearHistogram(
        [
          [0, 2],
          [2, 1],
        ],
        "qlen",
        "",
        {},
      )[0]!.split("\n"),
    ).toEqual([
      "     qlen          : count     distribution",
      "        0          : 2        |****************************************|",
      "        1          : 0        |                                        |",
      "        2          : 1        |********************                    |",
    ]);
  });
});

describe("a slot that no histogram has", () => {
  it.each([
    [
      "linear",
      () => buildLinearHistogram([[1025, 1]], "v", "", {}),
      "Cannot print a histogram with the slot 1025: slots are 0 to 1024",
    ],
    [
      "log2",
      () => buildLog2Histogram([[65n, 1]], "v", "", {}),
      "Cannot print a histogram with the slot 65: slots are 0 to 64",
    ],
    [
      "negative",
      () => buildLog2Histogram([[{ k: 1, slot: -1 }, 1]], "v", "", {}),
      "Cannot print a histogram with the slot -1",
    ],
  ] as const)("is an error, not a count in another row: %s", (_, build, message) => {
    expect(build).toThrow(message);
  });
});

describe("json histogram", () => {
  it("is JSON, with the section under its header", () => {
    const [line] = renderHistogramJson<{ k: string; slot: number }>(
      [[{ k: "a", slot: 2 }, 5]],
      "ns",
      "key",
      {},
      new Date(0),
    );
    expect(JSON.parse(line!)).toMatchObject({
      val_type: "ns",
      key: "a",
      data: [
        { "interval-start": 0, "interval-end": 1, count: 0 },
        { "interval-start": 2, "interval-end": 3, count: 5 },
      ],
    });
  });

  it("has intervals of one number where it is linear", () => {
    const [line] = renderLinearJson(
      [
        [0, 2],
        [2, 1],
      ],
      "qlen",
      "",
      {},
      new Date(0),
    );
    expect(JSON.parse(line!)).toMatchObject({
      val_type: "qlen",
      data: [
        { "interval-start": 0, "interval-end": 0, count: 2 },
        { "interval-start": 1, "interval-end": 1, count: 0 },
        { "interval-start": 2, "interval-end": 2, count: 1 },
      ],
    });
  });
});
