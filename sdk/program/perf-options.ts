import { MAX, requireInteger, requireOptions } from "../checks/check-options.ts";
import { makeArgumentError } from "../wire/errors.ts";
import type { PerfEventArgument, PerfFlag } from "../wire/attach-argument.ts";
import type { RunsFunction } from "./attach-options.ts";

/**
 * Which perf event.
 *
 * @example
 * import { PerfSWConfig, PerfType, print, type PerfEventTarget } from "bpfts";
 * const faults: PerfEventTarget = { ev_type: PerfType.SOFTWARE, ev_config: PerfSWConfig.PAGE_FAULTS };
 * print(faults.ev_type); // 1
 */
export interface PerfEventTarget {
  /** The kind of event: one of `PerfType`. Source: enum perf_type_id. */
  readonly ev_type: number;
  /** The event: one of `PerfSWConfig` or `PerfHWConfig`, `cache_config(…)`, or the processor's own number for `PerfType.RAW`. Source: enum perf_sw_ids, enum perf_hw_id. */
  readonly ev_config: number | bigint;
}

/** How often an event runs the function. */
type PerfSampling =
  | {
      /** A sample each time that so many events came. */
      readonly sample_period: number;
      readonly sample_freq?: undefined;
    }
  | {
      readonly sample_period?: undefined;
      /** So many samples a second. */
      readonly sample_freq: number;
    };

/** Whose events. */
interface PerfPlace {
  /** Only this process, all of its threads and what it starts; every process unless given. */
  readonly pid?: number | undefined;
  /** Only this CPU; every CPU unless given. */
  readonly cpu?: number | undefined;
}

/**
 * What `attach_perf_event` takes.
 *
 * @example
 * import { PerfSWConfig, PerfType, type BPF, type PerfEventOptions } from "bpfts";
 * const options: PerfEventOptions = {
 *   ev_type: PerfType.SOFTWARE,
 *   ev_config: PerfSWConfig.CPU_CLOCK,
 *   sample_freq: 99,
 *   fn_name: "on_sample",
 * };
 * const attach = (b: BPF): unknown => b.attach_perf_event(options);
 */
export type PerfEventOptions<Functions extends string = string> = PerfEventTarget &
  RunsFunction<Functions> &
  PerfPlace &
  PerfSampling;

/**
 * An event in the kernel's own words. Source: struct perf_event_attr of linux/perf_event.h.
 *
 * @example
 * import { PerfSWConfig, PerfType, print, type PerfEventAttr } from "bpfts";
 * const attr: PerfEventAttr = { type: PerfType.SOFTWARE, config: PerfSWConfig.CPU_CLOCK, sample_freq: 99 };
 * print(attr.sample_freq); // 99
 */
export type PerfEventAttr = PerfSampling & {
  /** One of `PerfType`, or the number in /sys/bus/event_source/devices/DEVICE/type. */
  readonly type: number;
  /** The event, in the numbering of its type. */
  readonly config?: number | bigint;
  /** More of the event, for devices that need it. */
  readonly config1?: number | bigint;
  /** More of the event, for devices that need it. */
  readonly config2?: number | bigint;
  /** For `PerfType.BREAKPOINT`: 1 an access that reads, 2 one that writes, 3 both, 4 an execution. */
  readonly bp_type?: number;
  /** Where the breakpoint is, an address of the kernel's or of the process. */
  readonly bp_addr?: number | bigint;
  /** Units: bytes: 1, 2, 4 or 8. */
  readonly bp_len?: number;
  /** How near a sample must be to its event: 0 to 3. */
  readonly precise_ip?: number;
  /** Whether what a process starts is seen, too: yes with `pid`. */
  readonly inherit?: boolean;
  /** The event is always on its CPU, or fails: it shares no counter with others. */
  readonly pinned?: boolean;
  /** Nothing else is counted on that CPU meanwhile. */
  readonly exclusive?: boolean;
  /** Leaves out what happens in programs. */
  readonly exclude_user?: boolean;
  /** Leaves out what happens in the kernel. */
  readonly exclude_kernel?: boolean;
  /** Leaves out what happens in the hypervisor. */
  readonly exclude_hv?: boolean;
  /** Leaves out a CPU that has nothing to do. */
  readonly exclude_idle?: boolean;
  /** Leaves out the machine itself: only its virtual machines are counted. */
  readonly exclude_host?: boolean;
  /** Leaves out what happens in virtual machines. */
  readonly exclude_guest?: boolean;
};

/**
 * What `attach_perf_event_raw` takes.
 *
 * @example
 * import { PerfSWConfig, PerfType, type BPF, type PerfEventRawOptions } from "bpfts";
 * const options: PerfEventRawOptions = {
 *   attr: { type: PerfType.SOFTWARE, config: PerfSWConfig.PAGE_FAULTS, sample_period: 1 },
 *   fn_name: "on_fault",
 * };
 * const attach = (b: BPF): unknown => b.attach_perf_event_raw(options);
 */
export type PerfEventRawOptions<Functions extends string = string> = RunsFunction<Functions> &
  PerfPlace & {
    /** The event, and how often it runs the function. */
    readonly attr: PerfEventAttr;
  };

const flagNames: Readonly<Record<PerfFlag, keyof PerfEventAttr>> = {
  inherit: "inherit",
  pinned: "pinned",
  exclusive: "exclusive",
  excludeUser: "exclude_user",
  excludeKernel: "exclude_kernel",
  excludeHv: "exclude_hv",
  excludeIdle: "exclude_idle",
  excludeHost: "exclude_host",
  excludeGuest: "exclude_guest",
};

/** A perf event as it crosses to the host. */
export function describePerfEvent(options: PerfEventTarget & Partial<PerfEventOptions>): PerfEventArgument {
  const what = "A perf event";
  requireOptions(what, options, ["ev_type", "ev_config", "fn_name", "sample_period", "sample_freq", "pid", "cpu"]);
  requireInteger(what, "ev_type", options.ev_type ?? null, 0, MAX.u32);
  return {
    kind: "perf_event",
    fnName: options.fn_name ?? "",
    evType: options.ev_type,
    evConfig: renderU64(what, "ev_config", options.ev_config ?? null),
    ...describeSampling(what, options),
    ...describePlace(what, options),
  };
}

/** A perf event in the kernel's words as it crosses to the host. */
export function describeRawPerfEvent(options: Partial<PerfEventRawOptions>): PerfEventArgument {
  const what = "A raw perf event";
  requireOptions(what, options, ["attr", "fn_name", "pid", "cpu"]);
  const attr = options.attr as PerfEventAttr;
  requireOptions(`${what}: attr`, attr, [
    "type",
    "config",
    "sample_period",
    "sample_freq",
    "config1",
    "config2",
    "bp_type",
    "bp_addr",
    "bp_len",
    "precise_ip",
    ...Object.values(flagNames),
  ]);
  requireInteger(what, "type", attr.type ?? null, 0, MAX.u32);
  requireInteger(what, "bp_type", attr.bp_type, 0, 4);
  requireInteger(what, "bp_len", attr.bp_len, 1, 8);
  requireInteger(what, "precise_ip", attr.precise_ip, 0, 3);
  const flags = Object.entries(flagNames).flatMap(([flag, name]) => {
    const value = attr[name];
    if (value !== undefined && typeof value !== "boolean")
      throw makeArgumentError(`${what} takes ${name} as true or false, got ${String(value)}`);
    return value === undefined ? [] : [[flag, value] as const];
  });
  return {
    kind: "perf_event",
    fnName: options.fn_name ?? "",
    evType: attr.type,
    evConfig: renderU64(what, "config", attr.config ?? 0),
    config1: renderU64(what, "bp_addr", attr.bp_addr ?? attr.config1 ?? 0),
    config2: renderU64(what, "config2", attr.bp_len ?? attr.config2 ?? 0),
    ...(attr.bp_type === undefined ? {} : { bpType: attr.bp_type }),
    ...(attr.precise_ip === undefined ? {} : { preciseIp: attr.precise_ip }),
    ...(flags.length === 0 ? {} : { flags: Object.fromEntries(flags) }),
    ...describeSampling(what, attr),
    ...describePlace(what, options),
  };
}

function describeSampling(
  what: string,
  {
    sample_period,
    sample_freq,
  }: { readonly sample_period?: number | undefined; readonly sample_freq?: number | undefined },
): Pick<PerfEventArgument, "samplePeriod" | "sampleFreq"> {
  requireInteger(what, "sample_period", sample_period, 1, MAX.u64);
  requireInteger(what, "sample_freq", sample_freq, 1, MAX.u64);
  return {
    ...(sample_period === undefined ? {} : { samplePeriod: sample_period }),
    ...(sample_freq === undefined ? {} : { sampleFreq: sample_freq }),
  };
}

function describePlace(what: string, { pid, cpu }: PerfPlace): Pick<PerfEventArgument, "pid" | "cpu"> {
  requireInteger(what, "pid", pid, -1, MAX.i32);
  requireInteger(what, "cpu", cpu, -1, MAX.i32);
  return { ...(pid === undefined ? {} : { pid }), ...(cpu === undefined ? {} : { cpu }) };
}

function renderU64(what: string, name: string, value: number | bigint | null): string {
  if (typeof value !== "bigint") requireInteger(what, name, value, 0, MAX.u64);
  else if (value < 0n || value >= 1n << 64n)
    throw makeArgumentError(`${what} takes ${name} from 0 to 2^64 - 1, got ${value}`);
  return String(value);
}
