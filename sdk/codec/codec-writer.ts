import { adviseAddress, findAddressParser } from "./address-texts.ts";
import { compileReader } from "./codec-reader.ts";
import { makeMapError } from "../wire/errors.ts";
import { quoteText } from "../wire/escape-text.ts";
import { findKeptBytes, isSameValue, keepBytes } from "./kept-bytes.ts";
import type { ArrayLayout, EnumLayout, IntLayout, Layout, MemberLayout, StructLayout } from "../wire/layout.ts";
import { encodeUtf8 } from "../wire/utf8.ts";

/** Writes a value at an offset. @throws BpfError that names the field and its limit */
export type Writer = (value: unknown, view: DataView, offset: number) => void;

/** Makes a writer for a layout. `label` names the whole value in messages: `value of "counts"`. */
export function compileWriter(layout: Layout, label: string): Writer {
  const write = compileValue(layout, label);
  const parse = findAddressParser(layout);
  if (parse === undefined) return write;
  return (value, view, offset) => {
    if (typeof value === "string") writeAddress(parse, value, label, view, offset);
    else write(value, view, offset);
  };
}

function writeAddress(
  parse: (text: string) => Uint8Array,
  text: string,
  label: string,
  view: DataView,
  offset: number,
): void {
  let bytes: Uint8Array;
  try {
    bytes = parse(text);
  } catch (error) {
    throw makeMapError(`Cannot write ${label}: ${(error as Error).message}`);
  }
  new Uint8Array(view.buffer, view.byteOffset + offset, bytes.length).set(bytes);
}

function compileValue(layout: Layout, label: string): Writer {
  switch (layout.kind) {
    case "int":
      return compileInt(layout, label);
    case "enum":
      return compileEnum(layout, label);
    case "pointer":
      return compileInt({ kind: "int", name: layout.name, size: 8, signed: false }, label);
    case "float":
      return (value, view, offset) => {
        if (typeof value !== "number") throw describeWrong(label, `a number for ${layout.name}`, value);
        if (layout.size === 4) view.setFloat32(offset, value, true);
        else view.setFloat64(offset, value, true);
      };
    case "array":
      return compileArray(layout, label);
    default:
      return layout.kind === "union" ? compileUnion(layout, label) : compileStruct(layout, label);
  }
}

function compileInt(layout: IntLayout, label: string): Writer {
  const read =
    layout.encoding === "bool"
      ? readBool
      : layout.encoding === "char"
        ? readChar(layout.signed)
        : (value: unknown): unknown => value;
  const { size } = layout;
  const check: Writer = (raw, view, offset) =>
    writeInteger(view, offset, size, requireInteger(read(raw), layout.name, size * 8, layout.signed, label, raw));
  return layout.encoding === undefined ? (fastWriters[size]?.(layout.signed, check) ?? check) : check;
}

/** What is usual is written with one comparison; the rest is checked, and named when it is wrong. */
const fastWriters: Readonly<Record<number, (signed: boolean, check: Writer) => Writer>> = {
  4: (signed, check) => (raw, view, offset) => {
    if (typeof raw === "number" && raw === (signed ? raw | 0 : raw >>> 0)) view.setInt32(offset, raw, true);
    else check(raw, view, offset);
  },
  8: (signed, check) => {
    const high = signed ? (1n << 63n) - 1n : (1n << 64n) - 1n;
    return (raw, view, offset) => {
      if (typeof raw === "bigint" && raw >= 0n && raw <= high) view.setBigUint64(offset, raw, true);
      else check(raw, view, offset);
    };
  },
};

function compileEnum(layout: EnumLayout, label: string): Writer {
  const read = readEnumerator(layout, label);
  return (raw, view, offset) => {
    const value = read(raw);
    writeInteger(
      view,
      offset,
      layout.size,
      requireInteger(value, `enum ${layout.name}`, layout.size * 8, layout.signed, label, raw),
    );
  };
}

/** Takes the names of enumerators, too. */
function readEnumerator(layout: EnumLayout, label: string): (raw: unknown) => unknown {
  const numbers = new Map(Object.entries(layout.values).map(([value, name]) => [name, BigInt(value)]));
  return (raw) => {
    const value = typeof raw === "string" ? numbers.get(raw) : raw;
    if (value === undefined) throw describeWrong(label, `a number or one of the names of enum ${layout.name}`, raw);
    return value;
  };
}

function compileArray(layout: ArrayLayout, label: string): Writer {
  const { element, length } = layout;
  if (element.kind === "int" && element.encoding === "char") {
    return (value, view, offset) => {
      if (typeof value !== "string" && !(value instanceof Uint8Array))
        throw describeWrong(label, `text for char[${length}]`, value);
      const bytes = typeof value === "string" ? encodeUtf8(value) : value;
      if (bytes.length > length) {
        throw makeMapError(
          `Cannot write ${label}: ${describeValue(value)} has ${bytes.length} bytes, char[${length}] holds ${length}`,
          undefined,
          "out_of_range",
        );
      }
      const target = new Uint8Array(view.buffer, view.byteOffset + offset, length);
      target.fill(0);
      target.set(bytes);
    };
  }
  const write = compileWriter(element, `${label}[]`);
  const restore = openRestorer(layout);
  const isBytes = element.kind === "int" && element.size === 1 && element.encoding === undefined;
  return (value, view, offset) => {
    if (!isList(value)) throw describeWrong(label, `${length} values`, value);
    if (value.length !== length)
      throw makeMapError(`Cannot write ${label}: it holds ${length} values, ${value.length} were given`);
    // Signed ones are read as bytes, too.
    if (isBytes && value instanceof Uint8Array)
      return new Uint8Array(view.buffer, view.byteOffset + offset, length).set(value);
    const read = restore(value, view, offset) as ArrayLike<unknown> | undefined;
    for (let i = 0; i < length; i++)
      if (read === undefined || !isSameValue(value[i], read[i])) write(value[i], view, offset + i * element.size);
  };
}

/**
 * Puts back the bytes that a value was read from, where it keeps some. Answers what it said then: members that still say so stay as they are, so that
 * what was read and is written again is the same, with its padding and whatever else no member names.
 */
function openRestorer(layout: ArrayLayout | StructLayout): (value: object, view: DataView, offset: number) => unknown {
  let reader: ReturnType<typeof compileReader> | undefined;
  return (value, view, offset) => {
    const bytes = findKeptBytes(value, layout.size);
    if (bytes === undefined) return undefined;
    new Uint8Array(view.buffer, view.byteOffset + offset, layout.size).set(bytes);
    const read = (reader ??= compileReader(layout))(bytes.slice().buffer as ArrayBuffer)(0);
    keepBytes(layout, read, bytes);
    return read;
  };
}

interface FieldWriter {
  readonly name: string;
  readonly write: Writer;
  /** Set for a struct or an array, of which nothing may be left when another one takes its place. Units: bytes from the start of the struct around it. */
  readonly room?: { readonly offset: number; readonly size: number };
}

/** Writes a member unless it is untouched; `read` is what the struct around it said, undefined where that is written for the first time. */
function writeField(
  field: FieldWriter,
  record: Record<string, unknown>,
  read: Record<string, unknown> | undefined,
  view: DataView,
  offset: number,
): void {
  const value = record[field.name];
  if (read !== undefined) {
    if (isSameValue(value, read[field.name])) return;
    if (field.room !== undefined)
      new Uint8Array(view.buffer, view.byteOffset + offset + field.room.offset, field.room.size).fill(0);
  }
  field.write(value, view, offset);
}

function compileStruct(layout: StructLayout, label: string): Writer {
  const fields = compileFields(layout, label);
  const known = new Set(
    fields.flatMap((field) => (Array.isArray(field) ? field.map((one) => one.name) : [field.name])),
  );
  const restore = openRestorer(layout);
  return (value, view, offset) => {
    const record = requireRecord(value, layout, label);
    requireKnown(record, known, layout, label);
    const read = restore(record, view, offset) as Record<string, unknown> | undefined;
    for (const field of fields) {
      if (Array.isArray(field)) {
        for (const one of requireOneOf(record, field, label)) writeField(one, record, read, view, offset);
      } else {
        if (record[field.name] === undefined)
          throw makeMapError(
            `Cannot write ${label}: field "${field.name}" of struct ${layout.name || "(anonymous)"} is missing`,
          );
        writeField(field, record, read, view, offset);
      }
    }
  };
}

function compileUnion(layout: StructLayout, label: string): Writer {
  const fields = compileFields(layout, label).flat();
  const known = new Set(fields.map((field) => field.name));
  const restore = openRestorer(layout);
  return (value, view, offset) => {
    const record = requireRecord(value, layout, label);
    requireKnown(record, known, layout, label);
    const read = restore(record, view, offset) as Record<string, unknown> | undefined;
    for (const field of requireOneOf(record, fields, label)) writeField(field, record, read, view, offset);
  };
}

/** One writer for each named member; the members of an anonymous union stay together in a list, since one of them is enough. */
function compileFields(layout: StructLayout, label: string): (FieldWriter | FieldWriter[])[] {
  return layout.members.flatMap((member): (FieldWriter | FieldWriter[])[] => {
    const inner = member.layout;
    if (member.name === "" && (inner.kind === "struct" || inner.kind === "union")) {
      const fields = compileFields(inner, label).map((field) =>
        Array.isArray(field) ? field.map((one) => shiftField(one, member.offset)) : shiftField(field, member.offset),
      );
      return inner.kind === "union" ? [fields.flat()] : fields;
    }
    if (member.name === "") return [];
    const path = `${label}.${member.name}`;
    if (member.bitSize !== undefined) return [{ name: member.name, write: compileBits(member, path) }];
    const room = inner.kind === "array" || "members" in inner ? { offset: 0, size: inner.size } : undefined;
    return [shiftField({ name: member.name, write: compileWriter(inner, path), ...(room && { room }) }, member.offset)];
  });
}

function shiftField(field: FieldWriter, by: number): FieldWriter {
  if (by === 0) return field;
  const room = field.room && { offset: field.room.offset + by, size: field.room.size };
  return {
    name: field.name,
    write: (value, view, offset) => field.write(value, view, offset + by),
    ...(room && { room }),
  };
}

function compileBits(member: MemberLayout, label: string): Writer {
  const { layout } = member;
  const width = member.bitSize!;
  const position = member.bitOffset!;
  const signed = (layout.kind === "int" || layout.kind === "enum") && layout.signed;
  const isBool = layout.kind === "int" && layout.encoding === "bool";
  const read = layout.kind === "enum" ? readEnumerator(layout, label) : isBool ? readBool : (raw: unknown) => raw;
  return (raw, view, offset) => {
    let bits = BigInt.asUintN(
      width,
      requireInteger(read(raw), `a bit-field of ${width} bits`, width, signed, label, raw),
    );
    for (let bit = position; bit < position + width; bit++, bits >>= 1n) {
      const byte = offset + (bit >> 3);
      const mask = 1 << (bit & 7);
      const old = view.getUint8(byte);
      view.setUint8(byte, (bits & 1n) === 1n ? old | mask : old & ~mask);
    }
  };
}

function writeInteger(view: DataView, offset: number, size: number, value: bigint): void {
  switch (size) {
    case 1:
      view.setUint8(offset, Number(value));
      return;
    case 2:
      view.setUint16(offset, Number(value), true);
      return;
    case 4:
      view.setUint32(offset, Number(value), true);
      return;
    case 8:
      view.setBigUint64(offset, value, true);
      return;
    default:
      view.setBigUint64(offset, BigInt.asUintN(64, value), true);
      view.setBigUint64(offset + 8, BigInt.asUintN(64, value >> 64n), true);
  }
}

function requireInteger(
  value: unknown,
  type: string,
  bits: number,
  signed: boolean,
  label: string,
  shown: unknown,
): bigint {
  if (typeof value !== "bigint" && typeof value !== "number")
    throw describeWrong(label, `${bits > 32 ? "a bigint or a number" : "a number"} for ${type}`, shown);
  if (typeof value === "number" && !Number.isInteger(value))
    throw describeWrong(label, `a whole number for ${type}`, shown);
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw makeMapError(
      `Cannot write ${label}: ${value} is too large to be exact as a number`,
      `write it as a bigint: ${BigInt(value)}n`,
      "out_of_range",
    );
  }
  const big = BigInt(value);
  const low = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const high = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
  if (big < low || big > high)
    throw makeMapError(
      `Cannot write ${label}: ${big} is out of range for ${type}, which holds ${low} to ${high}`,
      undefined,
      "out_of_range",
    );
  return big;
}

function readBool(value: unknown): unknown {
  return typeof value === "boolean" ? Number(value) : value;
}

/** A `char` is a character of Latin-1 or a number of either sign. */
function readChar(signed: boolean): (value: unknown) => unknown {
  const toRange = (code: number): number =>
    signed && code > 127 && code < 256 ? code - 256 : !signed && code < 0 && code >= -128 ? code + 256 : code;
  return (value) => {
    if (typeof value === "number") return toRange(value);
    if (typeof value !== "string" || value.length > 1) return value;
    return toRange(value === "" ? 0 : value.charCodeAt(0));
  };
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function requireRecord(value: unknown, layout: StructLayout, label: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw describeWrong(label, `an object with the fields of ${layout.kind} ${layout.name || "(anonymous)"}`, value);
  }
  return value as Record<string, unknown>;
}

function requireKnown(
  record: Record<string, unknown>,
  known: ReadonlySet<string>,
  layout: StructLayout,
  label: string,
): void {
  for (const name of Object.keys(record)) {
    if (!known.has(name)) {
      throw makeMapError(
        `Cannot write ${label}: ${layout.kind} ${layout.name || "(anonymous)"} has no field "${name}"`,
        `its fields are: ${[...known].join(", ")}`,
      );
    }
  }
}

function requireOneOf(record: Record<string, unknown>, fields: readonly FieldWriter[], label: string): FieldWriter[] {
  const given = fields.filter((field) => record[field.name] !== undefined);
  if (given.length === 0)
    throw makeMapError(
      `Cannot write ${label}: one of ${fields.map((field) => `"${field.name}"`).join(", ")} must be given`,
    );
  return given;
}

function describeWrong(label: string, wanted: string, value: unknown): Error {
  return makeMapError(`Cannot write ${label}: wanted ${wanted}, got ${describeValue(value)}`, adviseAddress(value));
}

function describeValue(value: unknown): string {
  if (typeof value === "string") return quoteText(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return String(value);
}
