import { describe, expect, it } from "vitest";
import type { Layout } from "../../../sdk/wire/layout.ts";
import { describeShape, parseTyped } from "../../../runtime/inspect/map/parse-typed.ts";
import { renderTyped } from "../../../runtime/inspect/map/render-typed.ts";

const u8: Layout = { kind: "int", name: "u8", size: 1, signed: false };
const u64: Layout = { kind: "int", name: "u64", size: 8, signed: false };
const char: Layout = { kind: "int", name: "char", size: 1, signed: true, encoding: "char" };
const comm: Layout = { kind: "array", size: 16, length: 16, element: char };
const bytes: Layout = { kind: "array", size: 4, length: 4, element: u8 };
const state: Layout = { kind: "enum", name: "state", size: 4, signed: false, values: { "0": "OPEN", "1": "CLOSED" } };
const key: Layout = {
  kind: "struct",
  name: "key",
  size: 24,
  members: [
    { name: "id", offset: 0, layout: u64 },
    {
      name: "",
      offset: 8,
      layout: { kind: "union", name: "", size: 16, members: [{ name: "comm", offset: 0, layout: comm }] },
    },
  ],
};

const parse = (text: string, layout: Layout): unknown => parseTyped(text, layout, "the key");

describe("words of a command line by C types", () => {
  it("keeps every digit of a number", () => {
    expect(parse("42", u64)).toBe(42);
    expect(parse("18446744073709551615", u64)).toBe(18446744073709551615n);
    expect(parse("-0x10", u64)).toBe(-16n);
    expect(parse('{"id": 9007199254740993, "comm": "x9007199254740993"}', key)).toEqual({
      id: 9007199254740993n,
      comm: "x9007199254740993",
    });
  });

  it("takes texts and names without quotes, and bytes in hexadecimal", () => {
    expect(parse("bash", comm)).toBe("bash");
    expect(parse('"7z"', comm)).toBe("7z");
    expect(parse("7z", comm)).toBe("7z");
    expect(parse("CLOSED", state)).toBe("CLOSED");
    expect(parse("1", state)).toBe(1);
    expect(parse("0x0102ff00", bytes)).toEqual(Uint8Array.of(1, 2, 255, 0));
    expect(parse("[1,2,3,4]", bytes)).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  it.each([
    ["abc", u64, 'Cannot read the key: "abc" is no JSON', "it is a number (u64)"],
    ["", key, "Cannot read the key: it is empty", 'it is a JSON object: {"id":0,"…":{…}}'],
    ["0x01", bytes, "the key has 4 bytes, 0x01 is 1", "two digits a byte, 8 in all"],
    [
      "[1,2,3]",
      bytes,
      "the key has 4 bytes, 3 were given",
      "it is 4 numbers from 0 to 255: [1,2,…], or 0x and 8 digits",
    ],
    ["[1,2,3,256]", bytes, "the key is made of bytes, 256 is none", expect.any(String)],
  ])("says what is wrong with %j", (text, layout, message, hint) => {
    expect(() => parse(text, layout)).toThrow(expect.objectContaining({ message, hint }) as Error);
  });

  it("renders values as their types read", () => {
    const name = (address: bigint): string => (address === 16n ? "vfs_read+0x4" : `0x${address.toString(16)}`);
    const render = (layout: Layout, value: unknown): string => renderTyped(layout, value, name);
    expect(render(key, { id: 5n, comm: 'a"b' })).toBe('{ id: 5, comm: "a\\"b" }');
    expect(render(state, 1)).toBe("CLOSED");
    expect(render(state, 7)).toBe("7");
    expect(render(bytes, Uint8Array.of(0, 15, 255, 1))).toBe("00 0f ff 01");
    expect(render({ kind: "pointer", size: 8, name: "void *" }, 16n)).toBe("0x10 (vfs_read+0x4)");
    expect(render({ kind: "pointer", size: 8, name: "void *" }, 0n)).toBe("0x0");
    expect(render({ kind: "array", size: 16, length: 2, element: u64 }, [1n, 2n])).toBe("[1, 2]");
    expect(describeShape(comm)).toBe("a text of at most 16 bytes");
  });
});
