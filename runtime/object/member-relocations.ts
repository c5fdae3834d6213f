import { dropOwnFlavour } from "../base/own-flavour.ts";
import { btfKind, parseBtf, readBtfText } from "./btf.ts";
import type { BtfTypes } from "./btf.ts";
import { openElf } from "./elf.ts";
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

/** What libbpf looks up, as far as it concerns members. Source: enum bpf_core_relo_kind. */
const memberExists = 2;
const memberKinds = 5;

/** Source: struct btf_ext_header of libbpf. Units: bytes from its start. */
const relocationsStart = 24;
const relocationsLength = 28;
const headerLength = 4;

/**
 * Lists the members of the kernel's structs that programs read, in their order; one that a text asks for first (`bpf_core_field_exists`) is none, since
 * the text has an answer for kernels without it.
 *
 * Source: struct bpf_core_relo in include/uapi/linux/bpf.h
 */
export function listMemberReads(object: Uint8Array): MemberRead[] {
  const { sections } = openElf(object);
  const data = sections.find(({ name }) => name === ".BTF.ext")?.data;
  const btf = sections.find(({ name }) => name === ".BTF")?.data;
  if (data === undefined || btf === undefined) return [];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const header = view.getUint32(headerLength, true);
  const length = header > relocationsLength ? view.getUint32(relocationsLength, true) : 0;
  if (length === 0) return [];
  const types = parseBtf(btf);
  const start = header + view.getUint32(relocationsStart, true);
  const recordSize = view.getUint32(start, true);
  const reads: MemberRead[] = [];
  const asked = new Set<string>();
  const lines = new Map<string, readonly LineInfo[]>();
  for (let at = start + 4; at < start + length; ) {
    const section = readBtfText(btf, view.getUint32(at, true));
    const count = view.getUint32(at + 4, true);
    at += 8;
    const code = sections.find(({ name }) => name === section)?.data ?? new Uint8Array();
    if (!lines.has(section)) lines.set(section, readLineInfo(object, section));
    for (const end = at + count * recordSize; at < end; at += recordSize) {
      const kind = view.getUint32(at + 12, true);
      if (kind > memberKinds) continue;
      const path = readBtfText(btf, view.getUint32(at + 8, true))
        .split(":")
        .map(Number);
      const members = listMembersOnPath(types, view.getUint32(at + 4, true), path);
      if (kind === memberExists) for (const { struct, member } of members.slice(-1)) asked.add(`${struct}.${member}`);
      else {
        const instruction = findUse(code, view.getUint32(at, true) / 8, lines.get(section)!);
        reads.push(...members.map((member) => ({ section, instruction, ...member })));
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
