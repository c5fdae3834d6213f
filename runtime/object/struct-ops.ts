import { DialectError } from "../base/errors.ts";
import { structOpsSection } from "../base/struct-ops-section.ts";
import { btfKind } from "./btf.ts";
import type { BtfTypes } from "./btf.ts";
import { openElf, readString } from "./elf.ts";
import type { StructOpsMember, StructOpsSpec } from "./spec.ts";

const symbolTable = 2;
const symbolBytes = 24;
const symbolTypeObject = 1;
const relocations = 9;
const relocationBytes = 16;
/** The section as libbpf looks for it. */
const libbpfSection = ".struct_ops";

/**
 * Lists the tables of functions that an object can register with the kernel.
 *
 * Source: libbpf's section `.struct_ops`. @throws DialectError when a text hides such a section from the dialect
 */
export function listStructOps(object: Uint8Array, types: BtfTypes): StructOpsSpec[] {
  const { view, headers, sections } = openElf(object);
  const plain = sections.find(({ name }) => /^\??\.struct_ops(?:\.link)?$/.test(name));
  if (plain !== undefined)
    throw new DialectError(`The C text has a section "${plain.name}" that is not written as such`, {
      hint: 'write it as one text in the declaration: struct tcp_congestion_ops mine SEC(".struct_ops") = { … }',
    });
  const section = sections.findIndex(({ name }) => name === structOpsSection);
  const symbols = headers.find(({ type }) => type === symbolTable);
  const data = types.find(structOpsSection, btfKind.dataSection);
  if (section < 0 || symbols === undefined || data === undefined) return [];
  const names = sections[symbols.link]!.data;
  const readSymbol = (index: number): { name: string; kind: number; section: number; value: number } => {
    const at = symbols.offset + index * symbolBytes;
    return {
      name: readString(names, view.getUint32(at, true)),
      kind: object[at + 4]! & 0xf,
      section: view.getUint16(at + 6, true),
      value: Number(view.getBigUint64(at + 8, true)),
    };
  };
  const functions = new Map<number, string>();
  for (const { type, info, offset, size } of headers)
    if (type === relocations && info === section)
      for (let at = offset; at < offset + size; at += relocationBytes)
        functions.set(Number(view.getBigUint64(at, true)), readSymbol(view.getUint32(at + 12, true)).name);
  const places = new Map<string, number>();
  for (let index = 0; index < symbols.size / symbolBytes; index++) {
    const symbol = readSymbol(index);
    if (symbol.section === section && symbol.kind === symbolTypeObject) places.set(symbol.name, symbol.value);
  }
  return types.listVariables(data).map(({ name, type }) => {
    const struct = types.resolve(type);
    const start = places.get(name) ?? 0;
    return {
      name,
      type: struct.name,
      members: types.listMembers(struct).flatMap((member): StructOpsMember[] => {
        const program = functions.get(start + member.bitOffset / 8);
        return program === undefined ? [] : [{ name: member.name, program }];
      }),
    };
  });
}

/** The object as libbpf makes maps of its tables: a copy. */
export function showStructOps(object: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(object);
  const hidden = Buffer.from(structOpsSection, "latin1");
  const view = Buffer.from(bytes.buffer);
  // The same length: the name ends earlier. The names of the sections and those of the types both have it.
  for (let at = view.indexOf(hidden); at >= 0; at = view.indexOf(hidden, at + hidden.length))
    view.fill(0, at + libbpfSection.length, at + hidden.length);
  return bytes;
}
