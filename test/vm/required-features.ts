import type { FeatureName } from "../../runtime/kernel/features.ts";

/** What every kernel of the table has. */
const always: readonly FeatureName[] = ["btf", "tracefs", "ringbuf", "kprobe", "uprobe", "fentry", "lsm", "iter", "batch", "probe_read_kernel", "trace_pipe_instance"];

/** What must be there on a kernel, by the name of its row: missing there, it is a failure and no skip. */
export const requiredFeatures: Readonly<Record<string, readonly FeatureName[]>> = {
  "5.10": always,
  "6.1": [...always, "bpf_cookie", "trace_vprintk"],
  "6.12": [...always, "bpf_cookie", "trace_vprintk", "kprobe_multi"],
  newest: [...always, "bpf_cookie", "trace_vprintk", "kprobe_multi"],
};
