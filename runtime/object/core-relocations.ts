import { btfKind, readBtfText } from "./btf.ts";
import type { BtfMember, BtfType, BtfTypes } from "./btf.ts";
import { openElf } from "./elf.ts";
import type { ElfParts } from "./elf.ts";

/** One place of a program that libbpf fills in by the kernel's types where it loads the program. */
export interface CoreRelocation {
  /** Units: byte offset of its record in the section .BTF.ext. */
  readonly at: number;
  /** Units: instructions from the start of the section. */
  readonly instruction: number;
  /** The number of a type in the object's BTF. */
  readonly type: number;
  /** Indexes of members and of elements: `0:3:1` is the second member of the fourth one. */
  readonly path: readonly number[];
  /** Source: enum bpf_core_relo_kind. */
  readonly kind: number;
}

/** The relocations of an object, as the file has them. */
export interface CoreRelocations {
  readonly elf: ElfParts;
  readonly btf: Uint8Array;
  /** The section .BTF.ext. */
  readonly data: Uint8Array;
  /** Units: byte offsets in `data` and bytes. */
  readonly start: number;
  readonly recordSize: number;
  readonly groups: readonly { readonly section: string; readonly records: readonly CoreRelocation[] }[];
}

/** Source: enum bpf_core_relo_kind. */
export const coreKind = { memberOffset: 0, memberExists: 2, lastOfMembers: 5 } as const;

/** Where the header of .BTF.ext says how much there is. Source: struct btf_ext_header of libbpf. Units: bytes from its start. */
export const coreLengthAt = 28;
const coreStartAt = 24;
const headerLengthAt = 4;

/**
 * Reads what libbpf is to fill in; undefined where there is nothing.
 *
 * Source: struct bpf_core_relo in include/uapi/linux/bpf.h
 */
export function readCoreRelocations(object: Uint8Array): CoreRelocations | undefined {
  const elf = openElf(object);
  const data = elf.sections.find(({ name }) => name === ".BTF.ext")?.data;
  const btf = elf.sections.find(({ name }) => name === ".BTF")?.data;
  if (data === undefined || btf === undefined) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const header = view.getUint32(headerLengthAt, true);
  const length = header > coreLengthAt ? view.getUint32(coreLengthAt, true) : 0;
  if (length === 0) return undefined;
  const start = header + view.getUint32(coreStartAt, true);
  const recordSize = view.getUint32(start, true);
  const groups: { section: string; records: CoreRelocation[] }[] = [];
  for (let at = start + 4; at < start + length; ) {
    const section = readBtfText(btf, view.getUint32(at, true));
    const end = at + 8 + view.getUint32(at + 4, true) * recordSize;
    const records: CoreRelocation[] = [];
    for (at += 8; at < end; at += recordSize) {
      const path = readBtfText(btf, view.getUint32(at + 8, true));
      records.push({
        at,
        instruction: view.getUint32(at, true) / 8,
        type: view.getUint32(at + 4, true),
        path: path.split(":").map(Number),
        kind: view.getUint32(at + 12, true),
      });
    }
    groups.push({ section, records });
  }
  return { elf, btf, data, start, recordSize, groups };
}

/** A step of a relocation's path that leads to a member. */
export interface PathStep {
  /** The struct or union that has it. */
  readonly owner: BtfType;
  readonly member: BtfMember;
}

/** The members that the path of a relocation leads through, as far as the types say. */
export function listPathSteps(types: BtfTypes, { type: root, path }: CoreRelocation): PathStep[] {
  const steps: PathStep[] = [];
  let type = types.resolve(root);
  // The first index is that of an array which the pointer may lead to.
  for (const index of path.slice(1)) {
    if (type.kind === btfKind.array) {
      type = types.resolve(types.describeArray(type).element);
      continue;
    }
    if (type.kind !== btfKind.struct && type.kind !== btfKind.union) break;
    const member = types.listMembers(type)[index];
    if (member === undefined) break;
    steps.push({ owner: type, member });
    type = types.resolve(member.type);
  }
  return steps;
}
