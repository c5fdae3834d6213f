import { BpfFunction } from "../tables/bpf-function.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { MAX, requireInteger, requireOptions, requireText } from "../checks/check-options.ts";
import type { AttachArgument } from "../wire/attach-argument.ts";

/**
 * The C function that runs. `Functions` are the names that the C text defines.
 *
 * @example
 * import type { BPF, RunsFunction } from "bpfts";
 * const attach = (b: BPF, { fn_name }: RunsFunction): unknown => b.attach_kprobe({ event: "vfs_read", fn_name });
 */
export interface RunsFunction<Functions extends string = string> {
  /** The name of a function of the C text. */
  readonly fn_name: Functions;
}

/** The names that `fn_name` can be; any name where a program's functions are not known. */
export type FunctionIn<Functions> = 0 extends 1 & Functions
  ? string
  : Functions extends RunsFunction<infer Name>
    ? Name
    : string;

/**
 * Where a kprobe goes: one kernel function, or all that a regular expression matches whole.
 *
 * @example
 * import type { BPF, KprobeTarget } from "bpfts";
 * const places: readonly KprobeTarget[] = [{ event: "vfs_read" }, { event_re: "tcp_.*", limit: 200 }];
 * const attach = (b: BPF): unknown => places.map((place) => b.attach_kprobe({ ...place, fn_name: "on_call" }));
 */
export type KprobeTarget =
  | {
      /** The kernel function. */
      readonly event: string;
      /** Not with `event`. */
      readonly event_re?: undefined;
      /** Only with `event_re`. */
      readonly limit?: undefined;
      /** How far behind the function's start. Units: bytes. */
      readonly event_off?: number | undefined;
    }
  | {
      /** Not with `event_re`. */
      readonly event?: undefined;
      /** A regular expression that matches the whole names of kernel functions. */
      readonly event_re: string;
      /** An error when it matches more than so many; no limit unless given. */
      readonly limit?: number | undefined;
      /** Only with `event`. */
      readonly event_off?: undefined;
    };

/**
 * What `attach_kprobe` takes.
 *
 * @example
 * import type { BPF, KprobeOptions } from "bpfts";
 * const options: KprobeOptions = { event: "vfs_read", fn_name: "on_read" };
 * const attach = (b: BPF): unknown => b.attach_kprobe(options);
 */
export type KprobeOptions<Functions extends string = string> = KprobeTarget &
  RunsFunction<Functions> & {
    /** One function for entry and return, which `bpf_session_is_return` tells apart; when it returns 1 at the entry there is no return. Since: Linux 6.10. */
    readonly session?: boolean | undefined;
  };

/**
 * What `attach_kretprobe` takes.
 *
 * @example
 * import type { BPF, KretprobeOptions } from "bpfts";
 * const options: KretprobeOptions = { event: "vfs_read", fn_name: "on_return" };
 * const attach = (b: BPF): unknown => b.attach_kretprobe(options);
 */
export type KretprobeOptions<Functions extends string = string> = KprobeTarget &
  RunsFunction<Functions> & {
    /** For BCC's sake: the kernel's own number is used, and a warning says so. */
    readonly maxactive?: number;
  };

/**
 * What `attach_struct_ops` takes.
 *
 * @example
 * import type { BPF, StructOpsOptions } from "bpfts";
 * const options: StructOpsOptions = { map: "my_congestion_control" };
 * const attach = (b: BPF): unknown => b.attach_struct_ops(options);
 */
export interface StructOpsOptions {
  /** The name of a variable of `SEC(".struct_ops")` in the C text. */
  readonly map: string;
}

/**
 * Where a tracepoint program goes: one tracepoint, or all whose names a regular expression matches from the start.
 *
 * @example
 * import type { BPF, TracepointTarget } from "bpfts";
 * const places: readonly TracepointTarget[] = [{ tp: "sched:sched_switch" }, { tp_re: "block:block_rq_.*", limit: 20 }];
 * const attach = (b: BPF): unknown => places.map((place) => b.attach_tracepoint({ ...place, fn_name: "on_event" }));
 */
export type TracepointTarget =
  | {
      /** The tracepoint: `"category:event"`. */
      readonly tp: `${string}:${string}`;
      /** Not with `tp`. */
      readonly tp_re?: undefined;
      /** Only with `tp_re`. */
      readonly limit?: undefined;
    }
  | {
      /** Not with `tp_re`. */
      readonly tp?: undefined;
      /** A regular expression that matches names of tracepoints, as `category:event`, from their start. */
      readonly tp_re: string;
      /** An error when it matches more than so many; no limit unless given. */
      readonly limit?: number | undefined;
    };

/**
 * What `attach_tracepoint` takes.
 *
 * @example
 * import type { BPF, TracepointOptions } from "bpfts";
 * const options: TracepointOptions = { tp: "sched:sched_switch", fn_name: "on_switch" };
 * const attach = (b: BPF): unknown => b.attach_tracepoint(options);
 */
export type TracepointOptions<Functions extends string = string> = TracepointTarget & RunsFunction<Functions>;

/**
 * Where a uprobe goes: a symbol, all symbols that match, or an address, in a program or library.
 *
 * @example
 * import type { BPF, UprobeTarget } from "bpfts";
 * const places: readonly UprobeTarget[] = [{ name: "c", sym: "malloc" }, { name: "/usr/bin/app", addr: 0x1140n }];
 * const attach = (b: BPF): unknown => places.map((place) => b.attach_uprobe({ ...place, fn_name: "on_call" }));
 */
export type UprobeTarget = {
  /** A library's short name (`"c"`), a path, or a command of PATH. */
  readonly name: string;
  /** Only this process, and the binary as it sees it; every process unless given. */
  readonly pid?: number | undefined;
} & (
  | {
      /** The function's name in the binary, or a C++ or Rust name as people write it. */
      readonly sym: string;
      /** Not with `sym`. */
      readonly sym_re?: undefined;
      /** Only with `sym_re`. */
      readonly limit?: undefined;
      /** Not with `sym`. */
      readonly addr?: undefined;
      /** How far behind the function's start. Units: bytes. */
      readonly sym_off?: number | undefined;
    }
  | {
      /** Not with `sym_re`. */
      readonly sym?: undefined;
      /** A regular expression that matches names of functions from their start. */
      readonly sym_re: string;
      /** An error when it matches more than so many; no limit unless given. */
      readonly limit?: number | undefined;
      /** Not with `sym_re`. */
      readonly addr?: undefined;
      /** Only with `sym`. */
      readonly sym_off?: undefined;
    }
  | {
      /** Not with `addr`. */
      readonly sym?: undefined;
      /** Not with `addr`. */
      readonly sym_re?: undefined;
      /** Only with `sym_re`. */
      readonly limit?: undefined;
      /** An address in the binary's own numbering, as `nm` prints it. */
      readonly addr: bigint | number;
      /** Only with `sym`. */
      readonly sym_off?: undefined;
    }
);

/**
 * What `attach_uprobe` and `attach_uretprobe` take.
 *
 * @example
 * import type { BPF, UprobeOptions } from "bpfts";
 * const options: UprobeOptions = { name: "c", sym: "getaddrinfo", fn_name: "on_lookup" };
 * const attach = (b: BPF): unknown => b.attach_uprobe(options);
 */
export type UprobeOptions<Functions extends string = string> = UprobeTarget & RunsFunction<Functions>;

/**
 * What `attach_func` takes: where a program of a cgroup or of sockets goes.
 *
 * @example
 * import type { BPF, FuncOptions } from "bpfts";
 * const options: FuncOptions = { fn_name: "on_connect", attach_type: 10, cgroup: "/sys/fs/cgroup/web" };
 * const attach = (b: BPF): unknown => b.attach_func(options);
 */
export type FuncOptions<Functions extends string = string> = RunsFunction<Functions> & {
  /** What the function is loaded and attached as: one of `BPFAttachType`. Source: enum bpf_attach_type. */
  readonly attach_type: number;
} & (
    | {
        /** The path of a cgroup of version 2. */
        readonly cgroup: string;
        /** Not with `cgroup`. */
        readonly map?: undefined;
      }
    | {
        /** Not with `map`. */
        readonly cgroup?: undefined;
        /** A sockmap or sockhash of the same program. */
        readonly map: { readonly name: string };
      }
  );

/**
 * What `attach_freplace` takes.
 *
 * @example
 * import type { BPF, BpfFunction, FreplaceOptions } from "bpfts";
 * const options = (target: BpfFunction): FreplaceOptions => ({ fn_name: "new_policy", target, func: "policy" });
 * const attach = (b: BPF, target: BpfFunction): unknown => b.attach_freplace(options(target));
 */
export interface FreplaceOptions<Functions extends string = string> extends RunsFunction<Functions> {
  /** The program whose function is replaced: what `load_func` answered, the id of a program, or the path of its pin. */
  readonly target: BpfFunction | number | string;
  /** The function; without it the section names it: `SEC("freplace/NAME")`. */
  readonly func?: string | undefined;
}

/**
 * What `attach_raw_tracepoint` takes.
 *
 * @example
 * import type { BPF, RawTracepointOptions } from "bpfts";
 * const options: RawTracepointOptions = { tp: "sched_switch", fn_name: "on_switch" };
 * const attach = (b: BPF): unknown => b.attach_raw_tracepoint(options);
 */
export interface RawTracepointOptions<Functions extends string = string> extends RunsFunction<Functions> {
  /** The tracepoint's own name, without its category. */
  readonly tp: string;
}

/** A program of a cgroup or of sockets as it crosses to the host. */
export function describeFunc(options: FuncOptions): AttachArgument {
  requireOptions("attach_func()", options, ["fn_name", "attach_type", "cgroup", "map"]);
  requireInteger("attach_func()", "attach_type", options.attach_type ?? null, 0, MAX.u32);
  return {
    kind: "func",
    fnName: options.fn_name,
    attachType: options.attach_type,
    ...(options.cgroup === undefined ? {} : { cgroup: options.cgroup }),
    ...(options.map === undefined ? {} : { map: options.map.name }),
  };
}

/** A program in the place of another one's function as it crosses to the host. */
export function describeFreplace(options: FreplaceOptions): AttachArgument {
  requireOptions("attach_freplace()", options, ["fn_name", "target", "func"]);
  const { target, func } = options;
  if (func !== undefined) requireText("attach_freplace()", "func", func);
  return {
    kind: "freplace",
    fnName: options.fn_name,
    target: describeTarget(target),
    ...(func === undefined ? {} : { func }),
  };
}

function describeTarget(target: FreplaceOptions["target"]): (AttachArgument & { readonly kind: "freplace" })["target"] {
  if (target instanceof BpfFunction) return { program: target.program, name: target.name };
  if (typeof target === "string" && target.startsWith("/")) return { pin: target };
  if (typeof target === "number") {
    requireInteger("attach_freplace()", "target", target, 1, MAX.u32);
    return { id: target };
  }
  throw makeArgumentError(
    "attach_freplace() takes target as a loaded function, the id of a program, or the path of its pin",
    'for example target: b.load_func("classify", BPF.XDP)',
  );
}

/** A kprobe as it crosses to the host. */
export function describeKprobe(
  kind: "kprobe" | "kretprobe",
  options: KprobeTarget & Partial<RunsFunction>,
): AttachArgument & { readonly kind: "kprobe" | "kretprobe" } {
  const own = kind === "kprobe" ? "session" : "maxactive";
  requireOptions(`A ${kind}`, options, ["event", "event_re", "fn_name", "event_off", "limit", own]);
  requireInteger(`A ${kind}`, "event_off", options.event_off, 0, MAX.u32);
  requireInteger(`A ${kind}`, "maxactive", (options as { readonly maxactive?: number }).maxactive, 0, MAX.i32);
  return {
    kind,
    fnName: options.fn_name ?? "",
    ...(options.event === undefined ? {} : { event: options.event }),
    ...(options.event_re === undefined ? {} : { eventRe: options.event_re }),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(options.event_off === undefined ? {} : { eventOff: options.event_off }),
    ...((options as { readonly session?: boolean }).session === true ? { session: true } : {}),
  };
}

/** A tracepoint as it crosses to the host. */
export function describeTracepoint(options: TracepointTarget & Partial<RunsFunction>): AttachArgument {
  requireOptions("A tracepoint", options, ["tp", "tp_re", "fn_name", "limit"]);
  return {
    kind: "tracepoint",
    fnName: options.fn_name ?? "",
    ...(options.tp === undefined ? {} : { tp: options.tp }),
    ...(options.tp_re === undefined ? {} : { tpRe: options.tp_re }),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  };
}

/** A uprobe as it crosses to the host. */
export function describeUprobe(
  kind: "uprobe" | "uretprobe",
  options: UprobeTarget & Partial<RunsFunction>,
): AttachArgument {
  requireOptions(`A ${kind}`, options, ["name", "sym", "sym_re", "addr", "fn_name", "sym_off", "pid", "limit"]);
  if (typeof options.addr !== "bigint") requireInteger(`A ${kind}`, "addr", options.addr, 0, MAX.u64);
  requireInteger(`A ${kind}`, "sym_off", options.sym_off, 0, MAX.u64);
  requireInteger(`A ${kind}`, "pid", options.pid, -1, MAX.i32);
  return {
    kind,
    fnName: options.fn_name ?? "",
    name: options.name,
    ...(options.sym === undefined ? {} : { sym: options.sym }),
    ...(options.sym_re === undefined ? {} : { symRe: options.sym_re }),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(options.addr === undefined ? {} : { addr: String(options.addr) }),
    ...(options.sym_off === undefined ? {} : { symOff: options.sym_off }),
    ...(options.pid === undefined ? {} : { pid: options.pid }),
  };
}
