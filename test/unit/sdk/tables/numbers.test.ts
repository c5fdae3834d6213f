import { describe, expect, it } from "vitest";
import type { Layout } from "../../../../sdk/wire/layout.ts";
import { answerBatches } from "../../../support/fake-kernel.ts";
import { makeFakeMap } from "../../../support/fake-map.ts";
import { makeProgram, makeSignals, runScriptText } from "../../../support/guest-run.ts";
import type { GuestResult } from "../../../support/guest-run.ts";

const u32: Layout = { kind: "int", name: "u32", size: 4, signed: false };
const u64: Layout = { kind: "int", name: "u64", size: 8, signed: false };
const s64: Layout = { kind: "int", name: "s64", size: 8, signed: true };
const record: Layout = {
  kind: "struct",
  name: "record_t",
  size: 40,
  members: [
    { name: "ts", offset: 0, layout: u64 },
    { name: "change", offset: 8, layout: s64 },
    { name: "list", offset: 16, layout: { kind: "array", size: 16, length: 2, element: u64 } },
    { name: "at", offset: 32, layout: { kind: "pointer", name: "void *", size: 8 } },
  ],
};

async function runWithHash(lines: string, value: Layout = u64, type = 1): Promise<GuestResult> {
  const map = { name: "t", type, maxEntries: 10, flags: 0, key: u32, value };
  return runScriptText(`import { BPF, print } from "bpfts"; const b = new BPF({ text: String("x") }); ${lines}`, {
    build: () => makeProgram({ maps: [map] }),
    kernel: makeFakeMap({ type, keySize: 4, valueSize: value.size, maxEntries: 10 }),
  });
}

describe("64-bit integers as numbers", () => {
  it("are read and written", async () => {
    const { stdout, error } = await runWithHash(
      `const t = b.table<number, any>("t", { u64: "number" });
      t.set(1, { ts: 2 ** 53 - 1, change: -5, list: [1, 2n], at: 0 });
      const { ts, change, list, at } = t.get(1)!;
      print(ts + 0, change + 1, list[1] + 1, at === 0, [...t][0]![1].change, [...t.values()][0]!.ts);
      print(typeof b.table<number, any>("t").get(1).ts, b.table("t") === b.table("t"), b.table("t") === b.tables.t, b.table("t") === t);`,
      record,
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe("9007199254740991 -4 3 true -5 9007199254740991\nbigint true true false\n");
  });

  it.each([
    [
      "ts",
      "{ ts: 2n ** 53n, change: 0n, list: [0n, 0n], at: 0n }",
      'field "ts" of the value of "t"',
      "9007199254740992",
    ],
    [
      "change",
      "{ ts: 0n, change: -(2n ** 60n), list: [0n, 0n], at: 0n }",
      'field "change" of the value of "t"',
      "-1152921504606846976",
    ],
    [
      "list",
      "{ ts: 0n, change: 0n, list: [0n, 2n ** 63n], at: 0n }",
      'field "list[]" of the value of "t"',
      "9223372036854775808",
    ],
    [
      "at",
      "{ ts: 0n, change: 0n, list: [0n, 0n], at: 0xffff888000000000n }",
      'field "at" of the value of "t"',
      String(0xffff888000000000n),
    ],
  ])("that a number would round are an error that names the field: %s", async (_, value, place, shown) => {
    for (const read of ["t.get(1)", "[...t]", "[...t.values()]", "t.forEach(() => 0)"]) {
      const { error } = await runWithHash(
        `const t = b.table<number, any>("t", { u64: "number" }); t.set(1, ${value}); ${read};`,
        record,
      );
      expect(error).toMatchObject({
        code: "BPFTS_DECODE",
        message: `Cannot read ${place} as a number: it is ${shown}, and numbers are exact up to 2^53`,
        hint: 'read it as a bigint: leave out { u64: "number" }',
      });
    }
  });

  it("come from plain values, and from nothing that was counted", async () => {
    const { stdout } = await runWithHash(
      `const t = b.table<number, number>("t", { u64: "number" }); t.set(1, 5); print(t.get(1)! + 0.5); t.print_linear_hist();`,
    );
    expect(stdout).toMatch(/^5\.5\n[^]* 1 {10}: 5 /);
    const { error } = await runWithHash(
      `const t = b.table("t", { u64: "number" }); b.table<number, bigint>("t").set(1, 2n ** 64n - 1n); t.get(1);`,
    );
    expect(error).toMatchObject({
      message: expect.stringContaining('Cannot read the value of "t" as a number') as string,
    });
  });

  it("are numbers in events, too", async () => {
    const event: Layout = {
      kind: "struct",
      name: "event_t",
      size: 8,
      members: [{ name: "ts", offset: 0, layout: u64 }],
    };
    const view = new DataView(new ArrayBuffer(32));
    [5n, 2n ** 60n].forEach((ts, index) => {
      view.setUint32(index * 16, 8, true);
      view.setBigUint64(index * 16 + 8, ts, true);
    });
    const signals = makeSignals();
    const run = (lines: string): Promise<GuestResult> =>
      runScriptText(`import { BPF, print } from "bpfts"; const b = new BPF({ text: String("x") }); ${lines}`, {
        build: () =>
          makeProgram(
            { maps: [{ name: "ring", type: 27, maxEntries: 4096, flags: 0 }], structs: { event_t: event } },
            { eventStructs: { ring: "event_t" } },
          ),
        kernel: {
          ...signals.script,
          ringBufferOpen: () => 12,
          ringRead: answerBatches([new Uint8Array(view.buffer)]),
          ringClose: () => 0,
          wait: () => (signals.raise(), 0),
        },
      });
    const wanted = {
      message:
        'Cannot read field "ts" of the event of "ring" as a number: it is 1152921504606846976, and numbers are exact up to 2^53',
    };
    for (const lines of [
      `for (const e of b.events("ring", { u64: "number" })) print((e as any).ts + 1);`,
      `b.table<never, any>("ring", { u64: "number" }).open_ring_buffer((e) => print(e.ts + 1)); b.ring_buffer_poll();`,
      `for await (const e of b.table<never, any>("ring", { u64: "number" }).events()) print(e.ts + 1);`,
    ])
      expect(await run(lines)).toMatchObject({
        stdout: lines.startsWith("b.table") ? "6\n" : (expect.any(String) as string),
        error: wanted,
      });
  });

  it("are asked for by one of two words", async () => {
    for (const call of [`b.table("t", { u64: "nubmer" })`, `b.get_table("t", { u64: 1 as never })`])
      expect((await runWithHash(call)).error).toMatchObject({
        code: "BPFTS_ARGUMENT",
        message: expect.stringMatching(/^u64 is "bigint" or "number", got /) as string,
      });
    expect((await runWithHash(`b.get_table("t", { u46: "number" } as never)`)).error).toMatchObject({
      message: 'get_table() has no option "u46"',
    });
  });
});

describe("top", () => {
  it("orders entries by their values, a field or a function", async () => {
    const { stdout, error } = await runWithHash(
      `const t = b.table<number, bigint>("t"); t.set(1, 5n).set(2, 2n ** 63n).set(3, 7n).set(4, 7n);
      print(t.top(2), t.top(0), t.top(99).length, t.top(1, (value, key) => -key));`,
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe("[[2, 9223372036854775808], [3, 7]] [] 4 [[1, 5]]\n");
    const fields = await runWithHash(
      `const t = b.table<number, any>("t"); for (const i of [1, 2, 3]) t.set(i, { ts: i, change: -i, list: [0, 0], at: 0 });
      print(t.top(1, "ts").map(([key]) => key), t.top(1, "change").map(([key]) => key));`,
      record,
    );
    expect(fields.stdout).toBe("[3] [1]\n");
  });

  it("says what to do where the value is no number", async () => {
    const { error } = await runWithHash(
      `const t = b.table<number, any>("t"); t.set(1, { ts: 1, change: 1, list: [0, 0], at: 0 }); t.top(10);`,
      record,
    );
    expect(error).toMatchObject({
      code: "BPFTS_ARGUMENT",
      message: expect.stringMatching(/^Cannot order the entries of "t" by .*: it is no number$/) as string,
      hint: 'say what counts: top(10, "ts"), or top(10, (value, key) => …)',
    });
    expect((await runWithHash(`b.table("t").top("3" as never)`)).error).toMatchObject({ code: "BPFTS_ARGUMENT" });
  });
});

describe("tables as properties", () => {
  it("are there by name, listed, and refuse other names", async () => {
    const { stdout } = await runWithHash(
      `b.tables.t.set(1, 2n); print(Object.keys(b.tables), "t" in b.tables, "u" in b.tables, b.tables.t === b.get_table("t"), b.tables);`,
    );
    expect(stdout).toBe('["t"] true false true { t: Table "t" {1 => 2} }\n');
    expect((await runWithHash("b.tables.u;")).error).toMatchObject({
      code: "BPFTS_ARGUMENT",
      message: 'There is no table "u" in this program',
      hint: 'its tables are: "t"',
    });
  });
});

describe("bigint beside number", () => {
  it.each([
    "1n + (1 as any)",
    "Math.max(2n as any, 1)",
    "[3n, 1n].sort((x, y) => (x - y) as any)",
    "(5n as any) / 2",
    "+(1n as any)",
  ])("has a hint: %s", async (code) => {
    const { error } = await runWithHash(`${code};`);
    expect(error).toMatchObject({
      message: expect.stringMatching(/^TypeError: /) as string,
      hint: expect.stringMatching(/^a u64 of C is a bigint: /) as string,
    });
  });

  it("has one for JSON, and none for another error", async () => {
    expect((await runWithHash("JSON.stringify({ a: 1n });")).error).toMatchObject({
      hint: expect.stringContaining("JSON") as string,
    });
    expect((await runWithHash("(null as any).x;")).error).not.toHaveProperty("hint", expect.anything());
  });
});

describe("the entries with the largest values", () => {
  it("are numbers before what is none", async () => {
    const double: Layout = { kind: "float", name: "double", size: 8 };
    const { stdout, error } = await runWithHash(
      `const t = b.table<number, number>("t");
      for (const [key, value] of [[1, NaN], [2, 5], [3, NaN], [4, 7], [5, -Infinity]] as const) t.set(key, value);
      print(t.top().map(([, value]) => value).join(" "));`,
      double,
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe("7 5 -Infinity NaN NaN\n");
  });
});
