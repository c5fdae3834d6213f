import { describe, expect, it } from "vitest";
import { btfKind } from "../../../runtime/object/btf.ts";
import { openStructFields } from "../../../runtime/object/find-struct-field.ts";

interface Member {
  readonly name: string;
  readonly type: number;
}

/** A BTF blob of structs and of records to skip, the first with id 1. */
function makeBtf(
  records: readonly {
    readonly kind: number;
    readonly name: string;
    readonly members?: readonly Member[];
    readonly type?: number;
    readonly extra?: number;
  }[],
): Uint8Array {
  let strings = "\0";
  const offsets = new Map([["", 0]]);
  const intern = (name: string): number => {
    if (!offsets.has(name)) {
      offsets.set(name, strings.length);
      strings += `${name}\0`;
    }
    return offsets.get(name)!;
  };
  const words = records.flatMap(({ kind, name, members = [], type = 0, extra = 0 }) => [
    intern(name),
    (kind << 24) | members.length,
    type,
    ...members.flatMap((member) => [intern(member.name), member.type, 0]),
    ...new Array<number>(extra).fill(7),
  ]);
  const types = Buffer.from(Uint32Array.from(words).buffer);
  const header = Buffer.alloc(24);
  header.writeUInt16LE(0xeb9f, 0);
  header.writeUInt32LE(24, 4);
  header.writeUInt32LE(types.length, 12);
  header.writeUInt32LE(types.length, 16);
  header.writeUInt32LE(strings.length, 20);
  return Buffer.concat([header, types, Buffer.from(strings, "latin1")]);
}

describe("fields of the kernel's structs", () => {
  const { haveField } = openStructFields(
    makeBtf([
      { kind: btfKind.int, name: "int", extra: 1 },
      { kind: btfKind.array, name: "", extra: 3 },
      { kind: btfKind.union, name: "", members: [{ name: "inner", type: 1 }] },
      { kind: btfKind.const, name: "", type: 3 },
      {
        kind: btfKind.struct,
        name: "task",
        members: [
          { name: "pid", type: 1 },
          { name: "", type: 4 },
        ],
      },
      { kind: btfKind.typedef, name: "alias", type: 5 },
      { kind: btfKind.struct, name: "other", members: [{ name: "comm", type: 2 }] },
    ]),
  );

  it.each([
    ["task", "pid", 1],
    ["task", "inner", 1],
    ["task", "comm", 0],
    ["task", "nowhere", 0],
    ["other", "comm", 1],
    ["tas", "pid", -1],
    ["nothing", "pid", -1],
    ["alias", "pid", -1],
    ["int", "pid", -1],
  ])("%s.%s: %i", (struct, field, wanted) => expect(haveField(struct, field)).toBe(wanted));
});
