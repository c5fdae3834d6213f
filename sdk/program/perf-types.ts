/**
 * What `attach_perf_event` takes as `ev_type`. Source: enum perf_type_id of linux/perf_event.h.
 *
 * @example
 * import { BPF, PerfSWConfig, PerfType, sleep } from "bpfts";
 * const b = new BPF({
 *   text: `
 * BPF_HASH(samples, u32, u64);
 * int on_sample(struct bpf_perf_event_data *ctx) {
 *     samples.increment(bpf_get_current_pid_tgid() >> 32);
 *     return 0;
 * }`,
 * });
 * b.attach_perf_event({
 *   ev_type: PerfType.SOFTWARE,
 *   ev_config: PerfSWConfig.CPU_CLOCK,
 *   sample_freq: 49,
 *   fn_name: "on_sample",
 * });
 * sleep(0.1);
 */
export const PerfType = { HARDWARE: 0, SOFTWARE: 1, TRACEPOINT: 2, HW_CACHE: 3, RAW: 4, BREAKPOINT: 5 } as const;

/**
 * What it takes as `ev_config` for `PerfType.HARDWARE`. Source: enum perf_hw_id.
 *
 * @example
 * import { BPF, PerfHWConfig, PerfType, UnsupportedFeatureError, eprint } from "bpfts";
 * const b = new BPF({ text: `int on_sample(struct bpf_perf_event_data *ctx) { return 0; }` });
 * try {
 *   b.attach_perf_event({
 *     ev_type: PerfType.HARDWARE,
 *     ev_config: PerfHWConfig.CACHE_MISSES,
 *     sample_period: 100_000,
 *     fn_name: "on_sample",
 *   });
 * } catch (error) {
 *   if (!(error instanceof UnsupportedFeatureError)) throw error;
 *   eprint(error.message); // as in most virtual machines
 * }
 */
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

/**
 * What it takes as `ev_config` for `PerfType.SOFTWARE`. Source: enum perf_sw_ids.
 *
 * @example
 * import { BPF, PerfSWConfig, PerfType } from "bpfts";
 * const b = new BPF({ text: `int on_fault(struct bpf_perf_event_data *ctx) { return 0; }` });
 * b.attach_perf_event({
 *   ev_type: PerfType.SOFTWARE,
 *   ev_config: PerfSWConfig.PAGE_FAULTS,
 *   sample_period: 100,
 *   fn_name: "on_fault",
 * });
 */
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

/**
 * Which cache, for `cache_config`. Source: enum perf_hw_cache_id.
 *
 * @example
 * import { PerfCache, PerfCacheOp, PerfCacheResult, cache_config, print } from "bpfts";
 * print(cache_config(PerfCache.LL, PerfCacheOp.READ, PerfCacheResult.MISS)); // 65538
 */
export const PerfCache = { L1D: 0, L1I: 1, LL: 2, DTLB: 3, ITLB: 4, BPU: 5, NODE: 6 } as const;

/**
 * What is done with it. Source: enum perf_hw_cache_op_id.
 *
 * @example
 * import { PerfCache, PerfCacheOp, PerfCacheResult, cache_config, print } from "bpfts";
 * print(cache_config(PerfCache.L1D, PerfCacheOp.WRITE, PerfCacheResult.ACCESS)); // 256
 */
export const PerfCacheOp = { READ: 0, WRITE: 1, PREFETCH: 2 } as const;

/**
 * How it went. Source: enum perf_hw_cache_op_result_id.
 *
 * @example
 * import { PerfCache, PerfCacheOp, PerfCacheResult, cache_config, print } from "bpfts";
 * print(cache_config(PerfCache.DTLB, PerfCacheOp.READ, PerfCacheResult.MISS)); // 65539
 */
export const PerfCacheResult = { ACCESS: 0, MISS: 1 } as const;

/**
 * The `ev_config` of `PerfType.HW_CACHE`: `cache_config(PerfCache.LL, PerfCacheOp.READ, PerfCacheResult.MISS)`. Source: perf_event_open(2).
 *
 * @example
 * import { PerfCache, PerfCacheOp, PerfCacheResult, cache_config, print } from "bpfts";
 * print(cache_config(PerfCache.LL, PerfCacheOp.READ, PerfCacheResult.MISS)); // 65538
 */
export function cache_config(cache: number, op: number, result: number): number {
  return cache | (op << 8) | (result << 16);
}
