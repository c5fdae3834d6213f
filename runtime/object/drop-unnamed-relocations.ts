import { parseBtf } from "./btf.ts";
import type { BtfTypes } from "./btf.ts";
import { coreKind, coreLengthAt, listPathSteps, readCoreRelocations } from "./core-relocations.ts";
import type { CoreRelocation } from "./core-relocations.ts";

/**
 * Removes the CO-RE relocations of members without a name. Where an initialiser does not name the members of such a union, clang sets the whole union to
 * zero and writes a relocation for its offset. libbpf matches members by their names alone, so it takes the offset of the struct itself, and the zero
 * overwrites the struct's first member. Without the relocation the instruction keeps the offset that clang computed from this kernel's types.
 *
 * Answers the object itself when it has no such relocation, else a copy.
 */
export function dropUnnamedRelocations(object: Uint8Array): Uint8Array {
  const found = readCoreRelocations(object);
  if (found === undefined) return object;
  let types: BtfTypes | undefined;
  const isKept = (relocation: CoreRelocation): boolean =>
    relocation.kind !== coreKind.memberOffset ||
    listPathSteps((types ??= parseBtf(found.btf)), relocation).at(-1)?.member.name !== "";
  const groups = found.groups.map(({ records }) => ({ records, kept: records.filter(isKept) }));
  if (groups.every(({ records, kept }) => records.length === kept.length)) return object;
  // Of a Buffer, slice() would be the same memory.
  const bytes = new Uint8Array(object);
  const data = bytes.subarray(found.data.byteOffset - object.byteOffset).subarray(0, found.data.length);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let to = found.start + 4;
  for (const { records, kept } of groups) {
    // Source: btf_ext_setup_info of libbpf, which refuses a section without records.
    if (kept.length === 0) continue;
    data.copyWithin(to, records[0]!.at - 8, records[0]!.at);
    view.setUint32(to + 4, kept.length, true);
    to += 8;
    for (const { at } of kept) {
      data.copyWithin(to, at, at + found.recordSize);
      to += found.recordSize;
    }
  }
  const length = to - found.start;
  view.setUint32(coreLengthAt, length === 4 ? 0 : length, true);
  return bytes;
}
