let started = 0n;

/** Notes when the script began, on the clock of `bpf_ktime_get_ns`. */
export function noteStart(monotonicNs: bigint): void {
  started = monotonicNs;
}

/** When the script began, on the clock of `bpf_ktime_get_ns`. Units: nanoseconds. */
export function startedNs(): bigint {
  return started;
}
