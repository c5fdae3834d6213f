import type { FeatureName } from "../../runtime/kernel/machine/features.ts";

/** Features that `runtime/kernel/machine/features.ts` has a row for, and those that only tests ask for. */
type RequiredFeature = FeatureName | "bloom_filter" | "sched_ext";

/** What every kernel of the table has. */
const always: readonly RequiredFeature[] = [
  "btf",
  "tracefs",
  "ringbuf",
  "kprobe",
  "uprobe",
  "fentry",
  "lsm",
  "iter",
  "batch",
  "probe_read_kernel",
  "trace_pipe_instance",
];

/** What must be there on a kernel, by the name of its row: missing there, it is a failure and no skip. */
export const requiredFeatures: Readonly<Record<string, readonly RequiredFeature[]>> = {
  "5.10": always,
  "6.1": [...always, "bpf_cookie", "trace_vprintk", "bloom_filter"],
  "6.12": [...always, "bpf_cookie", "trace_vprintk", "bloom_filter", "kprobe_multi"],
  newest: [...always, "bpf_cookie", "trace_vprintk", "bloom_filter", "kprobe_multi", "sched_ext"],
};
