import { describe, expect, it } from "vitest";
import { makeJsonScript, readJson } from "../support/json-script.ts";
import { makeFolder, runCli } from "../support/run-cli.ts";

const folder = makeFolder();

const wide = `
enum color { RED = -1, GREEN = 2 };
struct key { u32 pid; char comm[6]; u8 mac[6]; };
struct inner { s16 a; u8 b; };
struct value {
    u64 ns; s32 d; bool ok; enum color c; struct inner in;
    union { u32 v4; u8 raw[4]; };
    unsigned f1 : 3; int f2 : 7; u64 f3 : 40;
    u64 arr[3]; void *p; double x; float y; __u128 big; char one;
} __attribute__((packed));
BPF_HASH(wide, struct key, struct value);
BPF_HASH(numbers, u32, u64);
BPF_HASH(texts, struct { char name[8]; }, s8);
BPF_TABLE("hash", enum color, bool, truths, 4);
BPF_PERCPU_HASH(cpus, u16, struct inner);
BPF_ARRAY(levels, u8, 3);
`;

/** Puts columns together again: what the rows would be. */
const lines = `
type Any = any;
const show = (value: Any): Any =>
  typeof value === "bigint" ? value + "n" : ArrayBuffer.isView(value) ? [...(value as Any)].map(show)
  : Array.isArray(value) ? value.map(show)
  : typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, show(one)])) : value;
const isColumn = (value: Any) => Array.isArray(value) || ArrayBuffer.isView(value);
const pick = (column: Any, row: number): Any =>
  isColumn(column) ? column[row] : Object.fromEntries(Object.entries(column).map(([name, one]) => [name, pick(one, row)]));
const kinds = (column: Any): Any =>
  isColumn(column) ? column.constructor.name : Object.fromEntries(Object.entries(column).map(([name, one]) => [name, kinds(one)]));
const compare = (table: Any) => {
  const { count, keys, values } = table.columns();
  const rows = Array.from({ length: count }, (_, row) => [pick(keys, row), pick(values, row)]);
  json([count, JSON.stringify(show(rows)) === JSON.stringify(show([...table])), kinds(keys), kinds(values)]);
};
for (const i of [1, 2, 3])
  (b.tables.wide as Any).set({ pid: i, comm: "c" + i, mac: [2, 0, 0, 0, 0, i] }, {
    ns: 2n ** 63n + BigInt(i), d: -i, ok: i % 2 === 1, c: -1, in: { a: -300 * i, b: i }, v4: 0x01020304 + i, f1: i, f2: -i,
    f3: 2n ** 39n + BigInt(i), arr: [1n, 2n, BigInt(i)], p: 0xffff_0000_0000_0000n + BigInt(i), x: i / 2, y: i / 4, big: 2n ** 127n + BigInt(i), one: "x" });
`;

async function run(name: string, more: string): Promise<unknown[]> {
  return readJson(await runCli(["run", makeJsonScript(folder, name, wide, lines + more)]));
}

describe("columns of a table", () => {
  it("say what its entries say, for every type in C", async () => {
    const rows = await run(
      "types",
      `
compare(b.tables.wide);
for (const [text, value] of [["plain", 1], ["a\\0b", -2], ["12345678", -128]] as const) (b.tables.texts as Any).set({ name: text }, value);
compare(b.tables.texts);
(b.tables.truths as Any).set(-1, true).set(2, false);
compare(b.tables.truths);
(b.tables.cpus as Any).set(65535, Array.from({ length: bpfts.possible_cpus }, (_, cpu) => ({ a: -cpu, b: cpu })));
compare(b.tables.cpus);
b.tables.levels.set(2, 255);
compare(b.tables.levels);
compare(b.tables.numbers);
`,
    );
    expect(rows).toEqual([
      [
        3,
        true,
        { pid: "Uint32Array", comm: "Array", mac: "Array" },
        {
          ns: "BigUint64Array",
          d: "Int32Array",
          ok: "Array",
          c: "Int32Array",
          in: { a: "Int16Array", b: "Uint8Array" },
          v4: "Uint32Array",
          raw: "Array",
          f1: "Uint32Array",
          f2: "Int32Array",
          f3: "BigUint64Array",
          arr: "Array",
          p: "BigUint64Array",
          x: "Float64Array",
          y: "Float32Array",
          big: "Array",
          one: "Array",
        },
      ],
      [3, true, { name: "Array" }, "Int8Array"],
      [2, true, "Int32Array", "Array"],
      [1, true, "Uint16Array", "Array"],
      [3, true, "Int32Array", "Uint8Array"],
      [0, true, "Uint32Array", "BigUint64Array"],
    ]);
  });

  it("add up to what was counted, are copies, and take entries out where that is asked for", async () => {
    const rows = await run(
      "sums",
      `
for (let i = 0; i < 1000; i++) b.tables.numbers.set(i, BigInt(i) << 33n);
const before = b.tables.numbers.columns();
const { count, keys, values } = b.tables.numbers.columns({ take: true });
json([count, keys.reduce((sum, one) => sum + one, 0), String(values.reduce((sum, one) => sum + one, 0n))]);
json([b.tables.numbers.size, b.tables.numbers.columns().count, before.values.length]);
`,
    );
    expect(rows).toEqual([
      [1000, 499_500, String(499_500n << 33n)],
      [0, 0, 1000],
    ]);
  });

  it("are numbers throughout where the table is asked for numbers, and refuse what a number would round", async () => {
    const rows = await run(
      "as-numbers",
      `
const numbers = b.get_table("numbers", { u64: "number" });
numbers.set(1, 2 ** 40).set(2, 0);
const { values } = numbers.columns();
json([kinds(values), [...values].toSorted((x, y) => x - y)]);
json([fails(() => b.get_table("wide", { u64: "number" }).columns())]);
json([fails(() => (b.tables.numbers as Any).columns({ taken: true }))]);
`,
    );
    expect(rows).toEqual([
      ["Float64Array", [0, 2 ** 40]],
      [expect.stringMatching(/^Cannot read field "ns" of the value of "wide" as a number: it is \d{19}/)],
      ['columns() has no option "taken"'],
    ]);
  });
});
