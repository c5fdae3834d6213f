import type { Layout, MemberLayout, StructLayout } from "../wire/layout.ts";
import { compileReader } from "./codec-reader.ts";

/** Numbers of one C type, one behind the other. */
type NumberArray = ArrayLike<number> | ArrayLike<bigint>;

/** The class of such an array. */
interface NumberArrayClass {
  new (buffer: ArrayBuffer, offset: number, length: number): NumberArray;
  from(values: readonly unknown[]): NumberArray;
}

/** Makes the column of what lies in `rows` places of the span's size, from a byte offset that is a multiple of 8. */
type ColumnReader = (buffer: ArrayBuffer, at: number, rows: number) => unknown;

/** What becomes of a layout: a column, or an object with what becomes of each member. */
export type ColumnPlan =
  | { readonly offset: number; readonly size: number; readonly read: ColumnReader }
  | { readonly members: readonly (readonly [name: string, plan: ColumnPlan])[] };

/** Says how the values of a layout become columns. A text that is a whole key or value goes on behind its NUL, as it does where entries are read. */
export function planColumns(layout: Layout): ColumnPlan {
  return "members" in layout ? planMembers(layout, 0) : planSpan(layout, 0, true);
}

/** The spans that a plan takes of each row, in the order in which `buildColumns` takes their columns. */
export function listSpans(plan: ColumnPlan): (readonly [offset: number, size: number])[] {
  return "members" in plan ? plan.members.flatMap(([, member]) => listSpans(member)) : [[plan.offset, plan.size]];
}

/** Makes the columns; `take` answers where the column of the next span begins. */
export function buildColumns(
  plan: ColumnPlan,
  buffer: ArrayBuffer,
  rows: number,
  take: (size: number) => number,
): unknown {
  if (!("members" in plan)) return plan.read(buffer, take(plan.size), rows);
  return Object.fromEntries(
    plan.members.map(([name, member]) => [name, buildColumns(member, buffer, rows, take)] as const),
  );
}

function planMembers(layout: StructLayout, start: number): ColumnPlan {
  return { members: layout.members.flatMap((member) => planMember(member, start)) };
}

function planMember(member: MemberLayout, start: number): (readonly [name: string, plan: ColumnPlan])[] {
  const { name, layout } = member;
  if (member.bitSize !== undefined) return name === "" ? [] : [[name, planBits(member, start)]];
  const offset = start + member.offset;
  if (!("members" in layout)) return name === "" ? [] : [[name, planSpan(layout, offset, false)]];
  const plan = planMembers(layout, offset);
  return name === "" && "members" in plan ? [...plan.members] : [[name, plan]];
}

function planSpan(layout: Layout, offset: number, isWhole: boolean): ColumnPlan {
  const { size } = layout;
  const whole = findArray(layout);
  if (whole !== undefined && !isNarrowed(layout))
    return { offset, size, read: (buffer, at, rows) => new whole(buffer, at, rows) };
  let bind: ReturnType<typeof compileReader> | undefined;
  return {
    offset,
    size,
    read(buffer, at, rows) {
      const read = (bind ??= compileReader(layout, isWhole))(buffer);
      const values = Array.from({ length: rows }, (_, row) => read(at + row * size));
      return isNarrowed(layout) ? Float64Array.from(values as number[]) : values;
    },
  };
}

/** The bytes that a bit-field touches become a struct of their own that has no other member. */
function planBits(member: MemberLayout, start: number): ColumnPlan {
  const position = member.bitOffset!;
  const first = position >> 3;
  const size = ((position & 7) + member.bitSize! + 7) >> 3;
  const alone: StructLayout = {
    kind: "struct",
    name: "",
    size,
    members: [{ ...member, name: "bits", offset: 0, bitOffset: position & 7 }],
  };
  let bind: ReturnType<typeof compileReader> | undefined;
  return {
    offset: start + first,
    size,
    read(buffer, at, rows) {
      const read = (bind ??= compileReader(alone))(buffer);
      const values = Array.from({ length: rows }, (_, row) => (read(at + row * size) as { bits: unknown }).bits);
      return (isNarrowed(member.layout) ? Float64Array : findArray(member.layout))?.from(values as never[]) ?? values;
    },
  };
}

/** Whether it is wider than a number is exact for, and read as one all the same. */
function isNarrowed(layout: Layout): boolean {
  return "numberOf" in layout && layout.numberOf !== undefined;
}

/** The class of typed arrays that holds such numbers; none for what is no number to a script, or has 16 bytes. */
function findArray(layout: Layout): NumberArrayClass | undefined {
  switch (layout.kind) {
    case "float":
      return layout.size === 4 ? Float32Array : Float64Array;
    case "pointer":
      return BigUint64Array;
    case "enum":
      return (layout.signed ? signedArrays : unsignedArrays)[layout.size];
    case "int":
      return layout.encoding === undefined ? (layout.signed ? signedArrays : unsignedArrays)[layout.size] : undefined;
    default:
      return undefined;
  }
}

const unsignedArrays: Readonly<Record<number, NumberArrayClass>> = {
  1: Uint8Array,
  2: Uint16Array,
  4: Uint32Array,
  8: BigUint64Array as unknown as NumberArrayClass,
};
const signedArrays: Readonly<Record<number, NumberArrayClass>> = {
  1: Int8Array,
  2: Int16Array,
  4: Int32Array,
  8: BigInt64Array as unknown as NumberArrayClass,
};
