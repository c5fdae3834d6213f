import { InternalError, PrivilegeError, UnsupportedFeatureError } from "../../base/errors.ts";
import type { Closable } from "../../base/scope.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import { listLiveIds } from "../../kernel/live/live-object.ts";
import { readProgramRuns } from "../../kernel/live/program-info.ts";

/** How often and how long the programs had run at one time. */
export interface Sample {
  /** Units: ns, of a clock that only goes forward. */
  readonly timeNs: bigint;
  readonly programs: ReadonlyMap<number, { readonly runCount: bigint; readonly runTimeNs: bigint }>;
}

/** What one program did between two samples, and since the kernel began to count. */
export interface ProgramLoad {
  readonly id: number;
  readonly period_runs: number;
  readonly period_run_time_ns: number;
  readonly events_per_second: number;
  /** Units: ns a run, 0 for none. */
  readonly period_average_ns: number;
  readonly total_average_ns: number;
  /** Of one CPU. */
  readonly cpu_percent: number;
  readonly run_cnt: bigint;
  readonly run_time_ns: bigint;
}

/**
 * Makes the kernel count runs of programs until it is closed, or this process has ended in whatever way.
 *
 * @throws PrivilegeError, UnsupportedFeatureError
 */
export function openStatistics(port: KernelPort): Closable {
  const counting = port.statsEnable();
  if (counting >= 0) return { close: () => void port.descriptorClose(counting) };
  if (counting === errno.EPERM || counting === errno.EACCES)
    throw new PrivilegeError(`Cannot make the kernel count runs of BPF programs: ${renderErrno(counting)}`, {
      errno: -counting,
      hint: "run bpfts as root: counting costs every program some time, so the kernel wants CAP_SYS_ADMIN",
    });
  if (counting === errno.EINVAL)
    throw new UnsupportedFeatureError("stats", "This kernel cannot count runs of BPF programs for a while", {
      since: "5.8",
      hint: "sysctl kernel.bpf_stats_enabled=1 makes it count until it is set to 0 again; bpfts prog ID shows the counts",
    });
  throw new InternalError(`Cannot make the kernel count runs of BPF programs: ${renderErrno(counting)}`, {
    errno: -counting,
  });
}

/** Reads the counts of all programs. @throws PrivilegeError */
export function takeSample(port: KernelPort, readTimeNs: () => bigint = () => process.hrtime.bigint()): Sample {
  const programs = new Map<number, { readonly runCount: bigint; readonly runTimeNs: bigint }>();
  for (const id of listLiveIds(port, "program")) {
    const runs = readProgramRuns(port, id);
    if (runs !== undefined) programs.set(id, runs);
  }
  return { timeNs: readTimeNs(), programs };
}

/** Compares two samples. A program that is new began at zero; one that is gone has no row. */
export function compareSamples(before: Sample, after: Sample): readonly ProgramLoad[] {
  const seconds = Number(after.timeNs - before.timeNs) / 1e9;
  return [...after.programs].map(([id, { runCount, runTimeNs }]) => {
    const old = before.programs.get(id);
    const runs = Number(runCount - (old?.runCount ?? 0n));
    const time = Number(runTimeNs - (old?.runTimeNs ?? 0n));
    return {
      id,
      period_runs: runs,
      period_run_time_ns: time,
      events_per_second: round(runs / seconds, 10),
      period_average_ns: runs === 0 ? 0 : Math.round(time / runs),
      total_average_ns: runCount === 0n ? 0 : Number(runTimeNs / runCount),
      cpu_percent: round((time / 1e9 / seconds) * 100, 1000),
      run_cnt: runCount,
      run_time_ns: runTimeNs,
    };
  });
}

function round(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
