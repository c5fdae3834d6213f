import { ArgumentError, AttachError } from "../../base/errors.ts";
import type { PerfEventArgument } from "../../../sdk/wire/attach-argument.ts";
import { errno, renderErrno } from "../door/errno.ts";
import type { PerfEventTarget } from "../door/perf-port.ts";
import type { AttachTarget } from "./attach.ts";
import { systemFiles } from "../door/system-files.ts";

/** Bits of struct perf_event_attr by their names. Source: include/uapi/linux/perf_event.h */
const flagBits = {
  inherit: 1,
  pinned: 2,
  exclusive: 3,
  excludeUser: 4,
  excludeKernel: 5,
  excludeHv: 6,
  excludeIdle: 7,
  excludeHost: 19,
  excludeGuest: 20,
} as const;

const PRECISE_IP_BIT = 15n;

/** An event without what only some kinds have. */
export const plainPerfEvent = { config1: 0n, config2: 0n, bpType: 0, flags: 0n } as const;

/** What a perf event is known by when it is detached. */
export function renderPerfKey({ evType, evConfig, config1 = "0" }: PerfEventArgument): string {
  return `${evType}:${evConfig}:${config1}`;
}

/**
 * Describes the events of one `attach_perf_event`: one for each CPU; with a process, one for each of its threads, which what they start inherits.
 *
 * Source: perf_event_open(2). @throws ArgumentError, AttachError when there is no such process
 */
export function describePerfEvents(asked: PerfEventArgument, onlineCpus: readonly number[]): AttachTarget[] {
  const { samplePeriod, sampleFreq, pid = -1, cpu = -1 } = asked;
  // To detach, the event is enough.
  const isAttach = samplePeriod !== undefined || sampleFreq !== undefined;
  if (isAttach && (samplePeriod ?? 0) > 0 === (sampleFreq ?? 0) > 0)
    throw new ArgumentError("attach_perf_event needs exactly one of sample_period and sample_freq");
  if (cpu >= 0 && !onlineCpus.includes(cpu))
    throw new ArgumentError(`Cannot attach "${asked.fnName}" to a perf event: there is no CPU ${cpu}`, {
      hint: `the CPUs are ${onlineCpus.join(", ")}`,
    });
  const places =
    pid > 0
      ? listThreads(asked.fnName, pid).map((tid) => ({ pid: tid, cpu }))
      : (cpu >= 0 ? [cpu] : onlineCpus).map((each) => ({ pid: -1, cpu: each }));
  const event = encodeEvent(asked);
  return places.map((place) => ({
    key: renderPerfKey(asked),
    label: `type ${asked.evType} config ${asked.evConfig}${place.pid > 0 ? ` of thread ${place.pid}` : ""}${place.cpu >= 0 ? ` on CPU ${place.cpu}` : ""}`,
    open: (port, program) => port.attachPerfEvent(program, { ...event, ...place }),
    explain: (_port, status) => explainPerfEvent(asked, status),
  }));
}

function encodeEvent(asked: PerfEventArgument): Omit<PerfEventTarget, "pid" | "cpu"> {
  // As in BCC, what a process starts belongs to it.
  const wanted = { ...asked.flags, inherit: asked.flags?.inherit ?? (asked.pid ?? -1) > 0 };
  let flags = BigInt(asked.preciseIp ?? 0) << PRECISE_IP_BIT;
  for (const [name, bit] of Object.entries(flagBits))
    if (wanted[name as keyof typeof flagBits]) flags |= 1n << BigInt(bit);
  return {
    type: asked.evType,
    config: BigInt(asked.evConfig),
    samplePeriod: BigInt(asked.samplePeriod ?? 0),
    sampleFreq: BigInt(asked.sampleFreq ?? 0),
    config1: BigInt(asked.config1 ?? 0),
    config2: BigInt(asked.config2 ?? 0),
    bpType: asked.bpType ?? 0,
    flags,
  };
}

/** An event belongs to one thread: the others of a process have their own. */
function listThreads(functionName: string, pid: number): number[] {
  try {
    return systemFiles.list(`/proc/${pid}/task`).map(({ name }) => Number(name));
  } catch (cause) {
    throw new AttachError(`Cannot attach "${functionName}" to a perf event: there is no process ${pid}`, { cause });
  }
}

function explainPerfEvent(asked: PerfEventArgument, status: number): ReturnType<NonNullable<AttachTarget["explain"]>> {
  if (status === errno.ENOENT || status === errno.EOPNOTSUPP || status === errno.ENODEV)
    return {
      reason: `this machine has no such event (${renderErrno(status)})`,
      hint: "virtual machines seldom have hardware events: try PerfType.SOFTWARE with PerfSWConfig.CPU_CLOCK",
      unsupported: "perf_event",
    };
  if (status === errno.ESRCH) return { reason: `there is no process ${asked.pid}` };
  const most = readNumber("/proc/sys/kernel/perf_event_max_sample_rate");
  if (status === errno.EINVAL && most !== undefined && (asked.sampleFreq ?? 0) > most)
    return {
      reason: `the kernel takes at most ${most} samples a second`,
      hint: "sample less often, or as root: sysctl kernel.perf_event_max_sample_rate=N",
    };
  if (status === errno.EINVAL)
    return {
      reason: `the kernel knows no such event, or not with these options (${renderErrno(status)})`,
      hint: "ev_config belongs to ev_type: PerfSWConfig to PerfType.SOFTWARE, PerfHWConfig to PerfType.HARDWARE",
    };
  return undefined;
}

function readNumber(path: string): number | undefined {
  try {
    return Number(systemFiles.readText(path));
  } catch {
    return undefined;
  }
}
