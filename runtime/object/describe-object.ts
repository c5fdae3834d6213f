import type { Layout } from "../../sdk/wire/layout.ts";
import { InternalError } from "../base/errors.ts";
import { btfKind, parseBtf } from "./btf.ts";
import type { BtfTypes } from "./btf.ts";
import { describeLayout } from "./describe-layout.ts";
import { describeBytes, describeValueBytes } from "./describe-untyped.ts";
import { parseElf } from "./elf.ts";
import { listStructOps } from "./struct-ops.ts";
import type { InnerMapSpec, MapSpec, ObjectSpec, ProgramSpec } from "./spec.ts";

/**
 * Describes a compiled object: its programs, its maps with the layouts of their
 * keys and values, and the structs named in `structNames` (event records).
 *
 * Source: libbpf's conventions for sections and BTF-defined maps.
 */
export function describeObject(bytes: Uint8Array, structNames: readonly string[] = []): ObjectSpec {
  const elf = parseElf(bytes);
  const findSection = (name: string): Uint8Array | undefined =>
    elf.sections.find((section) => section.name === name)?.data;
  const btf = findSection(".BTF");
  if (btf === undefined) throw new InternalError("The compiled object has no BTF");
  const types = parseBtf(btf, { enumsLackSign: readClangVersion(findSection(".debug_str")) < 15 });
  const license = findSection("license");
  const programs: ProgramSpec[] = elf.functions
    .filter(({ section }) => section !== ".text" && !section.startsWith("."))
    .map(({ name, section }) => {
      const context = section === "syscall" ? describeContext(types, name) : undefined;
      return { name, section, ...(context && { context }) };
    });
  const structOps = listStructOps(elf, types);
  return {
    programs,
    maps: describeMaps(types),
    ...(structOps.length > 0 && { structOps }),
    structs: describeStructs(types, structNames),
    license: license === undefined ? "" : Buffer.from(license).toString("latin1").replace(/\0.*$/s, ""),
  };
}

function describeContext(types: BtfTypes, functionName: string): Layout | undefined {
  const named = types.find(functionName, btfKind.function);
  const parameter = named === undefined ? undefined : types.listParameters(types.require(named.sizeOrType))[0];
  const pointer = parameter === undefined || parameter.type === 0 ? undefined : types.resolve(parameter.type);
  if (pointer?.kind !== btfKind.pointer || pointer.sizeOrType === 0) return undefined;
  const target = types.resolve(pointer.sizeOrType);
  return target.kind === btfKind.forward ? undefined : describeLayout(types, target.id);
}

/** The version of the clang that made an object, as its debug information tells; Infinity where it tells none. */
function readClangVersion(strings: Uint8Array | undefined): number {
  const match = /clang version (\d+)\./.exec(Buffer.from(strings ?? []).toString("latin1"));
  return match === null ? Number.POSITIVE_INFINITY : Number(match[1]);
}

function describeStructs(types: BtfTypes, names: readonly string[]): Record<string, Layout> {
  const structs: Record<string, Layout> = {};
  for (const name of names) {
    const type = types.find(name, btfKind.struct, btfKind.union, btfKind.typedef, btfKind.int);
    if (type !== undefined) structs[name] = describeLayout(types, type.id);
  }
  return structs;
}

function describeMaps(types: BtfTypes): MapSpec[] {
  const section = types.find(".maps", btfKind.dataSection);
  if (section === undefined) return [];
  return types.listVariables(section).map(({ name, type }) => describeMap(types, name, type));
}

function listMapMembers(types: BtfTypes, id: number): ReadonlyMap<string, number> {
  return new Map(types.listMembers(types.resolve(id)).map((member) => [member.name, member.type]));
}

function describeMap(types: BtfTypes, name: string, id: number): MapSpec {
  const members = listMapMembers(types, id);
  /** `__uint(x, N)` is a pointer to an array of N; `__type(x, T)` a pointer to T. */
  const readNumber = (member: string): number | undefined => {
    const pointer = members.get(member);
    if (pointer === undefined) return undefined;
    return types.describeArray(types.resolve(types.resolve(pointer).sizeOrType)).length;
  };
  const readLayout = (member: string): Layout | undefined => {
    const pointer = members.get(member);
    if (pointer === undefined) return undefined;
    const target = types.resolve(pointer).sizeOrType;
    return target === 0 ? undefined : describeLayout(types, target);
  };
  const key = readLayout("key") ?? describeBytes(readNumber("key_size"));
  const type = readNumber("type") ?? 0;
  const flags = readNumber("map_flags") ?? 0;
  const value = readLayout("value") ?? describeValueBytes(type, flags, readNumber("value_size"));
  const inner = describeInnerMap(types, name, members.get("values"));
  return {
    name,
    type,
    maxEntries: readNumber("max_entries") ?? 0,
    flags,
    ...(key && { key }),
    ...(value && { value }),
    ...(inner && { inner }),
  };
}

/** `__array(values, T)` is an array of pointers to T, which is a map where it is a struct; a program array has functions there. */
function describeInnerMap(types: BtfTypes, outer: string, values: number | undefined): InnerMapSpec | undefined {
  if (values === undefined) return undefined;
  const pointer = types.resolve(types.describeArray(types.resolve(values)).element);
  const target = types.resolve(pointer.sizeOrType);
  if (target.kind !== btfKind.struct) return undefined;
  const members = listMapMembers(types, target.id);
  const findType = (member: string): number => {
    const type = members.get(member);
    return type === undefined ? 0 : types.resolve(type).sizeOrType;
  };
  // The name that libbpf gives the first one.
  return {
    ...describeMap(types, `${outer}.inner`, target.id),
    keyType: findType("key"),
    valueType: findType("value"),
  };
}
