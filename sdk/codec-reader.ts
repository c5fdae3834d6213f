import type { IntLayout, Layout, MemberLayout, StructLayout } from "./layout.ts";
import { decodeCString } from "./utf8.ts";

/** Reads the value at a byte offset of the buffer that it was bound to. */
export type BoundReader = (offset: number) => unknown;

/** Binds a reader to a buffer; one binding serves every record in it. */
export type Reader = (buffer: ArrayBuffer) => BoundReader;

/**
 * Makes a reader for a layout as generated JavaScript: no interpretation is left for
 * each record. Offsets must be multiples of what divides both 8 and the layout's size, as those of values
 * one after another are; fields that are packed closer are read by their bytes.
 *
 * Shape: 64-bit and wider integers and pointers are bigint, the rest number; `bool` is
 * boolean; `char` is a one-character string and `char[]` text up to the first NUL;
 * `u8[]` a `Uint8Array`; structs plain objects with anonymous members flattened; unions
 * objects with every member. All copied, nothing shared with the buffer.
 */
export function compileReader(layout: Layout): Reader {
  return generate(layout, (value) => `return function (o) { return ${value}; };`, findCommonAlignment(layout.size)) as Reader;
}

/** Where a walk through records stands; the walk keeps it up to date before each callback, which may throw, read on or end it. */
export interface RecordCursor {
  /** Units: byte offset of the next record: u32 size, u32 cpu, the bytes, padding to 8. */
  at: number;
  end: number;
}

/** Reads record after record and hands each to the callback. */
export type RecordWalk = (cursor: RecordCursor, callback: (value: unknown, cpu: number, size: number) => unknown) => void;

/**
 * Makes the walk through a buffer of records of one layout: the loop and the reading are one function, which
 * saves a call for each record. Records start at multiples of 8. A record shorter than the layout reads as if zeros followed it.
 * With `reuses`, one object carries all records of a walk, for callbacks that do not keep it: measured, making an object
 * costs QuickJS more than reading its fields.
 */
export function compileWalk(layout: Layout, reuses = false): (buffer: ArrayBuffer) => RecordWalk {
  const readShort = (buffer: ArrayBuffer, at: number, size: number): unknown => {
    const padded = new Uint8Array((layout.size + 7) & ~7);
    padded.set(new Uint8Array(buffer, at, size));
    return compileReader(layout)(padded.buffer)(0);
  };
  const shares = reuses && layout.kind === "struct";
  const walk = (value: string): string => `return function (cursor, callback) {
    const end = cursor.end;${shares ? " const shared = {};" : ""}
    for (let at = cursor.at; at < end; at = cursor.at) {
      const word = at >> 2, size = u32[word], o = at + 8;
      cursor.at = o + ((size + 7) & ~7);
      callback(size < ${layout.size} ? readShort(buffer, o, size) : ${value}, u32[word + 1], size);
    }
  };`;
  return generate(layout, walk, 8, "u32", readShort, shares) as (buffer: ArrayBuffer) => RecordWalk;
}

/** Source text around the expression for one value at the offset `o`, with the views that it needs. */
function generate(layout: Layout, wrap: (value: string) => string, baseAlignment: number, extraView?: View, readShort?: unknown, shares = false): unknown {
  const program = new ReaderProgram(baseAlignment);
  if (extraView !== undefined) program.views.add(extraView);
  const body = wrap(shares ? program.assign(layout as StructLayout, "o", "shared") : program.read(layout, "o", 0));
  const views = [...program.views].map((view) => `${view} = ${viewMakers[view]}`);
  const source = ["return function (buffer) {", views.length > 0 ? `const ${views.join(", ")};` : "", ...program.functions, body, "};"].join("\n");
  const make = new Function("readText", "readComm", "readShort", source) as (...inner: readonly unknown[]) => unknown;
  return make(decodeCString, readComm, readShort);
}

type View = "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "u64" | "i64" | "f64" | "dv";

const viewMakers: Readonly<Record<View, string>> = {
  u8: "new Uint8Array(buffer)",
  i8: "new Int8Array(buffer)",
  u16: "new Uint16Array(buffer, 0, buffer.byteLength >> 1)",
  i16: "new Int16Array(buffer, 0, buffer.byteLength >> 1)",
  u32: "new Uint32Array(buffer, 0, buffer.byteLength >> 2)",
  i32: "new Int32Array(buffer, 0, buffer.byteLength >> 2)",
  u64: "new BigUint64Array(buffer, 0, buffer.byteLength >> 3)",
  i64: "new BigInt64Array(buffer, 0, buffer.byteLength >> 3)",
  f64: "new Float64Array(buffer, 0, buffer.byteLength >> 3)",
  dv: "new DataView(buffer)",
};

class ReaderProgram {
  readonly views = new Set<View>();
  readonly functions: string[] = [];
  /** What the base of the expression being made is a multiple of. */
  private alignment: number;

  constructor(alignment: number) {
    this.alignment = alignment;
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

  /** An expression that sets the members of the object `target` and answers it. */
  assign(layout: StructLayout, base: string, target: string): string {
    return `(${[...this.readMembers(layout, base, 0, (name, value) => `${target}[${name}] = ${value}`), target].join(", ")})`;
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
    if (this.alignment % size !== 0 || offset % size !== 0) {
      this.views.add("dv");
      return `dv.get${size === 8 ? "Big" : ""}${signed ? "Int" : "Uint"}${size * 8}(${at(base, offset)}, true)`;
    }
    const view = `${signed ? "i" : "u"}${size * 8}` as View;
    this.views.add(view);
    const shift = Math.log2(size);
    return `${view}[${shift === 0 ? at(base, offset) : `${at(base, offset)} >> ${shift}`}]`;
  }

  /** Eight bytes as they are. Nothing but the layout's own alignment is known of the base. */
  private readDouble(base: string, offset: number): string {
    if (this.alignment === 8 && offset % 8 === 0) {
      this.views.add("f64");
      return `f64[${at(base, offset)} >> 3]`;
    }
    this.views.add("dv");
    return `dv.getFloat64(${at(base, offset)}, true)`;
  }

  private readArray(element: Layout, length: number, base: string, offset: number): string {
    if (element.kind === "int" && element.size === 1 && element.encoding !== "bool") {
      this.views.add("u8");
      const start = at(base, offset);
      if (element.encoding !== "char") return `u8.slice(${start}, ${start} + ${length})`;
      if (length === 16) return `readComm(u8, ${start}, ${this.readDouble(base, offset)}, ${this.readDouble(base, offset + 8)})`;
      return `readText(u8, ${start}, ${start} + ${length})`;
    }
    const name = `array${this.functions.length}`;
    this.functions.push("");
    const index = this.functions.length - 1;
    const outer = this.alignment;
    this.alignment = findCommonAlignment(outer, offset, element.size);
    const body = this.read(element, "p", 0);
    this.alignment = outer;
    this.functions[index] = `function ${name}(p) { const values = []; for (let end = p + ${length * element.size}; p < end; p += ${element.size}) values.push(${body}); return values; }`;
    return `${name}(${at(base, offset)})`;
  }

  private readMembers(layout: StructLayout, base: string, offset: number, write = (name: string, value: string) => `${name}: ${value}`): string[] {
    return layout.members.flatMap((member) => {
      const start = offset + member.offset;
      if (member.name === "" && (member.layout.kind === "struct" || member.layout.kind === "union")) {
        return this.readMembers(member.layout, base, start, write);
      }
      if (member.name === "") return [];
      const value = member.bitSize === undefined ? this.read(member.layout, base, start) : this.readBits(member, base, offset);
      return [write(JSON.stringify(member.name), value)];
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

/** The largest power of two up to 8 that divides all of them. */
function findCommonAlignment(...numbers: readonly number[]): number {
  return [8, 4, 2].find((alignment) => numbers.every((number) => number % alignment === 0)) ?? 1;
}

function wrapBool(layout: Layout, value: string): string {
  return layout.kind === "int" && layout.encoding === "bool" ? `(${value} !== 0)` : value;
}

function at(base: string, offset: number): string {
  return offset === 0 ? base : `(${base} + ${offset})`;
}

/** A text that was read before, by the second half of its bytes; `next` has the same first half. */
interface KnownComm {
  readonly second: number;
  readonly text: string;
  readonly next: KnownComm | undefined;
}

// Task names come in great numbers and few kinds. Two doubles are the fastest way to look at 16 bytes; a NaN
// equals nothing and is read anew, and zeros of either sign end a text at the same place.
const MAX_COMMS = 4096;
const knownComms = new Map<number, KnownComm>();
let commCount = 0;
let lastFirst = 0;
let lastSecond = 0;
let lastText = "";

function readComm(u8: Uint8Array, offset: number, first: number, second: number): string {
  if (first === lastFirst && second === lastSecond) return lastText;
  const chain = knownComms.get(first);
  let known = chain;
  while (known !== undefined && known.second !== second) known = known.next;
  const text = known === undefined ? decodeCString(u8, offset, offset + 16) : known.text;
  if (known === undefined) {
    if (++commCount > MAX_COMMS) {
      knownComms.clear();
      commCount = 0;
    }
    knownComms.set(first, { second, text, next: commCount === 0 ? undefined : chain });
  }
  lastFirst = first;
  lastSecond = second;
  lastText = text;
  return text;
}
