import { BPFAttachType, BPFProgType } from "../../sdk/abi/program-types.ts";
import { alwaysReturnsZero } from "../object/find-returns.ts";
import type { Action } from "./acting-calls.ts";

/** What a function is loaded as. Source: enum bpf_prog_type and enum bpf_attach_type of linux/bpf.h; undefined where libbpf takes it from the section's name. */
export interface LoadedAs {
  readonly name: string;
  readonly section: string;
  readonly type: number | undefined;
  readonly attachType: number | undefined;
}

interface Row {
  readonly label: string;
  readonly does: string;
  readonly permission: Action["permission"];
  readonly section: RegExp;
  readonly type: number;
  /** Absent where the program type alone tells. */
  readonly attachType?: number;
  /** A program of this kind that answers 0 on every way through it does nothing but look. */
  readonly zeroLooks?: boolean;
}

/**
 * Kinds of programs whose answer acts: one row each. syscall programs have none: what they call acts or does not.
 */
const rows: readonly Row[] = [
  {
    label: "an fmod_ret program",
    does: "changes what the kernel answers",
    permission: "override",
    section: /^\??fmod_ret(?:\.s)?(?:\/|$)/,
    type: BPFProgType.TRACING,
    attachType: BPFAttachType.MODIFY_RETURN,
  },
  {
    label: "an LSM program",
    does: "can refuse what processes do",
    permission: "override",
    section: /^\??lsm(?:\.s)?(?:\/|$)/,
    type: BPFProgType.LSM,
    attachType: BPFAttachType.LSM_MAC,
    zeroLooks: true,
  },
  // In a cgroup 1 permits and 0 refuses.
  {
    label: "an LSM program of a cgroup",
    does: "can refuse what processes do",
    permission: "override",
    section: /^\??lsm_cgroup(?:\/|$)/,
    type: BPFProgType.LSM,
  },
  {
    label: "a writable raw tracepoint program",
    does: "changes the kernel's data",
    permission: "override",
    section: /^\??raw_(?:tp|tracepoint)\.w(?:\/|$)/,
    type: BPFProgType.RAW_TRACEPOINT_WRITABLE,
  },
  {
    label: "a struct_ops program",
    does: "decides for the kernel",
    permission: "struct-ops",
    section: /^\??struct_ops(?:\.s)?(?:\/|$)/,
    type: BPFProgType.STRUCT_OPS,
  },
  {
    label: "an extension program",
    does: "takes the place of another program's function",
    permission: "all",
    section: /^\??freplace(?:\/|$)/,
    type: BPFProgType.EXT,
  },
];

/** Finds what a program does to the rest of the machine by its kind, undefined when it only looks. */
export function findProgramAction(object: Uint8Array, program: LoadedAs): Action | undefined {
  const row = rows.find(({ section, type, attachType }) =>
    program.type === undefined
      ? section.test(program.section)
      : program.type === type && (attachType === undefined || attachType === program.attachType),
  );
  if (row === undefined || (row.zeroLooks === true && alwaysReturnsZero(object, program.name))) return undefined;
  return { name: `"${program.name}", ${row.label},`, does: row.does, permission: row.permission };
}
