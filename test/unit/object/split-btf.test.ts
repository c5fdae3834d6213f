import { describe, expect, it } from "vitest";
import { btfKind } from "../../../runtime/object/btf.ts";
import { findDeclaredNames } from "../../../runtime/object/split-btf.ts";

/** One record: its kind, the place of its name, and for enums the places of its enumerators' names. */
type Row = readonly [kind: number, name: number, enumerators?: readonly number[]];

function makeBtf(rows: readonly Row[], strings: string): Uint8Array {
  const records = rows.map(([kind, name, enumerators = []]) => {
    const size = kind === btfKind.array ? 12 : enumerators.length * (kind === btfKind.enum64 ? 12 : 8);
    const record = Buffer.alloc(12 + size);
    record.writeUInt32LE(name, 0);
    record.writeUInt32LE(((kind << 24) | enumerators.length) >>> 0, 4);
    enumerators.forEach((place, index) => record.writeUInt32LE(place, 12 + index * (kind === btfKind.enum64 ? 12 : 8)));
    return record;
  });
  const types = Buffer.concat(records);
  const text = Buffer.from(strings, "latin1");
  const header = Buffer.alloc(24);
  header.writeUInt16LE(0xeb9f, 0);
  header.writeUInt8(1, 2);
  header.writeUInt32LE(24, 4);
  header.writeUInt32LE(types.length, 12);
  header.writeUInt32LE(types.length, 16);
  header.writeUInt32LE(text.length, 20);
  return Buffer.concat([header, types, text]);
}

const baseStrings = "\0shared\0only_base\0";
const base = makeBtf(
  [
    [btfKind.forward, 1],
    [btfKind.struct, baseStrings.indexOf("only_base")],
  ],
  baseStrings,
);
const own = "own_struct\0A_VALUE\0B_VALUE\0own_t\0a_function\0";
const place = (name: string): number => baseStrings.length + own.indexOf(name);
const module = makeBtf(
  [
    [btfKind.struct, 1],
    [btfKind.array, 0],
    [btfKind.struct, place("own_struct")],
    [btfKind.enum, 0, [place("A_VALUE")]],
    [btfKind.enum64, 0, [place("B_VALUE")]],
    [btfKind.typedef, place("own_t")],
    [btfKind.function, place("a_function")],
  ],
  own,
);

describe("findDeclaredNames", () => {
  it("finds structs, typedefs and enumerators of the module's own", () => {
    expect(findDeclaredNames(module, base, ["own_struct", "own_t", "A_VALUE", "B_VALUE"]).sort()).toEqual([
      "A_VALUE",
      "B_VALUE",
      "own_struct",
      "own_t",
    ]);
  });

  it("finds a struct whose name stands in the kernel's strings", () => {
    expect(findDeclaredNames(module, base, ["shared"])).toEqual(["shared"]);
  });

  it("passes over functions, what only the kernel has, and parts of names", () => {
    expect(findDeclaredNames(module, base, ["a_function", "only_base", "VALUE", "own", "nothing"])).toEqual([]);
  });

  it("finds nothing in what is no BTF", () => {
    expect(findDeclaredNames(new Uint8Array(4), base, ["shared"])).toEqual([]);
    expect(findDeclaredNames(module, new Uint8Array(30), ["shared"])).toEqual([]);
  });
});
