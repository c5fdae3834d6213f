import { InternalError } from "../base/errors.ts";

/** Source: enum of BTF_KIND_* in include/uapi/linux/btf.h. */
export const btfKind = {
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  forward: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  function: 12,
  functionPrototype: 13,
  variable: 14,
  dataSection: 15,
  float: 16,
  declarationTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;

/** One type record; what `extra` holds depends on the kind and is read by the accessors of `BtfTypes`. */
export interface BtfType {
  readonly id: number;
  readonly kind: number;
  readonly name: string;
  readonly count: number;
  /** The kind's flag bit: bit-fields in structs, signed in enums. */
  readonly flag: boolean;
  /** Size in bytes, or the id of the type referred to. */
  readonly sizeOrType: number;
  /** Offset of what follows the record's head. */
  readonly extra: number;
}

export interface BtfMember {
  readonly name: string;
  readonly type: number;
  readonly bitOffset: number;
  readonly bitSize: number;
}

/** A parameter of a function's prototype; a type of 0 without a name stands for `...`. */
export interface BtfParameter {
  readonly name: string;
  readonly type: number;
}

/** All types of one BTF blob. */
export interface BtfTypes {
  /** How many there are, with those of the base. */
  readonly count: number;
  /** The blob's own types in their order, without those of its base. */
  list(): Iterable<BtfType>;
  find(name: string, ...kinds: number[]): BtfType | undefined;
  require(id: number): BtfType;
  /** Follows typedefs and qualifiers to the type itself. */
  resolve(id: number): BtfType;
  listMembers(type: BtfType): BtfMember[];
  describeArray(type: BtfType): { readonly element: number; readonly length: number };
  /** Source: the bits after BTF_KIND_INT: encoding (1 signed, 2 char, 4 bool), offset, width. */
  describeInt(type: BtfType): { readonly encoding: number; readonly bits: number };
  listEnumerators(type: BtfType): { readonly name: string; readonly value: bigint }[];
  /** Of a function's prototype. */
  listParameters(type: BtfType): BtfParameter[];
  /** The variables of a data section such as `.maps`. Offsets are those that the linker or libbpf gave. Units: bytes. */
  listVariables(type: BtfType): { readonly name: string; readonly type: number; readonly offset: number }[];
}

const transparent = new Set<number>([
  btfKind.typedef,
  btfKind.volatile,
  btfKind.const,
  btfKind.restrict,
  btfKind.typeTag,
]);

/** Bytes after a record's head, by kind, for each of its `count` parts. */
export function measureExtra(kind: number, count: number): number {
  switch (kind) {
    case btfKind.int:
    case btfKind.variable:
    case btfKind.declarationTag:
      return 4;
    case btfKind.array:
      return 12;
    case btfKind.struct:
    case btfKind.union:
    case btfKind.dataSection:
    case btfKind.enum64:
      return count * 12;
    case btfKind.enum:
    case btfKind.functionPrototype:
      return count * 8;
    default:
      return 0;
  }
}

/**
 * Whether the enumerators of an enum without a sign are negative: C gives such an enum one type for all of them, and -1 is a
 * likelier value than 4294967295. A lone highest bit is a flag's.
 */
function hasNegative(view: DataView, at: number, count: number): boolean {
  for (let index = 0; index < count; index++) {
    const value = view.getInt32(at + index * 8 + 4, true);
    if (value < 0 && value > -0x8000) return true;
  }
  return false;
}

/** How a blob was written. */
export interface BtfOptions {
  /**
   * Whether no enum says that it is signed, as from clang before 15: then the enumerators have to tell. When absent, they do where none of the blob's
   * enums says it.
   */
  readonly enumsLackSign?: boolean;
  /** What a module's types count on from: the kernel's own. */
  readonly base?: { readonly types: BtfTypes; readonly bytes: Uint8Array };
}

/** Where the names of a blob lie. */
function findStrings(bytes: Uint8Array): Buffer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = view.getUint32(4, true) + view.getUint32(16, true);
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, view.getUint32(20, true));
}

/**
 * Reads a BTF blob.
 *
 * Source: Documentation/bpf/btf.rst in the kernel's tree.
 */
export function parseBtf(bytes: Uint8Array, { enumsLackSign, base }: BtfOptions = {}): BtfTypes {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 24 || view.getUint16(0, true) !== 0xeb9f)
    throw new InternalError("The type information is not BTF");
  const headerSize = view.getUint32(4, true);
  const typesStart = headerSize + view.getUint32(8, true);
  const typesEnd = typesStart + view.getUint32(12, true);
  const strings = findStrings(bytes);
  const baseStrings = base === undefined ? Buffer.alloc(0) : findStrings(base.bytes);
  const readName = (offset: number): string =>
    offset < baseStrings.length ? cutName(baseStrings, offset) : cutName(strings, offset - baseStrings.length);
  const firstId = base?.types.count ?? 0;
  const types: BtfType[] =
    base === undefined ? [{ id: 0, kind: 0, name: "void", count: 0, flag: false, sizeOrType: 0, extra: 0 }] : [];
  for (let at = typesStart; at < typesEnd; ) {
    const info = view.getUint32(at + 4, true);
    const kind = (info >>> 24) & 0x1f;
    const count = info & 0xffff;
    types.push({
      id: firstId + types.length,
      kind,
      name: readName(view.getUint32(at, true)),
      count,
      flag: info >>> 31 === 1,
      sizeOrType: view.getUint32(at + 8, true),
      extra: at + 12,
    });
    at += 12 + measureExtra(kind, count);
  }
  const enums = types.filter(({ kind }) => kind === btfKind.enum);
  if (enumsLackSign ?? !enums.some(({ flag }) => flag)) {
    for (const type of enums)
      types[type.id - firstId] = { ...type, flag: type.flag || hasNegative(view, type.extra, type.count) };
  }
  const requireType = (id: number): BtfType => {
    const type = id < firstId ? base?.types.require(id) : types[id - firstId];
    if (type === undefined) throw new InternalError(`The type information has no type ${id}`);
    return type;
  };
  const parts = (type: BtfType, size: number): number[] =>
    Array.from({ length: type.count }, (_, index) => type.extra + index * size);
  return {
    count: firstId + types.length,
    list: () => types,
    listParameters: (type) =>
      parts(type, 8).map((at) => ({ name: readName(view.getUint32(at, true)), type: view.getUint32(at + 4, true) })),
    find: (name, ...kinds) => types.find((type) => type.name === name && kinds.includes(type.kind)),
    require: requireType,
    resolve: (id) => {
      let type = requireType(id);
      while (transparent.has(type.kind)) type = requireType(type.sizeOrType);
      return type;
    },
    listMembers: (type) =>
      parts(type, 12).map((at) => {
        const offset = view.getUint32(at + 8, true);
        return {
          name: readName(view.getUint32(at, true)),
          type: view.getUint32(at + 4, true),
          bitOffset: type.flag ? offset & 0xffffff : offset,
          bitSize: type.flag ? offset >>> 24 : 0,
        };
      }),
    describeArray: (type) => ({
      element: view.getUint32(type.extra, true),
      length: view.getUint32(type.extra + 8, true),
    }),
    describeInt: (type) => {
      const value = view.getUint32(type.extra, true);
      return { encoding: (value >>> 24) & 0xf, bits: value & 0xff };
    },
    listEnumerators: (type) =>
      parts(type, type.kind === btfKind.enum64 ? 12 : 8).map((at) => {
        const name = readName(view.getUint32(at, true));
        if (type.kind === btfKind.enum)
          return { name, value: BigInt(type.flag ? view.getInt32(at + 4, true) : view.getUint32(at + 4, true)) };
        const value = (BigInt(view.getUint32(at + 8, true)) << 32n) | BigInt(view.getUint32(at + 4, true));
        return { name, value: type.flag ? BigInt.asIntN(64, value) : value };
      }),
    listVariables: (type) =>
      parts(type, 12).map((at) => {
        const variable = requireType(view.getUint32(at, true));
        return { name: variable.name, type: variable.sizeOrType, offset: view.getUint32(at + 4, true) };
      }),
  };
}

/** The text at an offset among the names of a blob: source lines lie there, too. Empty where there is none. */
export function readBtfText(bytes: Uint8Array, offset: number): string {
  const strings = findStrings(bytes);
  return offset < strings.length ? strings.toString("utf8", offset, strings.indexOf(0, offset)) : "";
}

function cutName(strings: Buffer, offset: number): string {
  return strings.toString("latin1", offset, strings.indexOf(0, offset));
}
