import { describe, expect, it } from "vitest";
import { PageState } from "../../../runtime/web/page-state.ts";
import type { PagePart } from "../../../runtime/web/page-state.ts";

function open(): { readonly state: PageState; pass(ms: number): void; add(...records: readonly object[]): void } {
  let now = 1_000_000;
  const state = new PageState(() => now);
  return {
    state,
    pass: (ms) => (now += ms),
    add: (...records) => state.add(records.map((record) => JSON.stringify(record)).join("\n")),
  };
}

const find = (parts: readonly PagePart[], kind: PagePart["kind"]): PagePart =>
  parts.find((part) => part.kind === kind)!;

describe("what a page shows", () => {
  it("keeps the last rows of each kind, the newest first, and counts all", () => {
    const { state, add } = open();
    add(...Array.from({ length: 1000 }, (_, pid) => ({ type: "row", data: { pid } })));
    add({ type: "event", name: "execs", data: { comm: "a" } }, { type: "event", name: "print", text: "t", data: {} });
    const [rows, event, print] = state.takeChanges();
    expect(rows).toMatchObject({ total: 1000, columns: ["pid"] });
    expect((rows as PagePart & { kind: "rows" }).rows.slice(0, 2)).toEqual([[999], [998]]);
    expect((rows as PagePart & { kind: "rows" }).rows).toHaveLength(200);
    expect([event, print]).toMatchObject([
      { name: "execs", columns: ["comm"], rows: [["a"]] },
      { name: "print", columns: ["text"], rows: [["t"]] },
    ]);
    expect(state.takeChanges()).toEqual([]);
  });

  it("has the last state of a table, the largest first", () => {
    const { state, add } = open();
    const rows = Array.from({ length: 500 }, (_, value) => ({ key: { pid: value }, value }));
    add({ type: "table", name: "counts", rows: rows.slice(0, 2) }, { type: "table", name: "counts", rows });
    const [part] = state.takeChanges() as [PagePart & { kind: "rows" }];
    expect([part.total, part.rows.length, part.rows[0]]).toEqual([500, 200, [499, 499]]);
  });

  it("makes a flame graph of a table by stacks, once a second", () => {
    const { state, pass, add } = open();
    const record = (value: number): object => ({
      type: "table",
      name: "count",
      rows: [{ key: { comm: "cat", kstack: ["read+0x10", "entry+0x2f"], ustack: ["libc_read", "main"] }, value }],
    });
    add(record(1));
    expect(state.takeChanges()).toEqual([
      {
        kind: "flame",
        id: "flame count",
        name: "count",
        total: 1,
        stacks: [[["cat", "main", "libc_read", "entry", "read"], 1]],
      },
    ]);
    add(record(3));
    pass(500);
    expect(state.takeChanges()).toEqual([]);
    pass(500);
    expect(state.takeChanges()).toMatchObject([{ total: 3 }]);
    add(record(4));
    expect(state.takeChanges(true)).toMatchObject([{ total: 4 }]);
  });

  it("adds up stacks that are printed one by one", () => {
    const { state, add } = open();
    for (const value of [2, "3"]) add({ type: "stack", process: "cat", frames: ["a", "b"], value, unit: "count" });
    expect(find(state.takeChanges(), "flame")).toMatchObject({ total: 5, stacks: [[["cat", "a", "b"], 5]] });
  });

  it("knows what a histogram counted in each second, also when its table is emptied", () => {
    const { state, pass, add } = open();
    const hist = (...counts: readonly (readonly [number, number])[]): object => ({
      type: "hist",
      name: "dist",
      key: { comm: "a" },
      buckets: counts.map(([from, count]) => ({ from, to: from * 2 - 1, count })),
    });
    add(hist([1, 5]), hist([1, 6], [2, 1]));
    pass(1000);
    add(hist([1, 6], [2, 4]));
    pass(1000);
    // Fewer than before: it began anew.
    add(hist([2, 2]));
    expect(find(state.takeChanges(), "hist")).toMatchObject({
      label: "comm = a",
      buckets: [["2", "3", 2]],
      heat: [
        [1000, { "1-1": 6, "2-3": 1 }],
        [1001, { "2-3": 3 }],
        [1002, { "2-3": 2 }],
      ],
    });
    pass(120_000);
    add(hist([2, 3]));
    expect((find(state.takeChanges(), "hist") as PagePart & { kind: "hist" }).heat).toEqual([[1122, { "2-3": 1 }]]);
  });

  it("keeps the last lines of the output, whole ones", () => {
    const { state } = open();
    state.addText("one\ntw");
    state.addText(`o\n${"x\n".repeat(400)}`);
    const { lines } = find(state.takeChanges(), "text") as PagePart & { kind: "text" };
    expect([lines.length, lines.at(-1)]).toEqual([300, "x"]);
  });

  it("has an end", () => {
    const { state, add } = open();
    for (let at = 0; at < 100; at++) add({ type: "event", name: `event ${at}`, data: {} });
    expect([state.listParts().length, state.dropped]).toEqual([64, 36]);
  });
});
