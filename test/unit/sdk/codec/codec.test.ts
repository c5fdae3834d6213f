import { describe, expect, it } from "vitest";
import { makeCodec } from "../../../../sdk/codec/codec.ts";
import { compileWalk } from "../../../../sdk/codec/record-walk.ts";
import type { Layout, MemberLayout } from "../../../../sdk/wire/layout.ts";

const int = (size: 1 | 2 | 4 | 8 | 16, signed = false, encoding?: "char" | "bool"): Layout => ({
  kind: "int",
  name: `${signed ? "s" : "u"}${size * 8}`,
  size,
  signed,
  ...(encoding === undefined ? {} : { encoding }),
});
const array = (element: Layout, length: number): Layout => ({
  kind: "array",
  size: element.size * length,
  length,
  element,
});
const text = (length: number): Layout => array(int(1, true, "char"), length);
const struct = (name: string, size: number, members: readonly MemberLayout[]): Layout => ({
  kind: "struct",
  name,
  size,
  members,
});
const pointer: Layout = { kind: "pointer", size: 8, name: "struct sock *" };

/** A fixed sequence, so that a failure shows again. */
function* makeNumbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state;
  }
}

/** A value of a layout, and the layout, out of a sequence of numbers. */
function makeSample(numbers: Generator<number, never>, depth: number): { layout: Layout; value: unknown } {
  const pick = (limit: number): number => numbers.next().value % limit;
  switch (pick(depth > 2 ? 5 : 8)) {
    case 0: {
      const size = ([1, 2, 4] as const)[pick(3)]!;
      const signed = pick(2) === 1;
      const bits = BigInt(numbers.next().value);
      return {
        layout: int(size, signed),
        value: Number(signed ? BigInt.asIntN(size * 8, bits) : BigInt.asUintN(size * 8, bits)),
      };
    }
    case 1: {
      const size = ([8, 16] as const)[pick(2)]!;
      const signed = pick(2) === 1;
      const bits = [0, 1, 2, 3].reduce((sum) => (sum << 32n) | BigInt(numbers.next().value), 0n);
      return {
        layout: int(size, signed),
        value: signed ? BigInt.asIntN(size * 8, bits) : BigInt.asUintN(size * 8, bits),
      };
    }
    case 2: {
      const value = ["", "a", "grüße", "日本語", "x".repeat(16), "tab\there"][pick(6)]!;
      return { layout: text(16), value };
    }
    case 3:
      return { layout: { kind: "float", name: "double", size: 8 }, value: numbers.next().value / 7 };
    case 4:
      return { layout: int(1, false, "bool"), value: pick(2) === 1 };
    case 5: {
      const inner = makeSample(numbers, depth + 1);
      const isText = inner.layout.kind === "int" && inner.layout.size === 1 && inner.layout.encoding === undefined;
      const length = 1 + pick(3);
      const layout = array(inner.layout, length);
      return {
        layout,
        value: isText
          ? Uint8Array.from({ length }, () => Number(inner.value) & 0xff)
          : Array.from({ length }, () => inner.value),
      };
    }
    default: {
      const members: MemberLayout[] = [];
      const value: Record<string, unknown> = {};
      let offset = 0;
      for (let i = 0; i <= pick(4); i++) {
        const inner = makeSample(numbers, depth + 1);
        offset += pick(3);
        members.push({ name: `m${i}`, offset, layout: inner.layout });
        value[`m${i}`] = inner.value;
        offset += inner.layout.size;
      }
      return { layout: struct("any", Math.max(1, offset), members), value };
    }
  }
}

describe("codec", () => {
  it("reads back what it wrote, for any layout, aligned and packed", () => {
    const numbers = makeNumbers(42);
    for (let i = 0; i < 500; i++) {
      const { layout, value } = makeSample(numbers, 0);
      const codec = makeCodec(layout, "sample");
      expect(codec.decode(codec.encode(value)), JSON.stringify(layout)).toEqual(value);
    }
  });

  it("reads values one after another at any multiple of their size", () => {
    const numbers = makeNumbers(7);
    for (let i = 0; i < 200; i++) {
      const { layout, value } = makeSample(numbers, 1);
      const codec = makeCodec(layout, "sample");
      const bytes = new Uint8Array(layout.size * 3);
      for (let at = 0; at < 3; at++) bytes.set(codec.encode(value), at * layout.size);
      const read = codec.bind(bytes.buffer);
      expect([0, 1, 2].map((at) => read(at * layout.size))).toEqual([value, value, value]);
    }
  });

  it("lays a struct out as C does", () => {
    const event = struct("data_t", 40, [
      { name: "ts", offset: 0, layout: int(8) },
      { name: "pid", offset: 8, layout: int(4) },
      { name: "ret", offset: 12, layout: int(4, true) },
      { name: "comm", offset: 16, layout: text(16) },
      { name: "sk", offset: 32, layout: pointer },
    ]);
    const bytes = Uint8Array.from([
      8,
      7,
      6,
      5,
      4,
      3,
      2,
      1,
      0x39,
      0x30,
      0,
      0,
      0xfe,
      0xff,
      0xff,
      0xff,
      ...new TextEncoder().encode("bash\0garbage!!!!"),
      0,
      0,
      0,
      0x81,
      0xff,
      0xff,
      0xff,
      0xff,
    ]);
    expect(makeCodec(event, "e").decode(bytes)).toEqual({
      ts: 0x0102030405060708n,
      pid: 12345,
      ret: -2,
      comm: "bash",
      sk: 0xffffffff81000000n,
    });
  });

  it("takes bit-fields apart and puts them together", () => {
    const bits = (name: string, bitOffset: number, bitSize: number, layout: Layout): MemberLayout => ({
      name,
      offset: bitOffset >> 3,
      layout,
      bitOffset,
      bitSize,
    });
    const codec = makeCodec(
      struct("flags", 16, [
        bits("a", 0, 1, int(4)),
        bits("b", 1, 3, int(4, true)),
        bits("c", 4, 12, int(4)),
        bits("d", 30, 32, int(8)),
        bits("e", 62, 40, int(8)),
        bits("f", 102, 1, int(1, false, "bool")),
      ]),
      "flags",
    );
    const value = { a: 1, b: -3, c: 0xabc, d: 0xdeadbeefn, e: 0x123456789an, f: true };
    const bytes = codec.encode(value);
    expect([...bytes.slice(0, 4)]).toEqual([0xcb, 0xab, 0, 0xc0]);
    expect(codec.decode(bytes)).toEqual(value);
  });

  it("flattens anonymous members, and wants one of a union's", () => {
    const address = struct("key", 24, [
      { name: "family", offset: 0, layout: int(2) },
      {
        name: "",
        offset: 8,
        layout: {
          kind: "union",
          name: "",
          size: 16,
          members: [
            { name: "v4", offset: 0, layout: int(4) },
            { name: "v6", offset: 0, layout: array(int(1), 16) },
          ],
        },
      },
    ]);
    const codec = makeCodec(address, "key");
    expect(codec.decode(codec.encode({ family: 2, v4: 0x0100007f }))).toEqual({
      family: 2,
      v4: 0x0100007f,
      v6: Uint8Array.from([127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    });
    expect(() => codec.encode({ family: 2 })).toThrow('Cannot write key: one of "v4", "v6" must be given');
  });

  it("tells malformed text and full arrays apart from what follows them", () => {
    const codec = makeCodec(text(16), "comm");
    expect(codec.decode(Uint8Array.from({ length: 16 }, () => 0x61))).toBe("a".repeat(16));
    expect(
      codec.decode(Uint8Array.from([0xc3, 0x28, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xa0, 0x80, 0, 1, 1, 1, 1, 1, 1])),
    ).toBe("\udcc3(😀\udced\udca0\udc80");
  });

  it("keeps task names apart that share their first half", () => {
    const codec = makeCodec(text(16), "comm");
    const names = Array.from({ length: 40 }, (_, i) => `kworker/${i}:1`);
    for (let round = 0; round < 2; round++)
      expect(names.map((name) => codec.decode(codec.encode(name)))).toEqual(names);
  });

  it.each<[string, Layout, unknown, string]>([
    ["range", int(4), 2 ** 32, "Cannot write v: 4294967296 is out of range for u32, which holds 0 to 4294967295"],
    ["sign", int(4), -1, "Cannot write v: -1 is out of range for u32, which holds 0 to 4294967295"],
    ["fraction", int(4), 1.5, "Cannot write v: wanted a whole number for u32, got 1.5"],
    ["inexact", int(8), 2 ** 60, "Cannot write v: 1152921504606847000 is too large to be exact as a number"],
    ["type", int(4), "7", 'Cannot write v: wanted a number for u32, got "7"'],
    [
      "missing",
      struct("k", 8, [{ name: "pid", offset: 0, layout: int(4) }]),
      {},
      'Cannot write v: field "pid" of struct k is missing',
    ],
    [
      "unknown",
      struct("k", 8, [{ name: "pid", offset: 0, layout: int(4) }]),
      { pid: 1, pidd: 2 },
      'Cannot write v: struct k has no field "pidd"',
    ],
    [
      "nested",
      struct("k", 8, [{ name: "in", offset: 0, layout: array(int(2), 2) }]),
      { in: [1, 70000] },
      "Cannot write v.in[]: 70000 is out of range for u16, which holds 0 to 65535",
    ],
    ["length", array(int(2), 2), [1], "Cannot write v: it holds 2 values, 1 were given"],
    ["text", text(4), "hello", 'Cannot write v: "hello" has 5 bytes, char[4] holds 4'],
  ])("names the field and the limit: %s", (_, layout, value, message) => {
    expect(() => makeCodec(layout, "v").encode(value)).toThrow(expect.objectContaining({ code: "BPFTS_MAP", message }));
  });

  it.each<[Layout, unknown, unknown]>([
    [int(4), 7n, 7],
    [int(4), -0, 0],
    [int(4, true), -(2n ** 31n), -(2 ** 31)],
    [int(8), 7, 7n],
    [int(8, true), -7, -7n],
    [int(8), 2n ** 64n - 1n, 2n ** 64n - 1n],
    [int(1, true, "char"), "A", "A"],
    [int(1, true, "char"), 0x41, "A"],
    [int(1, false, "bool"), 1, true],
    [{ kind: "enum", name: "e", size: 4, signed: false, values: { "3": "THREE" } }, "THREE", 3],
  ])("takes numbers of either kind where they fit", (layout, value, wanted) => {
    const codec = makeCodec(layout, "v");
    expect(codec.decode(codec.encode(value))).toEqual(wanted);
  });

  it.each<[Layout, unknown]>([
    [int(8), -1n],
    [int(8), 2n ** 64n],
    [int(8, true), 2n ** 63n],
    [int(4, true), 2 ** 31],
    [int(4), -1n],
    [int(2), 65536],
    [int(8), undefined],
    [int(4), null],
  ])("refuses what does not fit: %o %s", (layout, value) =>
    expect(() => makeCodec(layout, "v").encode(value)).toThrow(expect.objectContaining({ code: "BPFTS_MAP" })),
  );

  it("refuses bytes that are too few", () => {
    expect(() => makeCodec(int(8), "v").decode(new Uint8Array(4))).toThrow(
      expect.objectContaining({ code: "BPFTS_DECODE", message: "Cannot read v: it has 8 bytes, 4 came" }),
    );
  });
});

describe("walking records", () => {
  const layout = struct("e", 12, [
    { name: "a", offset: 0, layout: int(4) },
    { name: "b", offset: 8, layout: int(4) },
  ]);
  const makeRecords = (...sizes: readonly number[]): ArrayBuffer => {
    const total = sizes.reduce((sum, size) => sum + 8 + ((size + 7) & ~7), 0);
    const view = new DataView(new ArrayBuffer(total));
    let at = 0;
    sizes.forEach((size, index) => {
      view.setUint32(at, size, true);
      view.setUint32(at + 4, index, true);
      view.setUint32(at + 8, 100 + index, true);
      if (size >= 12) view.setUint32(at + 16, 200 + index, true);
      at += 8 + ((size + 7) & ~7);
    });
    return view.buffer as ArrayBuffer;
  };

  it("tells of records that lack more than a part of an array at their end", () => {
    const told: number[] = [];
    const noteShort = (size: number): void => void told.push(size);
    const walk = (of: Layout): void => {
      const buffer = makeRecords(12, 8, 11, 4);
      compileWalk(of, { noteShort })(buffer)({ at: 0, end: buffer.byteLength }, () => undefined);
    };
    walk(layout);
    expect(told).toEqual([8, 11, 4]);
    told.length = 0;
    walk(
      struct("line", 12, [
        { name: "a", offset: 0, layout: int(4) },
        { name: "text", offset: 8, layout: text(4) },
      ]),
    );
    expect(told).toEqual([4]);
  });

  it.each([
    ["text", int(1, true, "char"), "hi!\0\xff", "hi!"],
    ["bytes", int(1), "\x01\xff\x03", new Uint8Array([1, 255, 3])],
    ["signed bytes", int(1, true), "\x01\xff\x80", [1, -1, -128]],
    ["integers, of which the last has two of four bytes", int(4), "\x01\0\0\0\x02\0\0\0\x03\0", [1, 2]],
    [
      "structs",
      struct("pair", 6, [{ name: "n", offset: 4, layout: int(2) }]),
      "....\x05\0....\x06\0",
      [{ n: 5 }, { n: 6 }],
    ],
    ["none", int(8), "", []],
  ])("gives an array without a length the rest of the record: %s", (_, element, rest, value) => {
    const flexible = struct("flexible", 4, [
      { name: "len", offset: 0, layout: int(4) },
      { name: "data", offset: 4, layout: array(element, 0) },
    ]);
    const size = 4 + rest.length;
    const bytes = new Uint8Array(8 + ((size + 7) & ~7)).fill(0x7e);
    new DataView(bytes.buffer).setUint32(0, size, true);
    new DataView(bytes.buffer).setUint32(8, 9, true);
    bytes.set(
      Array.from(rest, (character) => character.charCodeAt(0)),
      12,
    );
    for (const use of [undefined, { fields: new Set(["len", "data"]), takesCpu: false }]) {
      const seen: unknown[] = [];
      const walk = compileWalk(flexible, { use })(bytes.buffer);
      walk({ at: 0, end: bytes.length }, (record) => seen.push({ ...(record as object) }));
      expect(seen).toEqual([{ len: 9, data: value }]);
    }
  });

  it("is made once for a layout and a label", () => {
    expect(makeCodec(layout, "a")).toBe(makeCodec(layout, "a"));
    expect(makeCodec(layout, "b")).not.toBe(makeCodec(layout, "a"));
    expect(makeCodec({ ...layout }, "a")).not.toBe(makeCodec(layout, "a"));
  });

  it("hands each record to the callback with its CPU and size, short ones filled with zeros", () => {
    const buffer = makeRecords(12, 4, 20);
    const seen: unknown[] = [];
    compileWalk(layout)(buffer)({ at: 0, end: buffer.byteLength }, (value, cpu, size) => seen.push([value, cpu, size]));
    expect(seen).toEqual([
      [{ a: 100, b: 200 }, 0, 12],
      [{ a: 101, b: 0 }, 1, 4],
      [{ a: 102, b: 202 }, 2, 20],
    ]);
  });

  it("stands behind the record whose callback threw", () => {
    const buffer = makeRecords(12, 12);
    const cursor = { at: 0, end: buffer.byteLength };
    const walk = compileWalk(layout)(buffer);
    expect(() =>
      walk(cursor, () => {
        throw new RangeError("stop");
      }),
    ).toThrow("stop");
    const seen: unknown[] = [];
    walk(cursor, (value) => seen.push(value));
    expect(seen).toEqual([{ a: 101, b: 201 }]);
  });
});
