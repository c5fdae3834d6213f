import { describe, expect, it } from "vitest";
import { btfKind } from "../../../runtime/object/btf.ts";
import type { BtfMember, BtfParameter, BtfType, BtfTypes } from "../../../runtime/object/btf.ts";
import { renderDeclaration, renderDefinition, renderPrototype } from "../../../runtime/object/render-c.ts";

interface Row extends Partial<BtfType> {
  readonly kind: number;
  readonly members?: readonly BtfMember[];
  readonly parameters?: readonly BtfParameter[];
  readonly length?: number;
}

/** Types by hand; the number of a row is its place, from 1. */
function makeTypes(rows: readonly Row[]): BtfTypes {
  const all = [{ kind: 0, name: "void" }, ...rows].map((row, id) => ({
    name: "",
    count: 0,
    flag: false,
    sizeOrType: 0,
    extra: 0,
    ...row,
    id,
  }));
  const require = (id: number): (typeof all)[number] => all[id]!;
  const through = [btfKind.typedef, btfKind.const, btfKind.volatile, btfKind.restrict, btfKind.typeTag] as number[];
  const resolve = (id: number): (typeof all)[number] =>
    through.includes(require(id).kind) ? resolve(require(id).sizeOrType) : require(id);
  const rowOf = ({ id }: BtfType): Row => rows[id - 1]!;
  return {
    count: all.length,
    list: () => all,
    find: () => undefined,
    require,
    resolve,
    listMembers: (type) => [...(rowOf(type).members ?? [])],
    listParameters: (type) => [...(rowOf(type).parameters ?? [])],
    describeArray: (type) => ({ element: type.sizeOrType, length: rowOf(type).length ?? 0 }),
    describeInt: () => ({ encoding: 0, bits: 32 }),
    listEnumerators: () => [{ name: "ONE", value: 1n }],
    listVariables: () => [],
  };
}

const { int, pointer, array, struct, functionPrototype, typedef, typeTag, volatile, union } = btfKind;
const enumKind = btfKind.enum;
const constKind = btfKind.const;

describe("renderDeclaration", () => {
  const types = makeTypes([
    { kind: int, name: "int", sizeOrType: 4 }, // 1
    { kind: struct, name: "file", sizeOrType: 16 }, // 2
    { kind: pointer, sizeOrType: 2 }, // 3: struct file *
    { kind: constKind, sizeOrType: 1 }, // 4: const int
    { kind: pointer, sizeOrType: 4 }, // 5: const int *
    { kind: constKind, sizeOrType: 3 }, // 6: struct file *const
    { kind: array, sizeOrType: 3, length: 4 }, // 7: struct file *[4]
    { kind: pointer, sizeOrType: 7 }, // 8: struct file *(*)[4]
    {
      kind: functionPrototype,
      sizeOrType: 1,
      parameters: [
        { name: "file", type: 3 },
        { name: "", type: 0 },
      ],
    }, // 9
    { kind: pointer, sizeOrType: 9 }, // 10
    { kind: array, sizeOrType: 10, length: 2 }, // 11
    { kind: array, sizeOrType: 1, length: 3 }, // 12
    { kind: array, sizeOrType: 12, length: 2 }, // 13
    { kind: typeTag, name: "user", sizeOrType: 4 }, // 14
    { kind: pointer, sizeOrType: 14 }, // 15: const int __user *
    { kind: volatile, sizeOrType: 4 }, // 16
    { kind: pointer, sizeOrType: 0 }, // 17: void *
    { kind: functionPrototype, sizeOrType: 10, parameters: [] }, // 18
  ]);
  it.each([
    [3, "struct file *x"],
    [5, "const int *x"],
    [6, "struct file *const x"],
    [7, "struct file *x[4]"],
    [8, "struct file *(*x)[4]"],
    [10, "int (*x)(struct file *file, ...)"],
    [11, "int (*x[2])(struct file *file, ...)"],
    [13, "int x[2][3]"],
    [15, "const int *x"],
    [16, "volatile const int x"],
    [17, "void *x"],
  ])("%i: as C writes it", (id, text) => {
    expect(renderDeclaration(types, id, "x")).toBe(text);
  });

  it("leaves the name out", () => {
    expect(renderDeclaration(types, 3)).toBe("struct file *");
    expect(renderDeclaration(types, 10)).toBe("int (*)(struct file *file, ...)");
  });

  it("writes prototypes, also of functions that answer functions", () => {
    expect(renderPrototype(types, types.require(9), "open_it")).toBe("int open_it(struct file *file, ...)");
    expect(renderPrototype(types, types.require(18), "find")).toBe("int (*find(void))(struct file *file, ...)");
  });
});

describe("renderDefinition", () => {
  const types = makeTypes([
    { kind: int, name: "int", sizeOrType: 4 }, // 1
    { kind: union, sizeOrType: 4, members: [{ name: "a", type: 1, bitOffset: 0, bitSize: 0 }] }, // 2
    {
      kind: struct,
      name: "outer",
      sizeOrType: 12,
      members: [
        { name: "first", type: 1, bitOffset: 0, bitSize: 0 },
        { name: "", type: 2, bitOffset: 32, bitSize: 0 },
        { name: "low", type: 1, bitOffset: 64, bitSize: 3 },
        { name: "high", type: 1, bitOffset: 67, bitSize: 5 },
      ],
    }, // 3
    { kind: enumKind, name: "state", sizeOrType: 4 }, // 4
    { kind: typedef, name: "number_t", sizeOrType: 1 }, // 5
  ]);

  it("says where each member lies in the outermost struct", () => {
    const lines = renderDefinition(types, types.require(3)).replace(/ {2,}(?=\/\*)/g, " ");
    expect(lines).toBe(`struct outer {
    int first; /* 0 4 */
    union {
        int a; /* 4 4 */
    }; /* 4 4 */
    int low:3; /* 8:0 4 */
    int high:5; /* 8:3 4 */
}; /* 12 bytes */
`);
  });

  it("writes enums and typedefs", () => {
    expect(renderDefinition(types, types.require(4))).toBe("enum state {\n    ONE = 1,\n}; /* 4 bytes */\n");
    expect(renderDefinition(types, types.require(5))).toBe("typedef int number_t;\n");
  });
});
