import { describe, expect, it } from "vitest";
import { makeTableCodec } from "../../../../sdk/codec/codec.ts";
import type { IntLayout, Layout, MemberLayout } from "../../../../sdk/wire/layout.ts";
import { makeRandom } from "../../../support/random-packets.ts";

type Random = (below: number) => number;

const int = (name: string, size: IntLayout["size"], signed = false): IntLayout => ({ kind: "int", name, size, signed });
const byte = int("u8", 1);
const list = (element: Layout, length: number): Layout => ({
  kind: "array",
  size: element.size * length,
  length,
  element,
});

const scalars: readonly Layout[] = [
  byte,
  int("s8", 1, true),
  int("u16", 2),
  int("__be16", 2),
  int("s16", 2, true),
  int("u32", 4),
  int("__be32", 4),
  int("s32", 4, true),
  int("u64", 8),
  int("s64", 8, true),
  int("__int128", 16),
  { ...byte, name: "bool", encoding: "bool" },
  { ...byte, name: "char", encoding: "char" },
  { kind: "enum", name: "e", size: 4, signed: false, values: { "1": "ONE", "2": "TWO" } },
  { kind: "float", name: "double", size: 8 },
  { kind: "pointer", name: "void *", size: 8 },
  list(byte, 6),
  list(byte, 16),
  list(byte, 40),
  list(int("s8", 1, true), 3),
  list(int("u16", 2), 3),
  list({ ...byte, name: "char", encoding: "char" }, 8),
];

/** A struct of random members; packed ones have no padding between them. */
function makeLayout(random: Random, depth = 0): Layout {
  if (depth > 0 && random(4) > 0) return scalars[random(scalars.length)]!;
  const isPacked = random(3) === 0;
  const members: MemberLayout[] = [];
  let size = 0;
  for (let count = 1 + random(5); count > 0; count--) {
    const layout = depth < 2 && random(6) === 0 ? makeLayout(random, depth + 1) : scalars[random(scalars.length)]!;
    const unit = isPacked
      ? 1
      : Math.min(8, layout.kind === "array" ? layout.element.size : "members" in layout ? 4 : layout.size);
    size = Math.ceil(size / unit) * unit;
    const isAnonymous = "members" in layout && random(3) === 0;
    members.push({ name: isAnonymous ? "" : `m${depth}_${members.length}`, offset: size, layout });
    size += layout.size;
  }
  if (random(5) === 0) {
    members.push({ name: `bits${depth}`, offset: size, layout: int("u32", 4), bitOffset: size * 8 + 3, bitSize: 5 });
    size += 4;
  }
  return {
    kind: random(12) === 0 ? "union" : "struct",
    name: `s${depth}`,
    size: isPacked ? size : Math.ceil(size / 4) * 4,
    members,
  };
}

/** Takes a value that was read, and changes something in it or nothing. */
function spoil(value: unknown, random: Random): unknown {
  const odd = [
    undefined,
    null,
    "text",
    "10.0.0.1",
    -1,
    1.5,
    1e20,
    300,
    -0,
    Number.NaN,
    5n,
    -5n,
    2n ** 64n,
    true,
    [],
    {},
    [1, 2, 3, 4, 5, 6],
  ];
  if (random(5) === 0) return odd[random(odd.length)];
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return random(2) === 0 ? Array.from(value as Uint8Array) : value;
  if (Array.isArray(value)) return value.map((item: unknown) => (random(8) === 0 ? spoil(item, random) : item));
  const copy: Record<string, unknown> = { ...value };
  const names = Object.keys(copy);
  const name = names[random(names.length)]!;
  const choice = random(6);
  if (choice === 0) delete copy[name];
  else if (choice === 1) copy["surplus"] = 1;
  else copy[name] = spoil(copy[name], random);
  return copy;
}

describe("many values that are written at once", () => {
  it("are the same bytes, or the same error, as one by one", () => {
    const random = makeRandom(20);
    let [written, refused] = [0, 0];
    for (let i = 0; i < 1500; i++) {
      const codec = makeTableCodec<unknown>(makeLayout(random), "value");
      const bytes = Uint8Array.from({ length: codec.size }, () => (random(3) === 0 ? 0 : random(256)));
      const read = codec.decode(bytes);
      // A copy through its members alone says no padding.
      for (const value of [read, structuredClone(read), spoil(read, random), spoil(structuredClone(read), random)]) {
        const attempt = (write: (target: Uint8Array, offset: number) => void): string => {
          const target = new Uint8Array(codec.size * 3);
          try {
            write(target, codec.size);
          } catch (error) {
            return `${(error as Error).message} (${(error as { hint?: string }).hint})`;
          }
          return Buffer.from(target).toString("hex");
        };
        const alone = attempt((target, offset) => codec.encodeInto(value, new DataView(target.buffer), offset));
        const bound = attempt((target, offset) => codec.bindWriter(target.buffer as ArrayBuffer)(value, offset));
        expect({ i, bound }).toEqual({ i, bound: alone });
        if (alone.startsWith("Cannot")) refused++;
        else written++;
      }
    }
    expect([written > 2500, refused > 500]).toEqual([true, true]);
  });

  it("read each field once", () => {
    let reads = 0;
    const layout: Layout = {
      kind: "struct",
      name: "s",
      size: 4,
      members: [{ name: "a", offset: 0, layout: int("u32", 4) }],
    };
    const value = Object.defineProperty({}, "a", { enumerable: true, get: () => ++reads });
    const target = new Uint8Array(4);
    makeTableCodec<unknown>(layout, "value").bindWriter(target.buffer)(value, 0);
    expect([reads, target[0]]).toEqual([1, 1]);
  });

  it("take addresses as text", () => {
    const layout: Layout = {
      kind: "struct",
      name: "s",
      size: 4,
      members: [{ name: "a", offset: 0, layout: int("__be32", 4) }],
    };
    const target = new Uint8Array(8);
    const write = makeTableCodec<unknown>(layout, "value").bindWriter(target.buffer);
    write({ a: "10.0.0.1" }, 0);
    write({ a: 2 }, 4);
    expect(Buffer.from(target).toString("hex")).toBe("0a00000102000000");
    expect(() => write({ a: "10.0.0" }, 0)).toThrow('Cannot write value.a: "10.0.0" is no IPv4 address');
  });
});
