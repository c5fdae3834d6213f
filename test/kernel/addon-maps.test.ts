import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { compileBpf } from "../support/compile-bpf.ts";
import { port, readU64, requireBatch, requireBytes, u32, u64 } from "../support/live-object.ts";

const large = 100_000;

/** Bloom filters came with Linux 5.16. */
const bloomFilter = 30;
const hasBloom = port.probeMapType(bloomFilter) === 1;

/** One map of each kind; numbers are those of enum bpf_map_type. */
const maps = `
#define MAP(name, kind, entries, ...) struct { __uint(type, kind); __uint(max_entries, entries); __VA_ARGS__ } name SEC(".maps")
struct prefix { u32 bits; u32 address; };
#define KEYED __type(key, u32); __type(value, u64);
MAP(hash, 1, ${large}, KEYED);
MAP(array, 2, 1000, KEYED);
MAP(percpu_hash, 5, 1000, KEYED);
MAP(percpu_array, 6, 10, __type(key, u32); __type(value, u32););
MAP(stacks, 7, 16, __uint(key_size, 4); __uint(value_size, 1016););
MAP(lru_hash, 9, 64, KEYED);
MAP(lpm, 11, 100, __uint(map_flags, 1); __type(key, struct prefix); __type(value, u32););
MAP(queue, 22, 5, __type(value, u64););
MAP(stack, 23, 5, __type(value, u64););
${hasBloom ? `MAP(bloom, ${bloomFilter}, 100, __type(value, u32););` : ""}
struct inner { __uint(type, 2); __uint(max_entries, 3); KEYED } shape SEC(".maps");
struct { __uint(type, 13); __uint(max_entries, 4); __type(key, u32); __uint(value_size, 4); } outer SEC(".maps");
`;

const shapes: number[] = [];
const object = port.objectOpen(compileBpf(maps), "maps");
port.mapSetInnerMap(object, "outer", openShape());
const loaded = port.objectLoad(object, 0);
const find = (name: string): number => port.mapHandle(object, name);
const cpus = port.possibleCpus();

/** The kernel needs a living map to take the shape of inner maps from. */
function openShape(): number {
  const other = port.objectOpen(
    compileBpf(
      `struct { __uint(type, 2); __uint(max_entries, 3); __type(key, u32); __type(value, u64); } shape SEC(".maps");`,
    ),
    "shape",
  );
  port.objectLoad(other, 0);
  shapes.push(other);
  return port.mapHandle(other, "shape");
}

afterAll(() => {
  port.objectClose(object);
  for (const shape of shapes) port.objectClose(shape);
});

describe("a map", () => {
  it("is made for each kind", () => {
    expect(loaded).toEqual({ status: 0, log: "", programLogs: {} });
  });

  it("of the kind hash inserts, finds, refuses, deletes and walks", () => {
    const hash = find("hash");
    expect(port.mapLookup(hash, u32(1), 0)).toBe(-2);
    expect(port.mapUpdate(hash, u32(1), u64(10), 2)).toBe(-2);
    expect(port.mapUpdate(hash, u32(1), u64(10), 1)).toBe(0);
    expect(port.mapUpdate(hash, u32(1), u64(11), 1)).toBe(-17);
    expect(port.mapUpdate(hash, u32(1), u64(12), 0)).toBe(0);
    expect(port.mapLookup(hash, u32(1), 0)).toEqual(u64(12));
    expect(port.mapNextKey(hash, null)).toEqual(u32(1));
    expect(port.mapNextKey(hash, u32(1))).toBe(-2);
    expect(port.mapLookupAndDelete(hash, u32(1))).toEqual(u64(12));
    expect(port.mapDelete(hash, u32(1))).toBe(-2);
    expect(port.mapReadAll(hash, false)).toEqual({ keys: new Uint8Array(), values: new Uint8Array(), count: 0 });
  });

  it("refuses keys and values of a wrong size before the kernel sees them", () => {
    const hash = find("hash");
    expect([
      port.mapLookup(hash, u64(1), 0),
      port.mapLookup(hash, new Uint8Array(), 0),
      port.mapDelete(hash, new Uint8Array(3)),
    ]).toEqual([-22, -22, -22]);
    expect([
      port.mapUpdate(hash, u32(1), u32(1), 0),
      port.mapUpdate(find("percpu_hash"), u32(1), u64(1, 2, 3, 4, 5), 0),
    ]).toEqual([-22, -22]);
    expect([port.mapNextKey(hash, u64(1)), port.mapDeleteAll(hash, new Uint8Array(5))]).toEqual([-22, -22]);
    expect(port.mapUpdateAll(hash, { keys: u32(1, 2), values: u64(1), count: 2 }, 0)).toBe(-22);
    expect(port.mapUpdateAll(hash, { keys: u32(1), values: u64(1), count: 0xffffffff }, 0)).toBe(-22);
  });

  it("takes and gives a hundred thousand elements in batches", () => {
    const hash = find("hash");
    const keys = new Uint8Array(Uint32Array.from({ length: large }, (_, index) => index).buffer);
    const values = new Uint8Array(BigUint64Array.from({ length: large }, (_, index) => BigInt(index) * 3n).buffer);
    expect(port.mapUpdateAll(hash, { keys, values, count: large }, 0)).toBe(0);
    const batch = requireBatch(port.mapReadAll(hash, false));
    expect(batch.count).toBe(large);
    expect(sumPairs(batch.keys, batch.values)).toBe(large);
    const first = requireBatch(port.mapReadAll(hash, true));
    expect([first.count, requireBatch(port.mapReadAll(hash, false)).count]).toEqual([large, 0]);
    expect(sumPairs(first.keys, first.values)).toBe(large);
  });

  it("deletes the keys it is given, whether they are there or not, or all", () => {
    const hash = find("hash");
    port.mapUpdateAll(hash, { keys: u32(1, 2, 3, 4, 5), values: u64(1, 2, 3, 4, 5), count: 5 }, 0);
    expect(port.mapUpdateAll(hash, { keys: u32(6, 1), values: u64(6, 1), count: 2 }, 1)).toBe(-17);
    expect(port.mapDeleteAll(hash, u32(9, 1, 8, 3, 7))).toBe(2);
    expect(new Set(new Uint32Array(requireBatch(port.mapReadAll(hash, false)).keys.buffer))).toEqual(
      new Set([2, 4, 5, 6]),
    );
    expect(port.mapDeleteAll(hash, null)).toBe(4);
    expect(port.mapNextKey(hash, null)).toBe(-2);
    expect(port.mapDeleteAll(hash, new Uint8Array())).toBe(0);
  });

  it("of the kind array is always full, and nothing can be taken out", () => {
    const array = find("array");
    port.mapUpdate(array, u32(999), u64(5), 0);
    const batch = requireBatch(port.mapReadAll(array, false));
    expect([batch.count, readU64(batch.values, 998), readU64(batch.values, 999)]).toEqual([1000, 0n, 5n]);
    expect(port.mapUpdate(array, u32(1000), u64(5), 0)).toBe(-7);
    expect([port.mapDelete(array, u32(1)), port.mapLookupAndDelete(array, u32(1))]).toEqual([-22, -22]);
    expect(port.mapReadAll(array, true)).toBe(-22);
    expect(readU64(requireBytes(port.mapLookup(array, u32(999), 0)))).toBe(5n);
  });

  it("with a value for each CPU gives them all, each on eight bytes", () => {
    const values = u64(...Array.from({ length: cpus }, (_, cpu) => cpu + 1));
    for (const name of ["percpu_hash", "percpu_array"]) {
      const map = find(name);
      expect(port.mapUpdate(map, u32(3), values, 0)).toBe(0);
      expect(port.mapLookup(map, u32(3), 0)).toEqual(values);
      const batch = requireBatch(port.mapReadAll(map, false));
      expect(batch.values.length).toBe(batch.count * cpus * 8);
      const index = new Uint32Array(batch.keys.buffer).indexOf(3);
      expect(batch.values.subarray(index * cpus * 8, (index + 1) * cpus * 8)).toEqual(values);
      expect(port.mapUpdateAll(map, { keys: u32(4), values, count: 1 }, 0)).toBe(0);
    }
    expect(requireBatch(port.mapReadAll(find("percpu_hash"), true)).count).toBe(2);
  });

  it("of the kind LRU forgets the oldest and goes on", () => {
    const lru = find("lru_hash");
    for (let key = 0; key < 1000; key++) expect(port.mapUpdate(lru, u32(key), u64(key), 0)).toBe(0);
    const { count } = requireBatch(port.mapReadAll(lru, false));
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThanOrEqual(64);
    expect(port.mapDeleteAll(lru, null)).toBe(count);
  });

  it("of the kind trie is read and emptied although it has no batch that removes", () => {
    const trie = find("lpm");
    const prefix = (bits: number, address: number): Uint8Array => u32(bits, address);
    for (let bits = 1; bits <= 8; bits++) port.mapUpdate(trie, prefix(bits, 0xff), u32(bits), 0);
    expect(port.mapLookup(trie, prefix(32, 0xff), 0)).toEqual(u32(8));
    // No kernel takes an element out of a trie in one step.
    expect(port.mapLookupAndDelete(trie, prefix(8, 0xff))).toEqual(u32(8));
    expect([port.mapLookupAndDelete(trie, prefix(8, 0xff)), port.mapLookup(trie, prefix(32, 0xff), 0)]).toEqual([
      -2,
      u32(7),
    ]);
    port.mapUpdate(trie, prefix(8, 0xff), u32(8), 0);
    expect(requireBatch(port.mapReadAll(trie, false)).count).toBe(8);
    const batch = requireBatch(port.mapReadAll(trie, true));
    expect([...new Uint32Array(batch.values.buffer)].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(requireBatch(port.mapReadAll(trie, false)).count).toBe(0);
  });

  it.each([
    ["queue", [1n, 2n, 3n]],
    ["stack", [3n, 2n, 1n]],
  ] as const)("of the kind %s is pushed, looked at and taken out in its order", (name, order) => {
    const map = find(name);
    for (const value of [1, 2, 3]) expect(port.mapUpdate(map, new Uint8Array(), u64(value), 0)).toBe(0);
    expect(readU64(requireBytes(port.mapLookup(map, new Uint8Array(), 0)))).toBe(order[0]);
    expect(port.mapReadAll(map, false)).toBe(-95);
    const batch = requireBatch(port.mapReadAll(map, true));
    expect([batch.count, batch.keys.length, [...new BigUint64Array(batch.values.buffer)]]).toEqual([3, 0, order]);
    expect(port.mapLookupAndDelete(map, new Uint8Array())).toBe(-2);
    expect(port.mapUpdateAll(map, { keys: new Uint8Array(), values: u64(1, 2, 3, 4, 5, 6), count: 6 }, 0)).toBe(-7);
    expect(port.mapDeleteAll(map, null)).toBe(5);
  });

  it("of the kind bloom filter is asked by value", (context) => {
    if (!hasBloom) context.skip("needs bloom_filter: this kernel has no such map");
    const bloom = find("bloom");
    expect(port.mapUpdate(bloom, new Uint8Array(), u32(77), 0)).toBe(0);
    expect(port.mapLookup(bloom, u32(77), 0)).toEqual(u32(77));
    expect(port.mapLookup(bloom, u32(78), 0)).toBe(-2);
    expect(port.mapLookup(bloom, u64(77), 0)).toBe(-22);
  });

  it("without batches at all is read key by key", () => {
    expect(port.mapReadAll(find("stacks"), false)).toEqual({
      keys: new Uint8Array(),
      values: new Uint8Array(),
      count: 0,
    });
  });

  it("of maps takes maps of the shape it was given", () => {
    const outer = find("outer");
    const ofMap = (name: string): Uint8Array => {
      const bytes = new Uint8Array(4);
      expect(port.descriptorPut(find(name), bytes, 0)).toBe(0);
      return bytes;
    };
    expect(port.mapUpdate(outer, u32(1), ofMap("shape"), 0)).toBe(0);
    const id = new Uint32Array(requireBytes(port.mapLookup(outer, u32(1), 0)).buffer)[0]!;
    expect(port.mapInfo(find("shape"))).toMatchObject({ id });
    expect(port.mapUpdate(outer, u32(2), ofMap("queue"), 0)).toBe(-22);
  });

  it("is found again by the path where it is pinned", () => {
    const folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
    const path = join(folder, "pinned");
    expect(port.mount("bpf", folder, "bpf")).toBe(0);
    try {
      port.mapUpdate(find("hash"), u32(5), u64(55), 0);
      expect(port.mapPin(find("hash"), path)).toBe(0);
      const pinned = port.mapOpenPinned(path);
      expect(port.mapInfo(pinned)).toEqual(port.mapInfo(find("hash")));
      expect(port.mapLookup(pinned, u32(5), 0)).toEqual(u64(55));
      expect([port.mapClose(pinned), port.mapClose(pinned), port.mapLookup(pinned, u32(5), 0)]).toEqual([0, 0, -9]);
    } finally {
      spawnSync("umount", [folder]);
      rmSync(folder, { recursive: true });
    }
    expect(port.mapOpenPinned(path)).toBe(-2);
  });
});

/** How many values are three times their key. */
function sumPairs(keys: Uint8Array, values: Uint8Array): number {
  const numbers = new BigUint64Array(values.buffer);
  return new Uint32Array(keys.buffer).filter((key, index) => numbers[index] === BigInt(key) * 3n).length;
}
