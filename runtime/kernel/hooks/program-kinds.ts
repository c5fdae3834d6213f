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
  /** The BTF object (a program's fd) of the target; 0 is vmlinux. */
  readonly targetFd?: number;
  /** For the kind `func`, whose type the place tells that it goes to. Source: enum bpf_prog_type, enum bpf_attach_type. */
  readonly type?: number;
  readonly expectedAttachType?: number;
}

const kprobeType = 2;
const tracingType = 26;

const kinds: readonly ProgramKind[] = [
  { name: "kprobe", type: kprobeType, expectedAttachType: 0, feature: "kprobe" },
  { name: "kretprobe", type: kprobeType, expectedAttachType: 0, feature: "kprobe" },
  { name: "uprobe", type: kprobeType, expectedAttachType: 0, feature: "uprobe" },
  { name: "uretprobe", type: kprobeType, expectedAttachType: 0, feature: "uprobe" },
  { name: "usdt", type: kprobeType, expectedAttachType: 0, feature: "uprobe" },
  { name: "tracepoint", type: 5, expectedAttachType: 0 },
  { name: "raw_tracepoint", type: 17, expectedAttachType: 0 },
  { name: "perf_event", type: 7, expectedAttachType: 0 },
  { name: "fentry", type: tracingType, expectedAttachType: 24, feature: "fentry" },
  { name: "fexit", type: tracingType, expectedAttachType: 25, feature: "fentry" },
  { name: "fmod_ret", type: tracingType, expectedAttachType: 26, feature: "fentry" },
  { name: "lsm", type: 29, expectedAttachType: 27, feature: "lsm" },
  { name: "tp_btf", type: tracingType, expectedAttachType: 23 },
  { name: "iter", type: tracingType, expectedAttachType: 28 },
  { name: "socket_filter", type: 1, expectedAttachType: 0 },
  { name: "sched_cls", type: 3, expectedAttachType: 0 },
  { name: "xdp", type: 6, expectedAttachType: 37 },
];

/** The first kind of a program type; undefined for types that only `attach_func` knows. */
export function findKindOfType(type: number): ProgramKind | undefined {
  return kinds.find((kind) => kind.type === type && type !== tracingType);
}

/** Whether one loaded program serves both: probes on functions, for example, are all of one type. */
export function haveSameType(a: ProgramRequest, b: ProgramRequest): boolean {
  const types = [a, b].map(({ kind, type }) => type ?? findProgramKind(kind)?.type);
  return types[0] === undefined || types[1] === undefined
    ? a.kind === b.kind
    : types[0] === types[1] && (types[0] !== tracingType || a.kind === b.kind);
}

/** Finds a kind's row; undefined for `section`, where libbpf reads the type from the section's name. */
export function findProgramKind(name: ProgramKindName): ProgramKind | undefined {
  return kinds.find((kind) => kind.name === name);
}
