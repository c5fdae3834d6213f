import type { Handle } from "./handle.ts";

/** An event that fires a program. Source: struct perf_event_attr, perf_event_open(2). */
export interface PerfEventTarget {
  readonly type: number;
  readonly config: bigint;
  /** Exactly one of the two is not 0n. */
  readonly samplePeriod: bigint;
  readonly sampleFreq: bigint;
  /** A thread, -1 for all; then `cpu` says where. */
  readonly pid: number;
  readonly cpu: number;
  /** What bp_addr is for breakpoints. */
  readonly config1: bigint;
  /** What bp_len is for them. */
  readonly config2: bigint;
  readonly bpType: number;
  /** The bits behind read_format: inherit is 2. */
  readonly flags: bigint;
}

/** The calls that open perf events; the rules of `port.ts` hold. */
export interface PerfPort {
  /** Owner: the caller closes it with linkClose. */
  attachPerfEvent(program: Handle, target: PerfEventTarget): Handle;
  /** Opens a counter and puts it into a perf event array at `index`, where it stays until the link is closed. Without a period and a frequency it only counts. */
  perfCounterOpen(map: Handle, index: number, target: PerfEventTarget): Handle;
}
