import type { IntLayout, Layout, MemberLayout } from "../../sdk/wire/layout.ts";
import { InternalError } from "../base/errors.ts";
import { dropOwnFlavour } from "../base/own-flavour.ts";
import { btfKind } from "./btf.ts";
import type { BtfType, BtfTypes } from "./btf.ts";

/** Describes how a type lies in memory. `name` keeps the typedef's name where the type has none of its own. */
export function describeLayout(types: BtfTypes, id: number): Layout {
  const named = types.require(id);
  const type = types.resolve(id);
  switch (type.kind) {
    case btfKind.int:
      return describeInt(types, type, named);
    case btfKind.float:
      return { kind: "float", name: type.name, size: type.sizeOrType as 4 | 8 };
    case btfKind.pointer:
    case btfKind.functionPrototype:
      return { kind: "pointer", size: 8, name: renderPointer(types, type) };
    case btfKind.enum:
    case btfKind.enum64:
      return {
        kind: "enum",
        name: dropOwnFlavour(type.name || named.name),
        size: type.sizeOrType as 1 | 2 | 4 | 8,
        signed: type.flag,
        values: Object.fromEntries(
          types.listEnumerators(type).map(({ name, value }) => [value.toString(), dropOwnFlavour(name)]),
        ),
      };
    case btfKind.array: {
      const { element, length } = types.describeArray(type);
      const layout = describeLayout(types, element);
      return { kind: "array", size: layout.size * length, length, element: layout };
    }
    case btfKind.struct:
    case btfKind.union:
      return {
        kind: type.kind === btfKind.struct ? "struct" : "union",
        name: dropOwnFlavour(type.name || (named.kind === btfKind.typedef ? named.name : "")),
        size: type.sizeOrType,
        members: types.listMembers(type).map((member) => describeMember(types, member)),
      };
    case btfKind.dataSection:
      return {
        kind: "struct",
        name: type.name,
        size: type.sizeOrType,
        members: types
          .listVariables(type)
          .map(({ name, type: variable, offset }) => ({ name, offset, layout: describeLayout(types, variable) })),
      };
    default:
      throw new InternalError(`Cannot describe the layout of type "${named.name || named.id}" (BTF kind ${type.kind})`);
  }
}

function describeMember(types: BtfTypes, member: ReturnType<BtfTypes["listMembers"]>[number]): MemberLayout {
  const layout = describeLayout(types, member.type);
  const name = dropOwnFlavour(member.name);
  if (member.bitSize === 0) return { name, offset: member.bitOffset >> 3, layout };
  // The storage unit that the bit-field lies in; codecs read it whole and shift.
  const unitBits = layout.size * 8;
  const offset = Math.floor(member.bitOffset / unitBits) * layout.size;
  return { name, offset, layout, bitOffset: member.bitOffset, bitSize: member.bitSize };
}

function describeInt(types: BtfTypes, type: BtfType, named: BtfType): IntLayout {
  const { encoding } = types.describeInt(type);
  const base = {
    kind: "int",
    name: dropOwnFlavour(named.name || type.name),
    size: type.sizeOrType as IntLayout["size"],
    signed: (encoding & 1) !== 0,
  } as const;
  if ((encoding & 4) !== 0) return { ...base, encoding: "bool" };
  // clang marks no type as char: the name of the plain type is what tells text from small numbers.
  return type.name === "char" && type.sizeOrType === 1 ? { ...base, encoding: "char" } : base;
}

function renderPointer(types: BtfTypes, type: BtfType): string {
  if (type.kind === btfKind.functionPrototype) return "void (*)()";
  const target = types.resolve(type.sizeOrType);
  if (target.kind === btfKind.pointer) return `${renderPointer(types, target)}*`;
  const keyword =
    target.kind === btfKind.struct || target.kind === btfKind.forward
      ? "struct "
      : target.kind === btfKind.union
        ? "union "
        : "";
  return `${keyword}${dropOwnFlavour(target.name) || "void"} *`;
}
