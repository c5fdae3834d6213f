import { requireOptions } from "../checks/check-options.ts";
import type { AttachArgument } from "../wire/protocol.ts";

/** Where a kprobe goes: one function, or all that a regular expression matches whole. */
export interface KprobeOptions {
  readonly event?: string;
  readonly event_re?: string;
  /** Units: bytes from the function's start. */
  readonly event_off?: number;
  /** The C function that runs there. */
  readonly fn_name: string;
}

/** Where a tracepoint program goes: one event, or all whose names a regular expression matches from the start. */
export interface TracepointOptions {
  /** `"category:event"` */
  readonly tp?: string;
  readonly tp_re?: string;
  readonly fn_name: string;
}

/** Where a uprobe goes: a symbol, all symbols that match, or an address, in a program or library. */
export interface UprobeOptions {
  /** A library (`"c"`), a path or a program. */
  readonly name: string;
  readonly sym?: string;
  readonly sym_re?: string;
  readonly addr?: bigint | number;
  readonly sym_off?: number;
  readonly pid?: number;
  readonly fn_name: string;
}

/** What a perf event program samples. */
export interface PerfEventOptions {
  /** Source: enum perf_type_id, here `PerfType`. */
  readonly ev_type: number;
  /** Source: enum perf_sw_ids and enum perf_hw_id, here `PerfSWConfig` and `PerfHWConfig`. */
  readonly ev_config: number;
  readonly fn_name: string;
  /** Exactly one of `sample_period` and `sample_freq`. */
  readonly sample_period?: number;
  /** Units: samples per second. */
  readonly sample_freq?: number;
  readonly pid?: number;
  readonly cpu?: number;
}

/** Where a program of a cgroup or of sockets goes: exactly one of `cgroup` and `map`. */
export interface FuncOptions {
  readonly fn_name: string;
  /** Source: enum bpf_attach_type, here `BPFAttachType`. */
  readonly attach_type: number;
  /** The path of a cgroup of version 2. */
  readonly cgroup?: string;
  /** A sockmap or sockhash of the same program. */
  readonly map?: { readonly name: string };
}

/** A program of a cgroup or of sockets as it crosses to the host. */
export function describeFunc(options: FuncOptions): AttachArgument {
  requireOptions("attach_func()", options, ["fn_name", "attach_type", "cgroup", "map"]);
  return {
    kind: "func",
    fnName: options.fn_name,
    attachType: options.attach_type,
    ...(options.cgroup === undefined ? {} : { cgroup: options.cgroup }),
    ...(options.map === undefined ? {} : { map: options.map.name }),
  };
}

/** A kprobe as it crosses to the host. */
export function describeKprobe(
  kind: "kprobe" | "kretprobe",
  options: KprobeOptions,
): AttachArgument & { readonly kind: "kprobe" | "kretprobe" } {
  requireOptions(`A ${kind}`, options, ["event", "event_re", "fn_name", "event_off", "maxactive"]);
  return {
    kind,
    fnName: options.fn_name,
    ...(options.event === undefined ? {} : { event: options.event }),
    ...(options.event_re === undefined ? {} : { eventRe: options.event_re }),
    ...(options.event_off === undefined ? {} : { eventOff: options.event_off }),
  };
}

/** A tracepoint as it crosses to the host. */
export function describeTracepoint(options: TracepointOptions): AttachArgument {
  requireOptions("A tracepoint", options, ["tp", "tp_re", "fn_name"]);
  return {
    kind: "tracepoint",
    fnName: options.fn_name,
    ...(options.tp === undefined ? {} : { tp: options.tp }),
    ...(options.tp_re === undefined ? {} : { tpRe: options.tp_re }),
  };
}

/** A uprobe as it crosses to the host. */
export function describeUprobe(kind: "uprobe" | "uretprobe", options: UprobeOptions): AttachArgument {
  requireOptions(`A ${kind}`, options, ["name", "sym", "sym_re", "addr", "fn_name", "sym_off", "pid"]);
  return {
    kind,
    fnName: options.fn_name,
    name: options.name,
    ...(options.sym === undefined ? {} : { sym: options.sym }),
    ...(options.sym_re === undefined ? {} : { symRe: options.sym_re }),
    ...(options.addr === undefined ? {} : { addr: String(options.addr) }),
    ...(options.sym_off === undefined ? {} : { symOff: options.sym_off }),
    ...(options.pid === undefined ? {} : { pid: options.pid }),
  };
}

/** A perf event as it crosses to the host. */
export function describePerfEvent(options: PerfEventOptions): AttachArgument {
  requireOptions("A perf event", options, [
    "ev_type",
    "ev_config",
    "fn_name",
    "sample_period",
    "sample_freq",
    "pid",
    "cpu",
  ]);
  return {
    kind: "perf_event",
    fnName: options.fn_name,
    evType: options.ev_type,
    evConfig: options.ev_config,
    ...(options.sample_period === undefined ? {} : { samplePeriod: options.sample_period }),
    ...(options.sample_freq === undefined ? {} : { sampleFreq: options.sample_freq }),
    ...(options.pid === undefined ? {} : { pid: options.pid }),
    ...(options.cpu === undefined ? {} : { cpu: options.cpu }),
  };
}
