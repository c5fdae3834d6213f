import { findMapKind } from "../../sdk/abi/map-kinds.ts";
import { findKfuncVersion, findSectionVersion, isOlder, laterHelpers } from "../base/bpf-since.ts";
import { findMemberVersion } from "../base/member-since.ts";
import type { SourceLocation } from "../base/location.ts";
import { listInstructionNeeds } from "../object/instruction-needs.ts";
import { listMemberReads } from "../object/member-relocations.ts";
import { listKernelCalls } from "../object/list-calls.ts";
import type { ObjectSpec } from "../object/spec.ts";
import type { LocateInstruction } from "../permit/guard.ts";

/** One thing that a program needs of the kernel, and the first kernel of kernel.org that has it. */
export interface KernelNeed {
  /** `"5.15"`; absent where bpfts does not know. */
  readonly since?: string;
  /** `"bpf_get_attach_cookie()"`, `"maps of the kind ringbuf"` */
  readonly what: string;
  readonly location?: SourceLocation;
}

/** The oldest kernel that has it all as far as bpfts knows, and why no older one does. */
export interface OldestKernel {
  readonly version: string;
  /** What needs more than bpfts itself does: each thing once, the newest first. Empty when there is none. */
  readonly needs: readonly (KernelNeed & { readonly since: string })[];
  /** What came with a kernel that bpfts does not know: the oldest one may be newer than `version`. */
  readonly unknown: readonly KernelNeed[];
}

/** Which kernels have the other members that programs read of the kernel's structs is written in no table: only the kernels themselves tell. */
export const memberNeed: KernelNeed = {
  what: "each other member of the kernel's structs that it reads (the kernels themselves tell: bpfts check --kernel all)",
};

/** The oldest kernel that bpfts itself runs on: BTF, ring buffers, CAP_BPF. */
export const ownOldest = "5.8";

/** What of a built unit tells. */
export interface NeedingUnit {
  readonly bytes: Uint8Array;
  readonly spec: ObjectSpec;
}

/**
 * Lists what a compiled unit needs of the kernel beyond what bpfts itself does: helpers, kernel functions, kinds of maps and of programs,
 * instructions, members of the kernel's structs; and that it reads other members, if it does.
 */
export function listKernelNeeds({ bytes, spec }: NeedingUnit, locate: LocateInstruction): readonly KernelNeed[] {
  const at = (section: string, instruction: number): { readonly location?: SourceLocation } => {
    const location = locate(section, instruction);
    return location === undefined ? {} : { location };
  };
  const calls = listKernelCalls(bytes).flatMap(({ section, instruction, helper, kernelFunction }): KernelNeed[] => {
    if (kernelFunction !== undefined)
      return [
        {
          ...describeSince(findKfuncVersion(kernelFunction)),
          what: `${kernelFunction}()`,
          ...at(section, instruction),
        },
      ];
    const later = laterHelpers.find(({ id }) => id === helper);
    return later === undefined ? [] : [{ since: later.since, what: `${later.name}()`, ...at(section, instruction) }];
  });
  const maps = spec.maps.flatMap(({ type }): KernelNeed[] => {
    const kind = findMapKind(type);
    return [{ ...describeSince(kind?.since), what: `maps of the kind ${kind?.name.toLowerCase() ?? type}` }];
  });
  const programs = spec.programs.flatMap(({ section }): KernelNeed[] => {
    const since = findSectionVersion(section);
    return since === undefined
      ? []
      : [{ since, what: `programs of the kind ${section.split("/")[0]}`, ...at(section, 0) }];
  });
  const instructions = listInstructionNeeds(bytes).map(
    ({ since, what, section, instruction }): KernelNeed => ({ since, what, ...at(section, instruction) }),
  );
  const members = listMemberReads(bytes).map(({ section, instruction, struct, member }): KernelNeed => {
    const since = findMemberVersion(struct, member);
    return since === undefined ? memberNeed : { since, what: `${struct}.${member}`, ...at(section, instruction) };
  });
  const needs = [...calls, ...maps, ...programs, ...instructions, ...members];
  return needs.filter(({ since }) => since === undefined || isOlder(ownOldest, since));
}

function describeSince(since: string | undefined): { readonly since?: string } {
  return since === undefined ? {} : { since };
}

/** The oldest kernel by what several units need. */
export function findOldestKernel(needs: readonly KernelNeed[]): OldestKernel {
  const first = new Map<string, KernelNeed>();
  for (const need of needs) if (!first.has(need.what)) first.set(need.what, need);
  const all = [...first.values()];
  const known = all.flatMap(({ since, ...need }) => (since === undefined ? [] : [{ since, ...need }]));
  const sorted = known.sort((a, b) => Number(isOlder(a.since, b.since)) - Number(isOlder(b.since, a.since)));
  return {
    version: sorted[0]?.since ?? ownOldest,
    needs: sorted,
    unknown: all.filter(({ since }) => since === undefined),
  };
}
