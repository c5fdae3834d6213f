import { DialectError } from "../base/errors.ts";
import { structOpsSection } from "../base/struct-ops-section.ts";
import { btfKind } from "./btf.ts";
import type { BtfTypes } from "./btf.ts";
import { listRelocations, listSymbols, symbolType } from "./elf.ts";
import type { ElfParts } from "./elf.ts";
import type { StructOpsMember, StructOpsSpec } from "./spec.ts";

/** The section as libbpf looks for it. */
const libbpfSection = ".struct_ops";

/**
 * Lists the tables of functions that an object can register with the kernel.
 *
 * Source: libbpf's section `.struct_ops`. @throws DialectError when a text hides such a section from the dialect
 */
export function listStructOps(elf: ElfParts, types: BtfTypes): StructOpsSpec[] {
  const { sections } = elf;
  const plain = sections.find(({ name }) => /^\??\.struct_ops(?:\.link)?$/.test(name));
  if (plain !== undefined)
    throw new DialectError(`The C text has a section "${plain.name}" that is not written as such`, {
      hint: 'write it as one text in the declaration: struct tcp_congestion_ops mine SEC(".struct_ops") = { … }',
    });
  const section = sections.findIndex(({ name }) => name === structOpsSection);
  const data = types.find(structOpsSection, btfKind.dataSection);
  if (section < 0 || data === undefined) return [];
  const functions = new Map(listRelocations(elf, section).map(({ offset, symbol }) => [offset, symbol.name]));
  const places = new Map(
    listSymbols(elf)
      .filter((symbol) => symbol.section === section && symbol.type === symbolType.object)
      .map(({ name, offset }) => [name, offset]),
  );
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
