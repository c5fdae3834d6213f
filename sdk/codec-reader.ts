import type { IntLayout, Layout, MemberLayout, StructLayout } from "./layout.ts";
import { decodeCString } from "./utf8.ts";

/** Reads the value at a byte offset of the buffer that it was bound to. */
export type BoundReader = (offset: number) => unknown;

/** Binds a reader to a buffer; one binding serves every record in it. */
export type Reader = (buffer: ArrayBuffer) => BoundReader;

/**
 * Makes a reader for a layout as generated JavaScript: no interpretation is left for
 * each record. The offset of a whole value must be a multiple of its C alignment (up to 8);
 * fields that are packed closer are read byte by byte.
 *
 * Shape: 64-bit and wider integers and pointers are bigint, the rest number; `bool` is
 * boolean; `char` is a one-character string and `char[]` text up to the first NUL;
 * `u8[]` a `Uint8Array`; structs plain objects with anonymous members flattened; unions
 * objects with every member. All copied, nothing shared with the buffer.
 */
export function compileReader(layout: Layout): Reader {
  // A packed type has values closer together than its fields' alignment.
  const program = new ReaderProgram(layout.size % findAlignment(layout) === 0);
  const expression = program.read(layout, "o", 0);
  const views = [...program.views].map((view) => `${view} = ${viewMakers[view]}`);
  const source = [
    `return function (buffer) {`,
    views.length > 0 ? `const ${views.join(", ")};` : "",
    ...program.functions,
    `return function (o) { return ${expression}; };`,
    `};`,
  ].join("\n");
  return new Function("readText", "readComm", source)(decodeCString, readComm) as Reader;
}

type View = "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "u64" | "i64" | "dv";

const viewMakers: Readonly<Record<View, string>> = {
  u8: "new Uint8Array(buffer)",
  i8: "new Int8Array(buffer)",
  u16: "new Uint16Array(buffer, 0, buffer.byteLength >> 1)",
  i16: "new Int16Array(buffer, 0, buffer.byteLength >> 1)",
  u32: "new Uint32Array(buffer, 0, buffer.byteLength >> 2)",
  i32: "new Int32Array(buffer, 0, buffer.byteLength >> 2)",
  u64: "new BigUint64Array(buffer, 0, buffer.byteLength >> 3)",
  i64: "new BigInt64Array(buffer, 0, buffer.byteLength >> 3)",
  dv: "new DataView(buffer)",
};

class ReaderProgram {
  readonly views = new Set<View>();
  readonly functions: string[] = [];
  /** Whether the base of the expression being made has the alignment of its fields. */
  private aligned: boolean;

  constructor(aligned: boolean) {
    this.aligned = aligned;
  }

  /** An expression for the value at `base + offset`; `base` is aligned, `offset` need not be. */
  read(layout: Layout, base: string, offset: number): string {
    switch (layout.kind) {
      case "int":
        return this.readInt(layout, base, offset);
      case "enum":
        return this.readNumber(layout.size, layout.signed, base, offset);
      case "pointer":
        return this.readNumber(8, false, base, offset);
      case "float":
        this.views.add("dv");
        return `dv.getFloat${layout.size * 8}(${at(base, offset)}, true)`;
      case "array":
        return this.readArray(layout.element, layout.length, base, offset);
      default:
        return `{ ${this.readMembers(layout, base, offset).join(", ")} }`;
    }
  }

  private readInt(layout: IntLayout, base: string, offset: number): string {
    if (layout.size === 16) {
      const low = this.readNumber(8, false, base, offset);
      const high = this.readNumber(8, layout.signed, base, offset + 8);
      return `(${high} << 64n | ${low})`;
    }
    const value = this.readNumber(layout.size, layout.encoding === "char" ? false : layout.signed, base, offset);
    if (layout.encoding === "bool") return `(${value} !== 0)`;
    return layout.encoding === "char" ? `(${value} === 0 ? "" : String.fromCharCode(${value}))` : value;
  }

  private readNumber(size: 1 | 2 | 4 | 8, signed: boolean, base: string, offset: number): string {
    if (size > 1 && (!this.aligned || offset % size !== 0)) {
      this.views.add("dv");
      return `dv.get${size === 8 ? "Big" : ""}${signed ? "Int" : "Uint"}${size * 8}(${at(base, offset)}, true)`;
    }
    const view = `${signed ? "i" : "u"}${size * 8}` as View;
    this.views.add(view);
    const shift = Math.log2(size);
    return `${view}[${shift === 0 ? at(base, offset) : `${at(base, offset)} >> ${shift}`}]`;
  }

  private readArray(element: Layout, length: number, base: string, offset: number): string {
    if (element.kind === "int" && element.size === 1 && element.encoding !== "bool") {
      this.views.add("u8");
      const start = at(base, offset);
      if (element.encoding !== "char") return `u8.slice(${start}, ${start} + ${length})`;
      if (length === 16 && this.aligned && offset % 4 === 0) {
        this.views.add("u32");
        return `readComm(u8, u32, ${start})`;
      }
      return `readText(u8, ${start}, ${start} + ${length})`;
    }
    const name = `array${this.functions.length}`;
    this.functions.push("");
    const index = this.functions.length - 1;
    const outer = this.aligned;
    const alignment = findAlignment(element);
    this.aligned = outer && offset % alignment === 0 && element.size % alignment === 0;
    const body = this.read(element, "p", 0);
    this.aligned = outer;
    this.functions[index] = `function ${name}(p) { const values = []; for (let end = p + ${length * element.size}; p < end; p += ${element.size}) values.push(${body}); return values; }`;
    return `${name}(${at(base, offset)})`;
  }

  private readMembers(layout: StructLayout, base: string, offset: number): string[] {
    return layout.members.flatMap((member) => {
      const start = offset + member.offset;
      if (member.name === "" && (member.layout.kind === "struct" || member.layout.kind === "union")) {
        return this.readMembers(member.layout, base, start);
      }
      if (member.name === "") return [];
      const value = member.bitSize === undefined ? this.read(member.layout, base, start) : this.readBits(member, base, offset);
      return [`${JSON.stringify(member.name)}: ${value}`];
    });
  }

  /** Puts the bytes that a bit-field touches together; little-endian, as every machine that bpfts runs on. */
  private readBits(member: MemberLayout, base: string, offset: number): string {
    const position = member.bitOffset!;
    const width = member.bitSize!;
    const first = offset + (position >> 3);
    const shift = position & 7;
    const layout = member.layout;
    const signed = (layout.kind === "int" || layout.kind === "enum") && layout.signed;
    this.views.add("u8");
    const bytes = Array.from({ length: (shift + width + 7) >> 3 }, (_, i) => `BigInt(u8[${at(base, first + i)}]) << ${i * 8}n`);
    const isBig = layout.kind === "pointer" || layout.size > 4;
    if (isBig || bytes.length > 4) {
      const bits = `BigInt.as${signed ? "Int" : "Uint"}N(${width}, (${bytes.join(" | ")}) >> ${shift}n)`;
      return isBig ? bits : wrapBool(layout, `Number(${bits})`);
    }
    const joined = bytes.map((_, i) => `u8[${at(base, first + i)}] << ${i * 8}`).join(" | ");
    const left = 32 - shift - width;
    return wrapBool(layout, `((${joined}) << ${left} ${signed ? ">>" : ">>>"} ${32 - width})`);
  }
}

function findAlignment(layout: Layout): number {
  if (layout.kind === "array") return findAlignment(layout.element);
  if (layout.kind !== "struct" && layout.kind !== "union") return Math.min(layout.size, 8);
  return Math.max(1, ...layout.members.map((member) => (member.bitSize === undefined ? findAlignment(member.layout) : 1)));
}

function wrapBool(layout: Layout, value: string): string {
  return layout.kind === "int" && layout.encoding === "bool" ? `(${value} !== 0)` : value;
}

function at(base: string, offset: number): string {
  return offset === 0 ? base : `(${base} + ${offset})`;
}

// Task names come in great numbers and few kinds: the last text for each slot is kept with its four words.
const COMM_SLOTS = 256;
const commWords = new Uint32Array(COMM_SLOTS * 4);
const commTexts: string[] = Array.from({ length: COMM_SLOTS }, () => "");

function readComm(u8: Uint8Array, u32: Uint32Array, offset: number): string {
  const at = offset >> 2;
  const a = u32[at]!;
  const b = u32[at + 1]!;
  const c = u32[at + 2]!;
  const d = u32[at + 3]!;
  const slot = (a ^ (a >>> 15) ^ (b >>> 3) ^ (c >>> 6) ^ b ^ c ^ d) & (COMM_SLOTS - 1);
  const word = slot << 2;
  if (commWords[word] === a && commWords[word + 1] === b && commWords[word + 2] === c && commWords[word + 3] === d) return commTexts[slot]!;
  const text = decodeCString(u8, offset, offset + 16);
  commWords[word] = a;
  commWords[word + 1] = b;
  commWords[word + 2] = c;
  commWords[word + 3] = d;
  commTexts[slot] = text;
  return text;
}
