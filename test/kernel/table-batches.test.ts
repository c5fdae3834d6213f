import { describe, expect, it } from "vitest";
import { makeJsonScript, readJson } from "../support/json-script.ts";
import { makeFolder, runCli } from "../support/run-cli.ts";

const folder = makeFolder();

/** Kinds of map with a key and a value for each number, as the script writes them. */
const kinds = {
  hash: [
    "BPF_HASH(table, struct key_t, struct leaf_t, 4);",
    `{ pid: i, name: "a" }`,
    `{ n: BigInt(i), k: i }`,
    `{ n: 0n, k: 0 }`,
  ],
  "LRU hash": [`BPF_TABLE("lru_hash", u32, u32, table, 1024);`, "i", "i", "0"],
  array: ["BPF_ARRAY(table, u32, 4);", "i", "i", "0"],
  "per-CPU hash": ["BPF_PERCPU_HASH(table, u32, u32, 4);", "i", "cpus(i)", "cpus(0)"],
  "per-CPU array": ["BPF_PERCPU_ARRAY(table, u64, 4);", "i", "cpus(BigInt(i))", "cpus(0n)"],
  "per-CPU LRU hash": [`BPF_TABLE("lru_percpu_hash", u32, u64, table, 1024);`, "i", "cpus(BigInt(i))", "cpus(0n)"],
  trie: ["BPF_LPM_TRIE(table, struct prefix_t, u32, 4);", "{ bits: 32, address: i }", "i", "0"],
} as const;
type Kind = keyof typeof kinds;

const isArray = (kind: Kind): boolean => kind.endsWith("array");
const forgets = (kind: Kind): boolean => kind.includes("LRU");

async function runTable(kind: Kind, lines: string): Promise<unknown[]> {
  const [declaration, key, leaf, zero] = kinds[kind];
  const c = `struct key_t { u32 pid; char name[8]; };
struct leaf_t { u64 n; u32 k; };
struct prefix_t { u32 bits; u32 address; };
${declaration}`;
  return readJson(
    await runCli([
      "run",
      makeJsonScript(
        folder,
        kind.replaceAll(" ", "-"),
        c,
        `
const cpus = <T>(value: T): T[] => Array.from({ length: bpfts.possible_cpus }, () => value);
void cpus;
// One text for all kinds: their types are checked elsewhere.
const table = b.get_table("table") as any;
const key = (i: number) => (${key}), leaf = (i: number) => (${leaf}), zero = ${zero};
const render = (value: unknown) => JSON.stringify(value, (_, item) => (typeof item === "bigint" ? \`\${item}n\` : item));
const same = (x: unknown, y: unknown) => render(x) === render(y);
const is = (i: number, value: unknown) => same(table.get(key(i)), value);
void [zero, same, is];
${lines}`,
      ),
    ]),
  );
}

describe.each(Object.keys(kinds) as Kind[])("a %s", (kind) => {
  it("is written, read, taken out, zeroed and cleared in batches as one by one", async () => {
    const size = isArray(kind) ? 4 : 3;
    const rows = await runTable(
      kind,
      `
table.items_update_batch([0, 1, 2].map(key), [10, 11, 12].map(leaf));
json([table.size, [...table.items_lookup_batch()].length, [...table.keys()].length, [...table.values()].length, is(1, leaf(11))]);
let sum = 0; table.forEach((value: unknown, at: unknown) => { if (same(value, leaf(12)) && same(at, key(2))) sum++; });
json(sum);
table.zero();
json([table.size, is(1, zero), is(3, ${isArray(kind) ? "zero" : "undefined"})]);
table.set(key(2), leaf(2));
json([table.items_delete_batch([key(1), key(3)]), table.size, is(2, leaf(2)), table.items_delete_batch([])]);
const taken = [...table.items_lookup_and_delete_batch()];
json([taken.length, taken.some(([at, value]) => same(at, key(2)) && same(value, leaf(2))), table.size, is(2, ${isArray(kind) ? "zero" : "undefined"})]);
table.set(key(1), leaf(1)).clear();
json([table.size, is(1, ${isArray(kind) ? "zero" : "undefined"}), [...table.items_lookup_and_delete_batch()].length]);
table.items_update_batch([0, 1, 2].map(key), [10, 11, 12].map(leaf));
json([table.items_delete_batch(), table.size, table.items_delete_batch()]);`,
    );
    const left = isArray(kind) ? 4 : 0;
    const deleted = isArray(kind) ? 2 : 1;
    expect(rows).toEqual([
      [size, size, size, size, true],
      1,
      [size, true, true],
      [deleted, isArray(kind) ? 4 : 2, true, 0],
      [isArray(kind) ? 4 : 2, true, left, true],
      [left, true, left],
      [size, left, left],
    ]);
  });

  it("says which limit a write has passed", async () => {
    const rows = await runTable(
      kind,
      `
json([fails(() => { for (let i = 0; i < 5; i++) table.set(key(i), leaf(i)); }), fails(() => table.items_update_batch([0, 1, 2, 3, 4].map(key), [0, 1, 2, 3, 4].map(leaf)))]);
// Older kernels say of a full trie that it is full, before they look for the key.
table.clear();
table.set(key(0), leaf(0));
json([fails(() => table.set(key(0), leaf(0), 1)), fails(() => table.set(key(77), leaf(0), 2)), fails(() => table.items_update_batch([key(0)], []))]);`,
    );
    const full = isArray(kind)
      ? 'Cannot write to "table": its indices go from 0 to 3'
      : forgets(kind)
        ? "no error but undefined"
        : 'Cannot write to "table": it is full, it holds 4 entries';
    expect(rows).toEqual([
      [full, full],
      [
        'Cannot write to "table": the key is there already',
        isArray(kind)
          ? 'Cannot write to "table": its indices go from 0 to 3'
          : 'Cannot write to "table": the key is not there',
        'Cannot update "table": 1 keys and 0 values were given',
      ],
    ]);
  });

  it("refuses what has another shape, and names the field", async () => {
    const rows = await runTable(
      kind,
      `json([fails(() => table.get("x" as never)), fails(() => table.set(key(0), "x" as never)), fails(() => table.items_delete_batch([{} as never])), fails(() => table.set(key(-1), leaf(1))), table.size]);`,
    );
    const messages = (rows[0] as unknown[]).slice(0, 4);
    for (const message of messages.slice(0, 3)) expect(message).toMatch(/^Cannot write (?:key|value) of "table"/);
    expect(messages[3]).toMatch(
      isArray(kind) ? /its indices go from 0 to 3/ : /-1 is out of range for \w+, which holds 0 to 4294967295/,
    );
  });
});

describe("a device map and a CPU map", () => {
  it("are cleared and taken out although their indices stay", async () => {
    const rows = readJson(
      await runCli([
        "run",
        makeJsonScript(
          folder,
          "indices",
          "BPF_DEVMAP(devices, 4); BPF_CPUMAP(cpus, 4);",
          `
const devices = b.get_table("devices"), cpus = b.get_table("cpus");
devices.set(0, 1).set(2, 1);
// A virtual machine may have this one only.
cpus.set(0, 192);
json([devices.size, [...devices], cpus.size, devices.delete(1), devices.delete(2), fails(() => devices.set(4, 1))]);
devices.set(3, 1).clear();
json([devices.size, [...cpus.items_lookup_and_delete_batch()], cpus.size]);`,
        ),
      ]),
    );
    expect(rows).toEqual([
      [
        2,
        [
          [0, 1],
          [2, 1],
        ],
        1,
        false,
        true,
        'Cannot write to "devices": its indices go from 0 to 3',
      ],
      [0, [[0, 192]], 0],
    ]);
  });
});
