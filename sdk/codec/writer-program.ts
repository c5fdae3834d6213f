import { inet_pton, AF_INET } from "../addresses/ip-address.ts";
import type { EnumLayout, IntLayout, Layout, MemberLayout, StructLayout } from "../wire/layout.ts";
import { keptBytes } from "./kept-bytes.ts";
import { findCommonAlignment } from "./reader-program.ts";
import type { Writer } from "./codec-writer.ts";

/** Writes a value at a byte offset of the buffer that it was bound to. */
export type BoundWriter = (value: unknown, offset: number) => void;

/**
 * Makes a writer of many values as generated JavaScript, for what is usual: integers, arrays of bytes and structs of them that have all their fields and no other. Whatever else comes, a mistake for example, is left to `write`,
 * which has the words for it, as long as nothing is written of it; so is a member that takes more than a comparison, by `makeMember`. Offsets are multiples of what divides both 8 and the layout's size. Undefined for layouts with
 * members that belong to the struct around them.
 */
export function compileBoundWriter(
  layout: Layout,
  write: Writer,
  makeMember: (layout: Layout, member: string) => Writer,
): ((buffer: ArrayBuffer) => BoundWriter) | undefined {
  const program = new WriterProgram(findCommonAlignment(layout.size), makeMember);
  if (!program.add(layout, "value", 0, "")) return undefined;
  const source = `return function (buffer) {
    const u8 = new Uint8Array(buffer), u16 = new Uint16Array(buffer, 0, buffer.byteLength >> 1), u32 = new Uint32Array(buffer, 0, buffer.byteLength >> 2);
    const u64 = new BigUint64Array(buffer, 0, buffer.byteLength >> 3), view = new DataView(buffer);
    return function (value, o) {
      ${program.variables.length > 0 ? `var ${program.variables.join(", ")};` : ""}
      if (${program.checks.join(" && ")}) { ${program.stores.join(" ")} } else write(value, view, o);
    };
  };`;
  const names = { write, keptBytes, listFields: Object.keys, isByteList, readAddress, ...program.members };
  return (
    new Function(...Object.keys(names), source) as (
      ...values: readonly unknown[]
    ) => (buffer: ArrayBuffer) => BoundWriter
  )(...Object.values(names));
}

/** Whether a value is a list of so many numbers that a byte can hold. */
function isByteList(value: unknown, length: number): boolean {
  if (!Array.isArray(value) || value.length !== length) return false;
  for (let index = 0; index < length; index++) {
    const byte: unknown = value[index];
    if (typeof byte !== "number" || byte !== (byte & 255)) return false;
  }
  return true;
}

/** The number of an address's text; the value itself where it is none, for the writer that says so. */
function readAddress(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return new DataView(inet_pton(AF_INET, value).buffer).getUint32(0, true);
  } catch {
    return value;
  }
}

/** Conditions under which a value is usual, and the statements that write it. */
class WriterProgram {
  readonly variables: string[] = [];
  readonly checks: string[] = [];
  readonly stores: string[] = [];
  readonly members: Record<string, Writer> = {};

  constructor(
    private readonly alignment: number,
    private readonly makeMember: (layout: Layout, member: string) => Writer,
  ) {}

  /** Adds what writes the value of an expression. Answers whether that can be said. */
  add(layout: Layout, value: string, offset: number, path: string): boolean {
    if (layout.kind === "struct" && layout.name !== "in6_addr") return this.addStruct(layout, value, offset, path);
    if (layout.kind === "enum" || (layout.kind === "int" && layout.encoding === undefined)) {
      if (layout.size <= 4) return this.addNumber(layout, value, offset);
      if (layout.size === 8 && this.isAligned(8, offset)) return this.addBigint(layout, value, offset);
    }
    if (layout.kind === "array" && isPlainByte(layout.element)) return this.addBytes(layout.length, value, offset);
    if (path === "") return false;
    const member = `write${Object.keys(this.members).length}`;
    this.members[member] = this.makeMember(layout, path);
    const name = this.keep(value);
    this.checks.push(`${name} !== undefined`);
    this.stores.push(`${member}(${name}, view, o + ${offset});`);
    return true;
  }

  private addStruct(layout: StructLayout, value: string, offset: number, path: string): boolean {
    if (!layout.members.every(isPlainMember)) return false;
    const name = path === "" ? value : this.keep(value);
    this.checks.push(
      `typeof ${name} === "object" && ${name} !== null && ${name}[keptBytes] === undefined && listFields(${name}).length === ${layout.members.length}`,
    );
    return layout.members.every(({ name: member, layout: inner, offset: at }) =>
      this.add(inner, `${name}.${member}`, offset + at, `${path}.${member}`),
    );
  }

  private addNumber({ name: type, size, signed }: IntLayout | EnumLayout, value: string, offset: number): true {
    const name = this.keep(type === "__be32" ? `readAddress(${value})` : value);
    const shift = 32 - size * 8;
    const same = signed ? `${name} << ${shift} >> ${shift}` : `${name} << ${shift} >>> ${shift}`;
    this.checks.push(`typeof ${name} === "number" && ${name} === (${same})`);
    if (this.isAligned(size, offset)) this.stores.push(`${viewOf(size)}[${indexOf(size, offset)}] = ${name};`);
    else for (let byte = 0; byte < size; byte++) this.stores.push(`u8[o + ${offset + byte}] = ${name} >> ${byte * 8};`);
    return true;
  }

  private addBigint({ signed }: IntLayout | EnumLayout, value: string, offset: number): true {
    const name = this.keep(value);
    const [low, high] = signed ? [-(1n << 63n), (1n << 63n) - 1n] : [0n, (1n << 64n) - 1n];
    this.checks.push(`typeof ${name} === "bigint" && ${name} >= ${low}n && ${name} <= ${high}n`);
    this.stores.push(`u64[${indexOf(8, offset)}] = ${name};`);
    return true;
  }

  private addBytes(length: number, value: string, offset: number): true {
    const list = this.keep(value);
    this.checks.push(`(${list} instanceof Uint8Array ? ${list}.length === ${length} : isByteList(${list}, ${length}))`);
    this.stores.push(`u8.set(${list}, o + ${offset});`);
    return true;
  }

  /** A variable that a value is read into once, at its place among the checks. */
  private keep(value: string): string {
    const name = `v${this.variables.length}`;
    this.variables.push(name);
    this.checks.push(`((${name} = ${value}), true)`);
    return name;
  }

  private isAligned(size: number, offset: number): boolean {
    return this.alignment % size === 0 && offset % size === 0;
  }
}

function isPlainMember({ name, bitSize }: MemberLayout): boolean {
  return bitSize === undefined && /^[A-Za-z_]\w*$/.test(name);
}

function isPlainByte(layout: Layout): boolean {
  return layout.kind === "int" && layout.size === 1 && !layout.signed && layout.encoding === undefined;
}

function viewOf(size: number): string {
  return `u${size * 8}`;
}

function indexOf(size: number, offset: number): string {
  return size === 1 ? `o + ${offset}` : `(o + ${offset}) >> ${Math.log2(size)}`;
}
