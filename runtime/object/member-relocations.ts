import { dropOwnFlavour } from "../base/own-flavour.ts";
import { btfKind, parseBtf } from "./btf.ts";
import type { BtfTypes } from "./btf.ts";
import { coreKind, readCoreRelocations } from "./core-relocations.ts";
import { readLineInfo } from "./line-info.ts";
import type { LineInfo } from "./line-info.ts";

/** A member of a struct whose place libbpf looks up in the kernel's types where it loads the program. */
export interface MemberRead {
  readonly section: string;
  /** What reads it. Units: instructions from the start of the section. */
  readonly instruction: number;
  /** The names of the struct and of its member, as the kernel has them: without a flavour. */
  readonly struct: string;
  readonly member: string;
}

/**
 * Lists the members of the kernel's structs that programs read, in their order; one that a text asks for first (`bpf_core_field_exists`) is none, since
 * the text has an answer for kernels without it.
 */
export function listMemberReads(object: Uint8Array): MemberRead[] {
  const found = readCoreRelocations(object);
  if (found === undefined) return [];
  const types = parseBtf(found.btf);
  const reads: MemberRead[] = [];
  const asked = new Set<string>();
  for (const { section, records } of found.groups) {
    const code = found.elf.sections.find(({ name }) => name === section)?.data ?? new Uint8Array();
    const lines = readLineInfo(object, section);
    for (const { kind, type, path, instruction } of records) {
      if (kind > coreKind.lastOfMembers) continue;
      const members = listMembersOnPath(types, type, path);
      if (kind === coreKind.memberExists)
        for (const { struct, member } of members.slice(-1)) asked.add(`${struct}.${member}`);
      else {
        const use = findUse(code, instruction, lines);
        reads.push(...members.map((member) => ({ section, instruction: use, ...member })));
      }
    }
  }
  return reads.filter(({ struct, member }) => !asked.has(`${struct}.${member}`));
}

/** A load has its own line. Where the address is made for a helper, clang gives that no line: the next instruction with one is the call. */
function findUse(code: Uint8Array, instruction: number, lines: readonly LineInfo[]): number {
  const isLoadOrStore = [1, 2, 3].includes((code[instruction * 8] ?? 0) & 7);
  const call = lines.find((line) => line.instruction > instruction && line.line > 0);
  return isLoadOrStore || call === undefined ? instruction : call.instruction;
}

/** The members that a path of indexes leads through: `0:3:1` is the second member of the fourth one. What has no name belongs to what is around it. */
function listMembersOnPath(
  types: BtfTypes,
  root: number,
  path: readonly number[],
): { readonly struct: string; readonly member: string }[] {
  const found: { struct: string; member: string }[] = [];
  let type = types.resolve(root);
  let struct = type.name;
  // The first index is that of an array which the pointer may lead to.
  for (const index of path.slice(1)) {
    if (type.kind === btfKind.array) {
      type = types.resolve(types.describeArray(type).element);
      struct = type.name;
      continue;
    }
    if (type.kind !== btfKind.struct && type.kind !== btfKind.union) break;
    const member = types.listMembers(type)[index];
    if (member === undefined) break;
    type = types.resolve(member.type);
    if (member.name === "") continue;
    // A struct without a name of its own is no one that kernels could be asked about.
    if (struct !== "") found.push({ struct: cutFlavour(struct), member: dropOwnFlavour(member.name) });
    struct = type.name;
  }
  return found;
}

/** Source: CO-RE takes what follows three underscores for a flavour of the same struct. */
function cutFlavour(name: string): string {
  return name.replace(/(?<=\w)___.*$/, "");
}
