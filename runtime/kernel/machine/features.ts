import { haveKernelSymbol } from "./kallsyms.ts";
import { vmlinuxBtf } from "./machine.ts";
import type { KernelPort, Status } from "../door/port.ts";
import { findTracefs, haveTracepoint } from "./tracefs.ts";
import { systemFiles } from "../door/system-files.ts";

/** Something that one kernel has and another has not: one row each. */
export interface Feature {
  /** Stable, the `feature` of an UnsupportedFeatureError. */
  readonly name: FeatureName;
  /** What it gives, as the object of a sentence. */
  readonly title: string;
  /** The first kernel of kernel.org that has it. */
  readonly since: string;
  /** The option that the kernel must be built with. */
  readonly config?: string;
  /** What to do without it, one sentence without a full stop. */
  readonly instead: string;
  /** True, false, or undefined when it cannot be told. */
  probe(port: KernelPort): boolean | undefined;
}

export type FeatureName =
  | "btf"
  | "tracefs"
  | "ringbuf"
  | "kprobe"
  | "kprobe_multi"
  | "uprobe"
  | "uprobe_multi"
  | "fentry"
  | "lsm"
  | "iter"
  | "bpf_cookie"
  | "batch"
  | "probe_read_kernel"
  | "trace_vprintk"
  | "trace_pipe_instance"
  | "xdp_link"
  | "tcx"
  | "netkit"
  | "netfilter_link";

/** Source: enum bpf_prog_type, enum bpf_map_type, enum bpf_func_id in include/uapi/linux/bpf.h. */
const kprobeType = 2,
  tracingType = 26,
  lsmType = 29,
  ringBufferType = 27;
const probeReadKernel = 113,
  getAttachCookie = 174,
  traceVprintk = 177;

const elsewhere = "try the script on another kernel: bpfts vm run";

export const features: readonly Feature[] = [
  {
    name: "btf",
    title: "the kernel's own types (BTF)",
    since: "5.2",
    config: "CONFIG_DEBUG_INFO_BTF",
    instead: elsewhere,
    probe: () => systemFiles.exists(vmlinuxBtf),
  },
  {
    name: "tracefs",
    title: "tracefs",
    since: "4.1",
    config: "CONFIG_TRACING",
    instead: "as root: mount -t tracefs tracefs /sys/kernel/tracing",
    probe: () => findTracefs() !== undefined || undefined,
  },
  {
    name: "ringbuf",
    title: "ring buffers",
    since: "5.8",
    instead: "use BPF_PERF_OUTPUT",
    probe: (port) => readAnswer(port.probeMapType(ringBufferType)),
  },
  {
    name: "kprobe",
    title: "kprobes",
    since: "4.1",
    config: "CONFIG_KPROBES",
    instead: "use a tracepoint or KFUNC_PROBE",
    probe: () => systemFiles.exists("/sys/bus/event_source/devices/kprobe/type") || haveSymbols(["register_kprobe"]),
  },
  {
    name: "kprobe_multi",
    title: "many kprobes by one link",
    since: "5.18",
    config: "CONFIG_FPROBE",
    instead: "the functions are attached one by one, which is slow",
    probe: () => haveSymbols(["register_fprobe_ips"]),
  },
  {
    name: "uprobe",
    title: "uprobes",
    since: "4.3",
    config: "CONFIG_UPROBE_EVENTS",
    instead: elsewhere,
    probe: () => systemFiles.exists("/sys/bus/event_source/devices/uprobe/type") || haveSymbols(["uprobe_register"]),
  },
  {
    name: "uprobe_multi",
    title: "many uprobes by one link",
    since: "6.6",
    instead: "the functions are attached one by one, which is slow to undo",
    probe: () => haveSymbols(["bpf_uprobe_multi_link_attach"]),
  },
  {
    name: "fentry",
    title: "fentry and fexit programs (KFUNC_PROBE)",
    since: "5.5",
    config: "CONFIG_FUNCTION_TRACER",
    instead: "use a kprobe or a tracepoint",
    probe: (port) => readAnswer(port.probeProgramType(tracingType)),
  },
  {
    name: "lsm",
    title: "LSM programs",
    since: "5.7",
    config: "CONFIG_BPF_LSM",
    instead: "boot with lsm=…,bpf where the kernel has CONFIG_BPF_LSM",
    probe: (port) => readAnswer(port.probeProgramType(lsmType)),
  },
  { name: "iter", title: "iterators", since: "5.8", instead: elsewhere, probe: () => haveSymbols(["bpf_iter_new_fd"]) },
  {
    name: "bpf_cookie",
    title: "cookies of attachments",
    since: "5.15",
    instead: "use one function for each place",
    probe: (port) => readAnswer(port.probeHelper(kprobeType, getAttachCookie)),
  },
  {
    name: "batch",
    title: "batches of map elements",
    since: "5.6",
    instead: "maps are read key by key, which is slower",
    probe: () => haveSymbols(["generic_map_lookup_batch"]),
  },
  {
    name: "probe_read_kernel",
    title: "bpf_probe_read_kernel",
    since: "5.5",
    instead: "bpf_probe_read does it on older kernels",
    probe: (port) => readAnswer(port.probeHelper(kprobeType, probeReadKernel)),
  },
  {
    name: "trace_vprintk",
    title: "bpf_trace_printk with more than three values",
    since: "5.16",
    instead: "print at most three values at a time",
    probe: (port) => readAnswer(port.probeHelper(kprobeType, traceVprintk)),
  },
  {
    name: "trace_pipe_instance",
    title: "a trace pipe for each run",
    since: "5.9",
    instead: "all programs share one trace pipe: run one tool at a time",
    probe: () => haveTracepoint("bpf_trace", "bpf_trace_printk"),
  },
  {
    name: "xdp_link",
    title: "links of XDP programs",
    since: "5.9",
    instead: elsewhere,
    probe: () => haveSymbols(["bpf_xdp_link_attach"]),
  },
  {
    name: "tcx",
    title: "programs in order on a device (tcx)",
    since: "6.6",
    instead: "attach_tc() makes classic filters, which stay when bpfts is killed by SIGKILL",
    probe: () => haveSymbols(["tcx_link_attach"]),
  },
  {
    name: "netkit",
    title: "netkit devices",
    since: "6.7",
    config: "CONFIG_NETKIT",
    instead: "use veth devices and attach_tc()",
    probe: () => haveSymbols(["netkit_link_attach"]),
  },
  {
    name: "netfilter_link",
    title: "BPF programs of netfilter",
    since: "6.4",
    instead: "use attach_tc() or attach_xdp()",
    probe: () => haveSymbols(["bpf_nf_link_attach"]),
  },
];

/** Finds a row by its name. */
export function findFeature(name: string): Feature | undefined {
  return features.find((feature) => feature.name === name);
}

/** Whether this kernel has a feature and this user may use it; undefined when that cannot be told. */
export function haveFeature(port: KernelPort, name: FeatureName): boolean | undefined {
  return findFeature(name)?.probe(port);
}

/** What a kernel must be to have a feature: `"Linux 5.8 or later with CONFIG_X"`. */
export function describeNeed(feature: Feature): string {
  return `Linux ${feature.since} or later${feature.config === undefined ? "" : ` with ${feature.config}`}`;
}

function readAnswer(status: Status): boolean | undefined {
  return status < 0 ? undefined : status === 1;
}

/** Whether the kernel has any of these functions; undefined when it hides its symbols. */
function haveSymbols(names: readonly string[]): boolean | undefined {
  if (names.some(haveKernelSymbol)) return true;
  return haveKernelSymbol("schedule") ? false : undefined;
}
