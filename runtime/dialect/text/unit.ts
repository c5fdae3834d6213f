import type { Diagnostic } from "../../base/diagnostic.ts";
import type { TextPlace } from "../../base/text-place.ts";
import type { MachineUse } from "./machine-use.ts";
import type { Origins } from "./origins.ts";

/** The user's C text as the script handed it over. */
export interface CSource {
  readonly text: string;
  /** A short name for what stands in no file line by line: `<text>`, or a path. */
  readonly name: string;
  /** The folder of the script, where headers of the text's own may lie. */
  readonly folder?: string;
  /** Where the text stands in the script; undefined for text that was built at run time. */
  readonly place?: TextPlace;
}

/**
 * C text on its way through the dialect: from `prepareUnit`, and again from
 * `rewriteUnit`. What clang compiles is `text`, on top of the prelude. Plain data: it may be kept, sent, and read elsewhere.
 */
export interface CUnit {
  readonly text: string;
  readonly source: CSource;
  /** The name that `#line` gives the user's part of `text`; messages that name another file are not about the user's text. */
  readonly file: string;
  /** The line of `file` that the user's part begins at. Units: from 1. */
  readonly firstLine: number;
  readonly programs: readonly ProgramDecl[];
  readonly maps: readonly MapDecl[];
  /** The C type of the events that a perf or ring buffer carries, by map, and of the records that a function writes with `bpf_seq_write`, by its name: `"data_t"` for `struct data_t`. Known after `rewriteUnit`; the object carries it as the variable `__bpfts_event_<map>` too. */
  readonly eventStructs: Readonly<Record<string, string>>;
  /** Tracepoints that the text names, `category:event`, and that the kernel does not tell of. */
  readonly missingTracepoints?: readonly string[];
  readonly warnings: readonly Diagnostic[];
  readonly license: string;
  /** Kernel headers that the text includes; they are answered by the prelude. For hints about unknown names. */
  readonly includes: readonly string[];
  /** What the text was told of this machine. */
  readonly used: MachineUse;
  /** Texts that stand in for headers of the user's own, by the paths that clang knows them by. Known after `rewriteUnit`. */
  readonly headers?: ReadonlyMap<string, string>;
  /** What `text` was put together from, for the next stage. */
  readonly parts: UnitParts;
  /** Units: index into `text` where the user's part begins. */
  readonly bodyStart: number;
}

/** What a unit is put together from. */
export interface UnitParts {
  readonly source: CSource;
  /** Generated lines before the user's text. */
  readonly head: readonly string[];
  /** The user's text after the edits; it has as many lines as the source. */
  readonly body: string;
  readonly tail: readonly string[];
  /** The way from an index into `body` to one into the source's text. */
  readonly origins: Origins;
  readonly facts: Pick<
    CUnit,
    "programs" | "maps" | "eventStructs" | "missingTracepoints" | "warnings" | "license" | "includes" | "used"
  >;
}

/** How a program is meant to be loaded, as far as its name, macro, section or context type tells. */
export type ProgramKind =
  | "kprobe"
  | "kretprobe"
  | "tracepoint"
  | "raw_tracepoint"
  | "tp_btf"
  | "fentry"
  | "fexit"
  | "fmod_ret"
  | "lsm"
  | "iter"
  | "perf_event"
  | "xdp"
  | "tc"
  | "sock_ops"
  | "sk_msg"
  | "sk_skb"
  | "uprobe"
  | "usdt"
  | "syscall"
  | "struct_ops"
  /** Chosen by whoever attaches it. */
  | "any";

/** One C function that becomes a BPF program. */
export interface ProgramDecl {
  readonly name: string;
  readonly section: string;
  readonly kind: ProgramKind;
  /** Where the function's name or macro says it is attached at once; undefined for functions that wait for an `attach_*` call. */
  readonly autoAttach?: AutoAttach;
  /** True when nothing but its first parameter, `struct pt_regs *`, says what it is. */
  readonly takesRegisters?: true;
  /** True when the user wrote the section (`SEC("…")`): libbpf's own rules for type and attachment hold. */
  readonly explicitSection: boolean;
  /** Units: index into `CSource.text` of the function's name. */
  readonly offset: number;
  /** The numbers of the USDT arguments that its text reads, from 1. */
  readonly usdtArguments?: readonly number[];
}

/** What a program's name asks for. Source: BCC's autoload prefixes. */
export type AutoAttach =
  /** `syscall` is the bare name when the target is a system call entry of any spelling: `"openat"`. */
  | { readonly kind: "kprobe" | "kretprobe"; readonly target: string; readonly syscall?: string }
  | { readonly kind: "tracepoint"; readonly category: string; readonly event: string }
  | { readonly kind: "raw_tracepoint"; readonly event: string }
  | { readonly kind: "fentry" | "fexit"; readonly module: string; readonly target: string }
  | { readonly kind: "lsm"; readonly hook: string };

/** One map that the text declares with a BCC macro. */
export interface MapDecl {
  readonly name: string;
  /** BCC's kind string: `"hash"`, `"perf_output"`, … */
  readonly kind: string;
  readonly pinPath?: string;
  /** Nothing is made where nothing is pinned. */
  readonly mustExist?: true;
  /** The map whose copies this map of maps holds. */
  readonly inner?: string;
  /** `public` and `shared` maps are offered to later units, `extern` ones are taken from an earlier unit of that name. */
  readonly sharing?: "public" | "shared" | "extern";
  /** Index into the per-CPU array map `__bpfts_lost` (u64 values) where failed outputs of this ring are counted. */
  readonly lostIndex?: number;
  /** Units: index into `CSource.text` of the map's name. */
  readonly offset: number;
}
