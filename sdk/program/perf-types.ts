/** What `attach_perf_event` takes as `ev_type`. Source: enum perf_type_id of linux/perf_event.h. */
export const PerfType = { HARDWARE: 0, SOFTWARE: 1, TRACEPOINT: 2, HW_CACHE: 3, RAW: 4, BREAKPOINT: 5 } as const;

/** What it takes as `ev_config` for `PerfType.HARDWARE`. Source: enum perf_hw_id. */
export const PerfHWConfig = {
  CPU_CYCLES: 0,
  INSTRUCTIONS: 1,
  CACHE_REFERENCES: 2,
  CACHE_MISSES: 3,
  BRANCH_INSTRUCTIONS: 4,
  BRANCH_MISSES: 5,
  BUS_CYCLES: 6,
  STALLED_CYCLES_FRONTEND: 7,
  STALLED_CYCLES_BACKEND: 8,
  REF_CPU_CYCLES: 9,
} as const;

/** What it takes as `ev_config` for `PerfType.SOFTWARE`. Source: enum perf_sw_ids. */
export const PerfSWConfig = {
  CPU_CLOCK: 0,
  TASK_CLOCK: 1,
  PAGE_FAULTS: 2,
  CONTEXT_SWITCHES: 3,
  CPU_MIGRATIONS: 4,
  PAGE_FAULTS_MIN: 5,
  PAGE_FAULTS_MAJ: 6,
  ALIGNMENT_FAULTS: 7,
  EMULATION_FAULTS: 8,
  DUMMY: 9,
  BPF_OUTPUT: 10,
  CGROUP_SWITCHES: 11,
} as const;

/** Which cache, for `cache_config`. Source: enum perf_hw_cache_id. */
export const PerfCache = { L1D: 0, L1I: 1, LL: 2, DTLB: 3, ITLB: 4, BPU: 5, NODE: 6 } as const;

/** What is done with it. Source: enum perf_hw_cache_op_id. */
export const PerfCacheOp = { READ: 0, WRITE: 1, PREFETCH: 2 } as const;

/** How it went. Source: enum perf_hw_cache_op_result_id. */
export const PerfCacheResult = { ACCESS: 0, MISS: 1 } as const;

/** The `ev_config` of `PerfType.HW_CACHE`: `cache_config(PerfCache.LL, PerfCacheOp.READ, PerfCacheResult.MISS)`. Source: perf_event_open(2). */
export function cache_config(cache: number, op: number, result: number): number {
  return cache | (op << 8) | (result << 16);
}
