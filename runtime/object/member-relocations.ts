import { dropOwnFlavour } from "../base/own-flavour.ts";
import { parseBtf } from "./btf.ts";
import type { BtfTypes } from "./btf.ts";
import { coreKind, listPathSteps, readCoreRelocations } from "./core-relocations.ts";
import type { CoreRelocation } from "./core-relocations.ts";
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
    for (const relocation of records) {
      const { kind, instruction } = relocation;
      if (kind > coreKind.lastOfMembers) continue;
      const members = listMembersOnPath(types, relocation);
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

/** The members with names that a relocation leads through. What has no name belongs to what is around it. */
function listMembersOnPath(
  types: BtfTypes,
  relocation: CoreRelocation,
): { readonly struct: string; readonly member: string }[] {
  const found: { struct: string; member: string }[] = [];
  let struct: string | undefined;
  for (const { owner, member } of listPathSteps(types, relocation)) {
    struct ??= owner.name;
    if (member.name === "") continue;
    // A struct without a name of its own is no one that kernels could be asked about.
    if (struct !== "") found.push({ struct: cutFlavour(struct), member: dropOwnFlavour(member.name) });
    struct = undefined;
  }
  return found;
}

/** Source: CO-RE takes what follows three underscores for a flavour of the same struct. */
function cutFlavour(name: string): string {
  return name.replace(/(?<=\w)___.*$/, "");
}
