import { describe, expect, it } from "vitest";
import { makeTableCodec } from "../../../../sdk/codec/codec.ts";
import type { Layout, MemberLayout } from "../../../../sdk/wire/layout.ts";
import { compilePairWalk } from "../../../../sdk/codec/pair-walk.ts";
import { PerCpuTable } from "../../../../sdk/tables/table-percpu.ts";

const int = (size: 1 | 2 | 4 | 8 | 16, signed = false, encoding?: "char" | "bool"): Layout => ({
  kind: "int",
  name: `int${size}`,
  size,
  signed,
  ...(encoding && { encoding }),
});
const array = (element: Layout, length: number): Layout => ({
  kind: "array",
  size: element.size * length,
  length,
  element,
});
const text = (length: number): Layout => array(int(1, true, "char"), length);
const struct = (size: number, members: readonly MemberLayout[], kind: "struct" | "union" = "struct"): Layout => ({
  kind,
  name: "any",
  size,
  members,
});
const float = (size: 4 | 8): Layout => ({ kind: "float", name: "real", size });
const bits = (name: string, bitOffset: number, bitSize: number, layout: Layout): MemberLayout => ({
  name,
  offset: bitOffset >> 3,
  layout,
  bitOffset,
  bitSize,
});

/** A fixed sequence, so that a failure shows again. */
function* makeNumbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state >>> 8;
  }
}

/** Any layout: with padding, unions, bit-fields, texts, NaNs, arrays of all of them. */
function makeLayout(numbers: Generator<number, never>, depth: number): Layout {
  const pick = (limit: number): number => numbers.next().value % limit;
  const sizes = [1, 2, 4, 8, 16] as const;
  switch (pick(depth > 2 ? 7 : 11)) {
    case 0:
      return int(sizes[pick(5)]!, pick(2) === 1);
    case 1:
      return text([1, 3, 16, 24][pick(4)]!);
    case 2:
      return pick(2) === 1 ? int(1, false, "bool") : int(1, pick(2) === 1, "char");
    case 3:
      return { kind: "enum", name: "e", size: 4, signed: pick(2) === 1, values: { "1": "ONE" } };
    case 4:
      return { kind: "pointer", size: 8, name: "void *" };
    case 5:
      return array(int(1), 1 + pick(9));
    case 6:
      return text(16);
    case 7:
      return array(makeLayout(numbers, depth + 1), 1 + pick(3));
    default: {
      const isUnion = pick(4) === 0;
      const members: MemberLayout[] = [];
      let size = 0;
      for (let i = 0; i <= pick(4); i++) {
        const layout = pick(6) === 0 ? float(8) : makeLayout(numbers, depth + 1);
        const offset = isUnion ? 0 : size + [0, 0, 1, 4][pick(4)]!;
        const anonymous = "members" in layout && pick(3) === 0;
        members.push({ name: anonymous ? "" : `m${depth}_${i}_${pick(1e6)}`, offset, layout });
        size = Math.max(size, offset + layout.size);
      }
      if (!isUnion && pick(3) === 0) {
        members.push(
          bits(`b${pick(1e6)}`, size * 8 + 1, 5, int(4)),
          bits(`c${pick(1e6)}`, size * 8 + 9, 3, int(1)),
          bits("", size * 8 + 13, 2, int(1)),
        );
        size += 4;
      }
      return struct(size + [0, 0, 3][pick(3)]!, members, isUnion ? "union" : "struct");
    }
  }
}

/** Bytes as programs leave them: half of them zeros, some of them the ends of texts that were there before, NaNs among them. */
function makeBytes(numbers: Generator<number, never>, size: number): Uint8Array {
  return Uint8Array.from(
    { length: size },
    () => [0, 0, 0x61, 0xff, 0xf8, 0x7f, 0x80, numbers.next().value & 0xff][numbers.next().value % 8]!,
  );
}

describe("what is read from a table and written again", () => {
  it("is the same bytes, for any layout and any bytes", () => {
    const numbers = makeNumbers(11);
    for (let i = 0; i < 3000; i++) {
      const layout = makeLayout(numbers, 0);
      const codec = makeTableCodec(layout, "sample");
      const bytes = makeBytes(numbers, layout.size);
      const value = codec.decode(bytes);
      expect([...codec.encode(value)], JSON.stringify(layout)).toEqual([...bytes]);
      if (typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value))
        expect([...codec.encode({ ...value })], JSON.stringify(layout)).toEqual([...bytes]);
    }
  });

  it("is the same bytes for keys and values of a batch", () => {
    const numbers = makeNumbers(5);
    for (let i = 0; i < 500; i++) {
      const [key, value] = [makeLayout(numbers, 1), makeLayout(numbers, 1)];
      const valuesAt = (key.size * 3 + 7) & ~7;
      const bytes = makeBytes(numbers, (valuesAt + value.size * 3 + 15) & ~7);
      const pairs = [...compilePairWalk(key, value)(bytes.slice().buffer)(3, 0, valuesAt)];
      const written = pairs.map(([k, v]) =>
        [makeTableCodec(key, "k").encode(k), makeTableCodec(value, "v").encode(v)].map((one) => [...one]),
      );
      expect(written, JSON.stringify([key, value])).toEqual(
        [0, 1, 2].map((n) => [
          [...bytes.subarray(n * key.size, (n + 1) * key.size)],
          [...bytes.subarray(valuesAt + n * value.size, valuesAt + (n + 1) * value.size)],
        ]),
      );
    }
  });

  it("is the same bytes for each CPU", () => {
    const layout = struct(24, [
      { name: "comm", offset: 0, layout: text(16) },
      { name: "n", offset: 16, layout: int(4) },
    ]);
    const info = {
      map: 1,
      id: 1,
      name: "cpus",
      type: 5,
      keySize: 4,
      valueSize: 48,
      maxEntries: 1,
      flags: 0,
      key: int(4),
      value: layout,
      event: null,
    };
    const codec = (
      new PerCpuTable(info, { closed: false, cpus: 2 }) as unknown as { leafCodec: ReturnType<typeof makeTableCodec> }
    ).leafCodec;
    const bytes = makeBytes(makeNumbers(3), 48);
    expect([...codec.encode(codec.decode(bytes))]).toEqual([...bytes]);
  });

  it("tells keys apart whose texts differ in bytes that are no UTF-8, or behind the NUL", () => {
    const codec = makeTableCodec<string>(text(8), "key");
    const keys = [
      [0xff],
      [0xfe],
      [0xed, 0xb2, 0x80],
      [0xef, 0xbf, 0xbd],
      [0x61, 0, 0x62],
      [0x61, 0, 0x63],
      [0x61],
      [0, 0x61],
      [],
    ].map((bytes) => Uint8Array.from([...bytes, ...new Array<number>(8 - bytes.length).fill(0)]));
    const read = keys.map((key) => codec.decode(key));
    expect(new Set(read).size).toBe(keys.length);
    expect(read.map((key) => [...codec.encode(key)])).toEqual(keys.map((key) => [...key]));
    expect(read[0]).toBe("\udcff");
    expect(read[4]).toBe("a\0b");
  });

  it("ends a text in a struct at its NUL, as C does, and has what stood behind it by its side", () => {
    const codec = makeTableCodec<{ comm: string; id: number }>(
      struct(12, [
        { name: "comm", offset: 0, layout: text(8) },
        { name: "id", offset: 8, layout: int(4) },
      ]),
      "key",
    );
    const bytes = Uint8Array.from([0x61, 0, 0x62, 0, 0, 0, 0, 0, 7, 0, 0, 0]);
    const key = codec.decode(bytes);
    expect({ comm: key.comm, id: key.id }).toEqual({ comm: "a", id: 7 });
    expect([Object.keys(key), JSON.stringify(key)]).toEqual([["comm", "id"], '{"comm":"a","id":7}']);
    expect([...codec.encode({ ...key, id: 8 })]).toEqual([0x61, 0, 0x62, 0, 0, 0, 0, 0, 8, 0, 0, 0]);
    key.comm = "xyz";
    expect([...codec.encode(key)]).toEqual([0x78, 0x79, 0x7a, 0, 0, 0, 0, 0, 7, 0, 0, 0]);
    expect([...codec.encode({ comm: "a", id: 7 })]).toEqual([0x61, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0]);
  });

  it("takes the member of a union that a script changed, whichever it is", () => {
    const members = [
      { name: "v4", offset: 0, layout: int(4) },
      { name: "v6", offset: 0, layout: array(int(1), 8) },
    ];
    const codec = makeTableCodec<{ v4: number; v6: Uint8Array }>(struct(8, members, "union"), "key");
    const read = (): { v4: number; v6: Uint8Array } => codec.decode(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]));
    const first = read();
    first.v4 = 0;
    expect([...codec.encode(first)]).toEqual([0, 0, 0, 0, 5, 6, 7, 8]);
    const second = read();
    second.v6[7] = 0;
    expect([...codec.encode(second)]).toEqual([1, 2, 3, 4, 5, 6, 7, 0]);
  });

  it("takes the changed member of a union beside structs and arrays that keep bytes of their own", () => {
    const address = struct(8, [
      { name: "ip", offset: 0, layout: int(4) },
      { name: "port", offset: 4, layout: int(2) },
    ]);
    const union = struct(
      8,
      [
        { name: "v4", offset: 0, layout: address },
        { name: "halves", offset: 0, layout: array(int(2), 4) },
        { name: "raw", offset: 0, layout: int(8) },
        { name: "other", offset: 0, layout: address },
      ],
      "union",
    );
    interface Address {
      ip: number;
      port: number;
    }
    interface Any {
      v4: Address;
      halves: number[];
      raw: bigint;
      other: Address;
    }
    const named = struct(12, [
      { name: "tag", offset: 0, layout: int(4) },
      { name: "a", offset: 4, layout: union },
    ]);
    const anonymous = struct(12, [
      { name: "tag", offset: 0, layout: int(4) },
      { name: "", offset: 4, layout: union },
    ]);
    const bytes = Uint8Array.from([1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const changes: readonly [(value: Any) => void, readonly number[]][] = [
      [(value) => void (value.v4.port = 0x0201), [1, 2, 3, 4, 1, 2, 7, 8]],
      [(value) => void (value.v4 = { ip: 9, port: 8 }), [9, 0, 0, 0, 8, 0, 0, 0]],
      [(value) => void (value.halves[3] = 0), [1, 2, 3, 4, 5, 6, 0, 0]],
      [(value) => void (value.raw = 5n), [5, 0, 0, 0, 0, 0, 0, 0]],
      [(value) => void (value.other.ip = 0), [0, 0, 0, 0, 5, 6, 7, 8]],
    ];
    for (const [change, right] of changes) {
      const inside = makeTableCodec<{ tag: number; a: Any }>(named, "value");
      const held = inside.decode(bytes);
      change(held.a);
      expect([...inside.encode(held)].slice(4)).toEqual(right);
      const beside = makeTableCodec<{ tag: number } & Any>(anonymous, "value");
      const flat = beside.decode(bytes);
      change(flat);
      expect([...beside.encode(flat)].slice(4)).toEqual(right);
      const copy = { ...beside.decode(bytes) };
      change(copy);
      expect([...beside.encode(copy)].slice(4)).toEqual(right);
    }
  });

  it("leaves nothing of a struct that another one takes the place of", () => {
    const inner = struct(8, [
      { name: "a", offset: 0, layout: int(1) },
      { name: "b", offset: 4, layout: int(4) },
    ]);
    const codec = makeTableCodec<{ inner: { a: number; b: number }; c: number }>(
      struct(12, [
        { name: "inner", offset: 0, layout: inner },
        { name: "c", offset: 8, layout: int(4) },
      ]),
      "key",
    );
    const value = codec.decode(Uint8Array.from([1, 9, 9, 9, 2, 0, 0, 0, 3, 0, 0, 0]));
    value.inner = { a: 4, b: 2 };
    expect([...codec.encode(value)]).toEqual([4, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]);
  });
});
