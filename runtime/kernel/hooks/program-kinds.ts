import { BPFAttachType, BPFProgType } from "../../../sdk/abi/program-types.ts";
import type { Handle, KernelPort } from "../door/port.ts";
import type { SectionType } from "./section-types.ts";

/**
 * What a function of the script can be loaded as: one row a kind.
 *
 * Source: enum bpf_prog_type and enum bpf_attach_type in include/uapi/linux/bpf.h.
 */
export interface ProgramKind {
  readonly name: ProgramKindName;
  readonly type: number;
  readonly expectedAttachType: number;
  /** A row of `features.ts` that must be there. */
  readonly feature?: string;
}

export type ProgramKindName =
  | "kprobe"
  | "kretprobe"
  | "uprobe"
  | "uretprobe"
  | "usdt"
  | "tracepoint"
  | "raw_tracepoint"
  | "perf_event"
  | "fentry"
  | "fexit"
  | "fmod_ret"
  | "lsm"
  | "tp_btf"
  | "iter"
  | "freplace"
  | "socket_filter"
  | "sched_cls"
  | "xdp"
  | "func"
  | "section";

/** How one function is to be loaded. */
export interface ProgramRequest {
  readonly name: string;
  readonly kind: ProgramKindName;
  /** The kernel function that a tracing program sits on. */
  readonly targetFunction?: string;
  /** Opens the program whose function that is; without it the target is the kernel's. Owner: the caller closes it with descriptorClose. */
  openTarget?(port: KernelPort): Handle;
  /** For the kind `func`, whose type the place tells that it goes to. Source: enum bpf_prog_type, enum bpf_attach_type. */
  readonly type?: number;
  readonly expectedAttachType?: number;
  /** Source: BPF_F_XDP_HAS_FRAGS and its like. */
  readonly flags?: number;
}

const { KPROBE, TRACING } = BPFProgType;

const kinds: readonly ProgramKind[] = [
  { name: "kprobe", type: KPROBE, expectedAttachType: 0, feature: "kprobe" },
  { name: "kretprobe", type: KPROBE, expectedAttachType: 0, feature: "kprobe" },
  { name: "uprobe", type: KPROBE, expectedAttachType: 0, feature: "uprobe" },
  { name: "uretprobe", type: KPROBE, expectedAttachType: 0, feature: "uprobe" },
  { name: "usdt", type: KPROBE, expectedAttachType: 0, feature: "uprobe" },
  { name: "tracepoint", type: BPFProgType.TRACEPOINT, expectedAttachType: 0 },
  { name: "raw_tracepoint", type: BPFProgType.RAW_TRACEPOINT, expectedAttachType: 0 },
  { name: "perf_event", type: BPFProgType.PERF_EVENT, expectedAttachType: 0 },
  { name: "fentry", type: TRACING, expectedAttachType: BPFAttachType.TRACE_FENTRY, feature: "fentry" },
  { name: "fexit", type: TRACING, expectedAttachType: BPFAttachType.TRACE_FEXIT, feature: "fentry" },
  { name: "fmod_ret", type: TRACING, expectedAttachType: BPFAttachType.MODIFY_RETURN, feature: "fentry" },
  { name: "lsm", type: BPFProgType.LSM, expectedAttachType: BPFAttachType.LSM_MAC, feature: "lsm" },
  { name: "tp_btf", type: TRACING, expectedAttachType: BPFAttachType.TRACE_RAW_TP },
  { name: "iter", type: TRACING, expectedAttachType: BPFAttachType.TRACE_ITER },
  { name: "freplace", type: BPFProgType.EXT, expectedAttachType: 0 },
  { name: "socket_filter", type: BPFProgType.SOCKET_FILTER, expectedAttachType: 0 },
  { name: "sched_cls", type: BPFProgType.SCHED_CLS, expectedAttachType: 0 },
  { name: "xdp", type: BPFProgType.XDP, expectedAttachType: BPFAttachType.XDP },
];

/** The first kind of a program type; undefined for types that only `attach_func` knows. */
export function findKindOfType(type: number): ProgramKind | undefined {
  return kinds.find((kind) => kind.type === type && type !== TRACING);
}

/** How a program is loaded whose section says its type: as the plain kind where that is the same. */
export function planSectionType({ type, expectedAttachType, flags }: SectionType): Omit<ProgramRequest, "name"> {
  const kind = kinds.find((row) => row.type === type && row.expectedAttachType === expectedAttachType);
  return kind !== undefined && flags === undefined
    ? { kind: kind.name }
    : { kind: "func", type, expectedAttachType, ...(flags !== undefined && { flags }) };
}

/** Whether one loaded program serves both: probes on functions, for example, are all of one type. */
export function haveSameType(a: ProgramRequest, b: ProgramRequest): boolean {
  const types = [a, b].map(({ kind, type }) => type ?? findProgramKind(kind)?.type);
  return types[0] === undefined || types[1] === undefined
    ? a.kind === b.kind
    : types[0] === types[1] && (types[0] !== TRACING || a.kind === b.kind);
}

/** Finds a kind's row; undefined for `section`, where libbpf reads the type from the section's name. */
export function findProgramKind(name: ProgramKindName): ProgramKind | undefined {
  return kinds.find((kind) => kind.name === name);
}
