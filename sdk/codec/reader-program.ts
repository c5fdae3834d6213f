import { readComm } from "./comm-texts.ts";
import { readNumber } from "./exact-number.ts";
import { findHiddenBits } from "./hidden-bits.ts";
import { readKnownText } from "./known-texts.ts";
import type { FloatLayout, IntLayout, Layout, MemberLayout, StructLayout } from "../wire/layout.ts";
import { decodeCString, decodeWholeText, hasTail } from "../wire/utf8.ts";

/** Typed arrays over the whole buffer, by the name that they have in the generated code. */
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

/** The base whose indices into the wider views are at hand in `index1`, `index2`, `index3`. */
const INDEXED_BASE = "o";

/**
 * Writes expressions that read values out of a buffer, and keeps what the code around them has to declare. An operation costs QuickJS 5 ns,
 * so there is as little arithmetic left as there can be.
 */
export class ReaderProgram {
  readonly views: Set<View> = new Set();
  /** Readers of arrays' elements, for the level of the views. */
  readonly functions: string[] = [];
  /** Variables with their first values, for the level of the views or within a function below. */
  readonly variables: string[] = [];
  /** The members of every object literal that was written. */
  readonly literals: string[][] = [];
  /** Shifts of `o` that the expressions use: 1, 2 and 3 for `index1` and so on. */
  readonly shifts: Set<number> = new Set();
  /** Whether an expression may set `hides`. */
  canHide = false;
  /** What the base of the expression being made is a multiple of. */
  private alignment: number;
  private readonly hasIndices: boolean;
  private readonly seesHidden: boolean;
  private comms = 0;

  /**
   * With `hasIndices`, the code around declares `index1 = o >> 1` and so on, for `shifts`. With `seesHidden`, the expressions set the variable `hides`
   * to another number than 0 when the bytes say more than the value does.
   */
  constructor(
    alignment: number,
    { hasIndices = false, seesHidden = false }: { readonly hasIndices?: boolean; readonly seesHidden?: boolean } = {},
  ) {
    this.alignment = alignment;
    this.hasIndices = hasIndices;
    this.seesHidden = seesHidden;
  }

  /** What the bases of the next expressions are multiples of. */
  setAlignment(alignment: number): void {
    this.alignment = alignment;
  }

  /** The function around it all: binds the views to a buffer and answers what `body` returns. */
  wrap(body: string, inner: Readonly<Record<string, unknown>> = {}): (buffer: ArrayBuffer) => object {
    const views = [...this.views].map((view) => `${view} = ${viewMakers[view]}`);
    return this.evaluate("buffer", views.length > 0 ? `const ${views.join(", ")};` : "", body, inner);
  }

  /** The same for a body that goes from one buffer to the next: there `setViews(buffer)` binds the views, and answers them in their order. */
  wrapMovable(body: string, inner: Readonly<Record<string, unknown>> = {}): () => object {
    const views = [...this.views];
    const setters = views.map((view) => `${view} = ${viewMakers[view]}`);
    const head = `${views.length > 0 ? `var ${views.join(", ")};` : ""} function setViews(buffer) { return [${setters.join(", ")}]; }`;
    return this.evaluate("", head, body, inner);
  }

  private evaluate<Values extends readonly unknown[]>(
    parameter: string,
    head: string,
    body: string,
    inner: Readonly<Record<string, unknown>>,
  ): (...values: Values) => object {
    const hidden = this.canHide ? "var hides = 0;" : "";
    const source = [`return function (${parameter}) {`, head, hidden, ...this.functions, body, "};"].join("\n");
    const names = {
      readText: decodeCString,
      readWhole: decodeWholeText,
      hasTail,
      readComm,
      readKnownText,
      readNumber,
      ...inner,
    };
    const bind = (
      new Function(...Object.keys(names), source) as (...values: readonly unknown[]) => (...values: Values) => object
    )(...Object.values(names));
    const shapes = this.literals.flatMap(makeShapes);
    return (...values) => Object.assign(bind(...values), { shapes });
  }

  /** `var` with the variables, or nothing. */
  declareVariables(): string {
    return this.variables.length > 0 ? `var ${this.variables.join(", ")};` : "";
  }

  /** Statements that bring the indices in line with `o`. */
  setIndices(): string {
    return [...this.shifts].map((shift) => `index${shift} = o >> ${shift};`).join(" ");
  }

  /** An expression for a value that stands for itself: a text or a truth that has no object around it carries all of its bytes. */
  readWhole(layout: Layout, base: string): string {
    if (isText(layout)) {
      this.views.add("u8");
      return `readWhole(u8, ${base}, ${base} + ${layout.size})`;
    }
    if (layout.kind !== "int" || layout.encoding !== "bool") return this.read(layout, base, 0);
    this.variables.push("truth = 0");
    return `((truth = ${this.readNumber(layout.size as 1, false, base, 0)}) > 1 ? truth : truth === 1)`;
  }

  /** An expression for the value at `base + offset`; `base` is aligned, `offset` need not be. */
  read(layout: Layout, base: string, offset: number): string {
    return narrow(layout, this.readExact(layout, base, offset));
  }

  private readExact(layout: Layout, base: string, offset: number): string {
    switch (layout.kind) {
      case "int":
        return this.readInt(layout, base, offset);
      case "enum":
        return this.readNumber(layout.size, layout.signed, base, offset);
      case "pointer":
        return this.readNumber(8, false, base, offset);
      case "float":
        return this.readFloat(layout, base, offset);
      case "array":
        return this.readArray(layout.element, layout.length, base, offset);
      default:
        return this.readStruct(layout, base, offset);
    }
  }

  /** Statements that set the members of the object `target`. */
  assign(layout: StructLayout, base: string, offset: number, target: string): string {
    return this.readMembers(layout, base, offset)
      .map(
        ([name, value]) =>
          `${target}${/^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`} = ${value};`,
      )
      .join(" ");
  }

  /** An element of a view; the offset is a multiple of its size. */
  element(view: View, shift: number, base: string, offset: number): string {
    this.views.add(view);
    if (shift === 0) return `${view}[${at(base, offset)}]`;
    if (!this.hasIndices || base !== INDEXED_BASE) return `${view}[${at(base, offset)} >> ${shift}]`;
    this.shifts.add(shift);
    return `${view}[${at(`index${shift}`, offset >> shift)}]`;
  }

  private readStruct(layout: StructLayout, base: string, offset: number): string {
    const members = this.readMembers(layout, base, offset);
    this.literals.push(members.map(([name]) => name));
    const literal = `{ ${members.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(", ")} }`;
    return this.seesHidden ? this.noteHidden(this.readHidden(layout, base, offset), literal) : literal;
  }

  /** An expression that is not 0 where bits are set that no member names; always for a union, of whose members a script may change one and leave the others. */
  private readHidden(layout: StructLayout, base: string, offset: number): string {
    const { hasUnion, masks } = findHiddenBits(
      layout,
      (position) => this.alignment % 4 === 0 && (offset + position) % 4 === 0,
    );
    if (hasUnion) return "1";
    return masks
      .map(({ offset: position, size, mask }) => {
        const value = this.readNumber(size, false, base, offset + position);
        return mask === 2 ** (size * 8) - 1 ? value : `${value} & ${mask}`;
      })
      .join(" | ");
  }

  /** The expression, with a look at what it does not say before it. */
  private noteHidden(hidden: string, expression: string): string {
    if (hidden === "") return expression;
    this.canHide = true;
    return `(hides |= ${hidden}, ${expression})`;
  }

  private readFloat(layout: FloatLayout, base: string, offset: number): string {
    this.views.add("dv");
    const value = `dv.getFloat${layout.size * 8}(${at(base, offset)}, true)`;
    // There are many NaNs, of which QuickJS knows one.
    return this.seesHidden ? this.noteHidden(`${value} !== ${value}`, value) : value;
  }

  private readInt(layout: IntLayout, base: string, offset: number): string {
    if (layout.size === 16) {
      const low = this.readNumber(8, false, base, offset);
      const high = this.readNumber(8, layout.signed, base, offset + 8);
      return `(${high} << 64n | ${low})`;
    }
    const value = this.readNumber(layout.size, layout.encoding === "char" ? false : layout.signed, base, offset);
    if (layout.encoding === "bool")
      return this.seesHidden ? this.noteHidden(`${value} > 1`, `${value} !== 0`) : `(${value} !== 0)`;
    return layout.encoding === "char" ? `(${value} === 0 ? "" : String.fromCharCode(${value}))` : value;
  }

  private readNumber(size: 1 | 2 | 4 | 8, signed: boolean, base: string, offset: number): string {
    if (this.alignment % size === 0 && offset % size === 0)
      return this.element(`${signed ? "i" : "u"}${size * 8}` as View, Math.log2(size), base, offset);
    this.views.add("dv");
    return `dv.get${size === 8 ? "Big" : ""}${signed ? "Int" : "Uint"}${size * 8}(${at(base, offset)}, true)`;
  }

  private readArray(element: Layout, length: number, base: string, offset: number): string {
    const isChars = element.kind === "int" && element.encoding === "char";
    if (isChars || (element.kind === "int" && element.size === 1 && element.encoding !== "bool" && !element.signed)) {
      this.views.add("u8");
      const start = at(base, offset);
      if (!isChars) return `u8.slice(${start}, ${start} + ${length})`;
      if (length === 16 && this.alignment % 4 === 0 && offset % 4 === 0) return this.readComm(base, offset);
      if (length % 4 === 0 && this.alignment % 4 === 0 && offset % 4 === 0 && !this.seesHidden) {
        this.views.add("i32");
        return `readKnownText(u8, i32, ${start}, ${start} + ${length})`;
      }
      const text = `readText(u8, ${start}, ${start} + ${length})`;
      return this.seesHidden ? this.noteHidden(`hasTail(u8, ${start}, ${start} + ${length})`, text) : text;
    }
    const name = `array${this.functions.length}`;
    this.functions.push("");
    const index = this.functions.length - 1;
    const outer = this.alignment;
    this.alignment = findCommonAlignment(outer, offset, element.size);
    const known = this.variables.length;
    const body = this.read(element, "p", 0);
    const variables = this.variables.splice(known);
    this.alignment = outer;
    const head = variables.length > 0 ? `var ${variables.join(", ")}; ` : "";
    this.functions[index] =
      `${head}function ${name}(p) { const values = []; for (let end = p + ${length * element.size}; p < end; p += ${element.size}) values.push(${body}); return values; }`;
    return `${name}(${at(base, offset)})`;
  }

  /**
   * A task's name: most follow one of the same name, which is seen without a call by three comparisons of four and eight bytes.
   * A NaN equals nothing and is read anew; zeros of either sign end a text at the same place.
   */
  private readComm(base: string, offset: number): string {
    const word = (start: number): string => this.element("u32", 2, base, start);
    const double = (start: number): string => this.element("f64", 3, base, start);
    const pieces =
      this.alignment % 8 !== 0 || this.seesHidden
        ? [word(offset), word(offset + 4), word(offset + 8), word(offset + 12)]
        : offset % 8 === 0
          ? [double(offset), double(offset + 8)]
          : [word(offset), double(offset + 4), word(offset + 12)];
    const name = `comm${this.comms++}`;
    const kept = pieces.map((_, index) => `${name}_${index}`);
    this.variables.push(...kept.map((one) => `${one} = NaN`), `${name} = ""`);
    const same = pieces.map((piece, index) => `${piece} === ${kept[index]}`).join(" && ");
    const keep = pieces.map((piece, index) => `${kept[index]} = ${piece}`).join(", ");
    const start = at(base, offset);
    const text = `${name} = readComm(u8, ${start}, ${kept.join(", ")})`;
    if (!this.seesHidden) return `(${same} ? ${name} : (${keep}, ${text}))`;
    this.variables.push(`${name}_tail = false`);
    return this.noteHidden(
      `(${same} ? ${name}_tail : (${keep}, ${text}, ${name}_tail = hasTail(u8, ${start}, ${start} + 16)))`,
      name,
    );
  }

  private readMembers(layout: StructLayout, base: string, offset: number): [string, string][] {
    return layout.members.flatMap((member): [string, string][] => {
      const start = offset + member.offset;
      if (member.name === "" && (member.layout.kind === "struct" || member.layout.kind === "union")) {
        return this.readMembers(member.layout, base, start);
      }
      if (member.name === "") return [];
      return [
        [
          member.name,
          member.bitSize === undefined ? this.read(member.layout, base, start) : this.readBits(member, base, offset),
        ],
      ];
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
    const bytes = Array.from(
      { length: (shift + width + 7) >> 3 },
      (_, i) => `BigInt(u8[${at(base, first + i)}]) << ${i * 8}n`,
    );
    const isBig = layout.kind === "pointer" || layout.size > 4;
    if (isBig || bytes.length > 4) {
      const bits = `BigInt.as${signed ? "Int" : "Uint"}N(${width}, (${bytes.join(" | ")}) >> ${shift}n)`;
      return isBig ? narrow(layout, bits) : wrapBool(layout, `Number(${bits})`);
    }
    const joined = bytes.map((_, i) => `u8[${at(base, first + i)}] << ${i * 8}`).join(" | ");
    const left = 32 - shift - width;
    return wrapBool(layout, `((${joined}) << ${left} ${signed ? ">>" : ">>>"} ${32 - width})`);
  }
}

/** The largest power of two up to 8 that divides all of them. */
export function findCommonAlignment(...numbers: readonly number[]): number {
  return [8, 4, 2].find((alignment) => numbers.every((number) => number % alignment === 0)) ?? 1;
}

/**
 * Objects on the way to one with these members. As long as somebody holds them, QuickJS finds the shapes that an object
 * literal goes through instead of making them anew: measured, 220 ns instead of 370 for five members.
 */
function makeShapes(members: readonly string[]): object[] {
  return members.map((_, index) => {
    const shape: Record<string, number> = {};
    for (const name of members.slice(0, index + 1)) shape[name] = 0;
    return shape;
  });
}

function isText(layout: Layout): boolean {
  return (
    layout.kind === "array" &&
    layout.element.kind === "int" &&
    layout.element.size === 1 &&
    layout.element.encoding === "char"
  );
}

/** A number in the place of a bigint, where that was asked for. */
function narrow(layout: Layout, value: string): string {
  return "numberOf" in layout && layout.numberOf !== undefined
    ? `readNumber(${value}, ${JSON.stringify(layout.numberOf)})`
    : value;
}

function wrapBool(layout: Layout, value: string): string {
  return layout.kind === "int" && layout.encoding === "bool" ? `(${value} !== 0)` : value;
}

function at(base: string, offset: number): string {
  return offset === 0 ? base : `(${base} + ${offset})`;
}
