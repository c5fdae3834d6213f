import { btfKind } from "./btf.ts";
import type { BtfMember, BtfType, BtfTypes } from "./btf.ts";

/** Renders a declaration in C: `const char *name`, `int (*done)(struct bio *)`. Without a name it is the type alone. */
export function renderDeclaration(types: BtfTypes, id: number, name = ""): string {
  return declare(types, id, name, outside);
}

/** Renders a function's prototype: `ssize_t vfs_read(struct file *file, char *buf)`. */
export function renderPrototype(types: BtfTypes, prototype: BtfType, name: string): string {
  return declare(types, prototype.sizeOrType, `${name}(${renderParameters(types, prototype)})`, outside);
}

/** Renders what a struct, union, enum or typedef is made of, with the place and the size of each member. Units: bytes. */
export function renderDefinition(types: BtfTypes, type: BtfType): string {
  if (type.kind === btfKind.typedef) return `typedef ${declare(types, type.sizeOrType, type.name, outside)};\n`;
  const size = measureType(types, type.id);
  return `${renderBody(types, type, outside)}; /* ${size} bytes */\n`;
}

/** The size of a type. Units: bytes, 0 for a function and for what is only declared. */
export function measureType(types: BtfTypes, id: number): number {
  const type = types.resolve(id);
  switch (type.kind) {
    case btfKind.pointer:
      return 8;
    case btfKind.array: {
      const { element, length } = types.describeArray(type);
      return length * measureType(types, element);
    }
    case 0:
    case btfKind.function:
    case btfKind.functionPrototype:
    case btfKind.forward:
      return 0;
    default:
      return type.sizeOrType;
  }
}

/** Where a declaration stands. */
interface Place {
  readonly indent: string;
  /** Of the struct that it stands in, in the outermost one. Units: bits. */
  readonly bits: number;
}

const outside: Place = { indent: "", bits: 0 };

/** C writes a declaration from the name outwards: `inner` is what stands around the name already. */
function declare(types: BtfTypes, id: number, inner: string, at: Place): string {
  const type = types.require(id);
  const join = (word: string): string => (inner === "" ? word : `${word} ${inner}`);
  switch (type.kind) {
    case btfKind.pointer: {
      const target = types.require(skipTags(types, type.sizeOrType));
      const around = target.kind === btfKind.array || target.kind === btfKind.functionPrototype;
      return declare(types, type.sizeOrType, around ? `(*${inner})` : `*${inner}`, at);
    }
    case btfKind.array: {
      const { element, length } = types.describeArray(type);
      return declare(types, element, `${inner}[${length}]`, at);
    }
    case btfKind.functionPrototype:
      return declare(types, type.sizeOrType, `${inner}(${renderParameters(types, type)})`, at);
    case btfKind.const:
    case btfKind.volatile:
    case btfKind.restrict: {
      const word = qualifiers[type.kind]!;
      const target = types.require(skipTags(types, type.sizeOrType));
      // A pointer's own qualifier stands behind its star, any other one before the type.
      if (target.kind === btfKind.pointer) return declare(types, target.id, inner === "" ? word : join(word), at);
      return `${word} ${declare(types, type.sizeOrType, inner, at)}`;
    }
    case btfKind.typeTag:
      return declare(types, type.sizeOrType, inner, at);
    case btfKind.struct:
    case btfKind.union:
    case btfKind.enum:
    case btfKind.enum64:
      return join(type.name === "" ? renderBody(types, type, at) : `${keyword(type)} ${type.name}`);
    case btfKind.forward:
      return join(`${type.flag ? "union" : "struct"} ${type.name}`);
    default:
      return join(type.name);
  }
}

const qualifiers: Readonly<Record<number, string>> = {
  [btfKind.const]: "const",
  [btfKind.volatile]: "volatile",
  [btfKind.restrict]: "restrict",
};

function skipTags(types: BtfTypes, id: number): number {
  let type = types.require(id);
  while (type.kind === btfKind.typeTag) type = types.require(type.sizeOrType);
  return type.id;
}

function renderParameters(types: BtfTypes, prototype: BtfType): string {
  const parameters = types.listParameters(prototype);
  if (parameters.length === 0) return "void";
  return parameters
    .map(({ name, type }) => (type === 0 && name === "" ? "..." : declare(types, type, name, outside)))
    .join(", ");
}

function keyword({ kind }: BtfType): string {
  if (kind === btfKind.struct) return "struct";
  return kind === btfKind.union ? "union" : "enum";
}

function renderBody(types: BtfTypes, type: BtfType, at: Place): string {
  const head = `${keyword(type)}${type.name === "" ? "" : ` ${type.name}`} {`;
  const inside = { ...at, indent: `${at.indent}    ` };
  const lines =
    type.kind === btfKind.enum || type.kind === btfKind.enum64
      ? types.listEnumerators(type).map(({ name, value }) => `${name} = ${value},`)
      : types.listMembers(type).map((member) => renderMember(types, member, inside));
  return [head, ...lines.map((line) => inside.indent + line), `${at.indent}}`].join("\n");
}

/** The declaration with its place and its size, in bytes; of a bit-field the bit as well. */
function renderMember(types: BtfTypes, { name, type, bitOffset, bitSize }: BtfMember, at: Place): string {
  const bits = at.bits + bitOffset;
  const declaration = `${declare(types, type, name, { ...at, bits })}${bitSize > 0 ? `:${bitSize}` : ""};`;
  const place = `/* ${Math.floor(bits / 8)}${bitSize > 0 ? `:${bits % 8}` : ""} ${measureType(types, type)} */`;
  const last = declaration.split("\n").at(-1)!;
  const width = COMMENT_COLUMN - (last === declaration ? at.indent.length : 0);
  return `${declaration}${" ".repeat(Math.max(1, width - last.length))}${place}`;
}

/** Where the places stand behind their members. */
const COMMENT_COLUMN = 64;
