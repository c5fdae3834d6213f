import { describe, expect, it } from "vitest";
import type { Layout } from "../../../../sdk/wire/layout.ts";
import { makeFakeMap } from "../../../support/fake-map.ts";
import type { FakeMapShape } from "../../../support/fake-map.ts";
import { makeProgram, runScriptText } from "../../../support/guest-run.ts";
import type { GuestResult } from "../../../support/guest-run.ts";

const u32: Layout = { kind: "int", name: "u32", size: 4, signed: false };
const u64: Layout = { kind: "int", name: "u64", size: 8, signed: false };

/** Runs lines with the table `t` of a program that has one map. */
async function runWithMap(
  shape: FakeMapShape,
  lines: string,
  key: Layout | undefined = u32,
  value: Layout = u64,
): Promise<GuestResult> {
  const map = {
    name: "t",
    type: shape.type,
    maxEntries: shape.maxEntries,
    flags: 0,
    ...(key === undefined ? {} : { key }),
    value,
  };
  return runScriptText(
    `import { BPF, print } from "bpfts"; const b = new BPF<string>({ text: "x" }); const t = b.table<any, any>("t"); ${lines}`,
    {
      build: () => makeProgram({ maps: [map] }),
      kernel: makeFakeMap(shape),
    },
  );
}

const hash = { type: 1, keySize: 4, valueSize: 8, maxEntries: 3 };

describe("a hash", () => {
  it("is a Map", async () => {
    const { stdout, error } = await runWithMap(
      hash,
      `
      t.set(7, 70n).set(8, 80n);
      print(t.get(7), t.get(9), t.has(8), t.has(9), t.size);
      print([...t], [...t.keys()], [...t.values()], [...t.entries()].length);
      t.forEach((leaf, key) => print(key, leaf));
      print(t.delete(7), t.delete(7), t.size);
      t.clear();
      print(t.size, t.max_entries, t.ttype, t.name);
    `,
    );
    expect(error).toBeUndefined();
    expect(stdout.split("\n")).toEqual([
      "70 undefined true false 2",
      "[[7, 70], [8, 80]] [7, 8] [70, 80] 2",
      "7 70",
      "8 80",
      "true false 1",
      "0 3 1 t",
      "",
    ]);
  });

  it("may be changed while it is iterated", async () => {
    const { stdout } = await runWithMap(
      hash,
      `t.set(1, 1n).set(2, 2n); for (const [key] of t) { t.delete(key); t.set(3, 3n); print(key); } print([...t.keys()]);`,
    );
    expect(stdout).toBe("1\n2\n[3]\n");
  });

  it("is read, taken, written and deleted in one go", async () => {
    const { stdout, kernel } = await runWithMap(
      hash,
      `
      t.items_update_batch([1, 2, 3], [10n, 20n, 30n]);
      print(t.items_delete_batch([1, 9]), [...t.items_lookup_batch()]);
      t.zero();
      print([...t.items_lookup_and_delete_batch()], t.size);
    `,
    );
    expect(stdout).toBe("1 [[2, 20], [3, 30]]\n[[2, 0], [3, 0]] 0\n");
    expect(kernel.argsOf("mapUpdate")).toEqual([]);
  });

  it.each([
    [`t.set(1, 1n).set(2, 2n).set(3, 3n).set(4, 4n)`, 'Cannot write to "t": it is full, it holds 3 entries'],
    [`t.set(1, 1n).set(1, 2n, 1)`, 'Cannot write to "t": the key is there already'],
    [`t.set(-1, 1n)`, 'Cannot write key of "t": -1 is out of range for u32, which holds 0 to 4294967295'],
    [`t.set(1, "x")`, 'Cannot write value of "t": wanted a bigint or a number for u64, got "x"'],
    [`t.items_update_batch([1], [])`, 'Cannot update "t": 1 keys and 0 values were given'],
    [`b.get_table("u")`, 'There is no table "u" in this program'],
    [`b.close(); t.get(1)`, 'Cannot use table "t": its program was closed'],
    [`b.close(); b.close(); b.trace_print()`, "Cannot call trace_print(): this BPF program was closed"],
  ])("says what is wrong with %s", async (line, message) => {
    const { error } = await runWithMap(hash, line);
    expect(error).toMatchObject({ message, location: { line: 1 } });
  });
});

describe("an array", () => {
  const array = { type: 2, keySize: 4, valueSize: 8, maxEntries: 2 };
  it("has every index, deletes and clears to zero", async () => {
    const { stdout, error } = await runWithMap(
      array,
      `
      t.set(1, 5n); print([...t], t.size, t.get(2));
      print(t.delete(1), t.delete(5), t.get(1));
      t.set(0, 6n); t.clear(); print([...t.values()]);`,
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe("[[0, 0], [1, 5]] 2 undefined\ntrue false 0\n[0, 0]\n");
  });

  it("names its last index", async () => {
    expect((await runWithMap(array, `t.set(2, 1n)`)).error).toMatchObject({
      message: 'Cannot write to "t": its indices go from 0 to 1',
    });
  });
});

describe("a per-CPU map", () => {
  it("has a value for each CPU, put together on demand", async () => {
    const { stdout, error } = await runWithMap(
      { type: 5, keySize: 4, valueSize: 4, maxEntries: 4 },
      `
      t.set(1, [3, 4]);
      print(t.get(1), t.sum(1), t.average(1), t.min(1), t.max(1), t.sum(2), [...t]);
      try { t.set(1, [1]); } catch (error) { print(error.message); }`,
      u32,
      u32,
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe(
      '[3, 4] 7 3.5 3 4 0 [[1, [3, 4]]]\nCannot write value of "t": it holds an array with one value for each of 2 CPUs\n',
    );
  });
});

describe("a queue", () => {
  it("pushes, peeks, pops and ends", async () => {
    const { stdout, error } = await runWithMap(
      { type: 22, keySize: 0, valueSize: 8, maxEntries: 8 },
      `
      t.push(1n); t.push(2n); print(t.peek(), t.pop(), [...t.values()], t.pop());`,
      undefined,
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe("1 1 [2] undefined\n");
  });
});

describe("a stack trace table", () => {
  it("walks to the first zero, and says why there is nothing to walk", async () => {
    const value: Layout = { kind: "array", size: 24, length: 3, element: u64 };
    const { stdout, error } = await runWithMap(
      { type: 7, keySize: 4, valueSize: 24, maxEntries: 4 },
      `
      t.set(1, [10n, 20n, 0n]);
      print(t.walk(1), t.walk(1, (address) => address * 2n));
      for (const id of [2, -14]) try { t.walk(id); } catch (error) { print(error.message); }`,
      u32,
      value,
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe(
      '[10, 20] [20, 40]\nCannot walk stack 2 of "t": there is no such stack\nCannot walk stack -14 of "t": get_stackid failed with EFAULT\n',
    );
  });
});

describe("a table whose layouts do not have the map's sizes", () => {
  it("is read as bytes", async () => {
    const { stdout } = await runWithMap(
      hash,
      `t.set(Uint8Array.of(1, 0, 0, 0), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)); print([...t]);`,
      u64,
      u32,
    );
    expect(stdout).toBe("[[Uint8Array [1, 0, 0, 0], Uint8Array [1, 2, 3, 4, 5, 6, 7, 8]]]\n");
  });
});
