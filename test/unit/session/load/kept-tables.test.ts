import { describe, expect, it } from "vitest";
import { openKeptTables } from "../../../../runtime/session/load/kept-tables.ts";
import type { TableRecord } from "../../../../runtime/session/load/kept-tables.ts";
import type { MapSpec } from "../../../../runtime/object/spec.ts";
import type { Layout } from "../../../../sdk/wire/layout.ts";
import { openFakeKernel } from "../../../support/fake-kernel.ts";

const u32: Layout = { kind: "int", name: "unsigned int", size: 4, signed: false };
const u64: Layout = { kind: "int", name: "unsigned long long", size: 8, signed: false };

const counts: MapSpec = { name: "counts", type: 1, maxEntries: 10, flags: 0, key: u32, value: u64 };

function makeUnit(...maps: readonly MapSpec[]) {
  return { maps: [], spec: { programs: [], structs: {}, license: "", maps } };
}

/** The records of a version with these tables, whose ids count from 101. */
function recordTables(...maps: readonly MapSpec[]): readonly TableRecord[] {
  const { port } = openFakeKernel({ mapInfo: (map) => ({ ...info, id: 100 + map }) });
  const tables = openKeptTables([]);
  maps.forEach((map, index) => tables.note(makeUnit(map), { findMap: () => index + 1 }, port));
  return tables.tables;
}

const info = { name: "", type: 1, keySize: 4, valueSize: 8, maxEntries: 10, flags: 0 };

describe("the tables of versions", () => {
  it("are those of the version before where nothing about them has changed", () => {
    const kernel = openFakeKernel({ mapOpenId: (id) => id + 1000 });
    const tables = openKeptTables(recordTables(counts));
    expect([...tables.open(makeUnit(counts), kernel.port)]).toEqual([["counts", 1101]]);
    expect(tables.kept).toEqual(["counts"]);
  });

  it.each<[string, Partial<MapSpec>]>([
    ["it was of kind HASH and is of kind LRU_HASH", { type: 9 }],
    ["the type of its keys has changed", { key: u64 }],
    ["the type of its values has changed", { value: { ...u64, signed: true } }],
    ["it had room for 10 entries and has for 20", { maxEntries: 20 }],
    ["its flags have changed", { flags: 1 }],
  ])("start empty because %s", (reason, change) => {
    const kernel = openFakeKernel({});
    const tables = openKeptTables(recordTables(counts));
    expect(tables.open(makeUnit({ ...counts, ...change }), kernel.port).size).toBe(0);
    expect(tables.left).toEqual([{ name: "counts", reason }]);
    expect(kernel.argsOf("mapOpenId")).toEqual([]);
  });

  it("start empty where the kernel does not let this user open them", () => {
    const kernel = openFakeKernel({ mapOpenId: () => -1 });
    const tables = openKeptTables(recordTables(counts));
    expect(tables.open(makeUnit(counts), kernel.port).size).toBe(0);
    expect(tables.left).toEqual([{ name: "counts", reason: "this user may not open a map by its id (CAP_SYS_ADMIN)" }]);
  });

  it("are told apart by their turn where several programs have one of a name", () => {
    const kernel = openFakeKernel({ mapOpenId: (id) => id, mapInfo: () => ({ ...info, id: 7 }) });
    const tables = openKeptTables(recordTables(counts, counts));
    const opened = [1, 2].map(() => {
      const found = tables.open(makeUnit(counts), kernel.port).get("counts");
      tables.note(makeUnit(counts), { findMap: () => 1 }, kernel.port);
      return found;
    });
    expect(opened).toEqual([101, 102]);
  });

  it("are none of the program's own, of buffers, of programs and of constants", () => {
    const others = [
      { ...counts, name: "__bpfts_lost" },
      { ...counts, name: ".rodata" },
      { ...counts, name: "events", type: 27 },
      { ...counts, name: "calls", type: 3 },
    ];
    expect(recordTables(...others)).toEqual([]);
  });
});
