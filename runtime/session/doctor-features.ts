import { describeMissing, describeOk, describeWarning, type DoctorFinding, type DoctorOutside, type DoctorRow } from "./doctor-row.ts";

/** Source: enum bpf_prog_type and enum bpf_map_type of include/uapi/linux/bpf.h. */
const types = { tracepoint: 5, tracing: 26, lsm: 29, ringBuffer: 27 } as const;

const elsewhere = "or try the script on another kernel: bpfts vm run";

/** What the kernel lets this user do, tried where a trial tells more than a name. */
export const featureRows: readonly DoctorRow[] = [
  {
    name: "loading",
    failure: "missing",
    check: (outside) => {
      if (mayLoad(outside)) return describeOk("a tracepoint program loads");
      return describeMissing("the kernel refuses a tracepoint program", "run as root; in a container, outside of it; or in a virtual machine: bpfts vm run");
    },
  },
  describeTrial("ring buffer", (outside) => outside.openPort().probeMapType(types.ringBuffer) === 1, "BPF_RINGBUF_OUTPUT needs Linux 5.8: use BPF_PERF_OUTPUT"),
  describeTrial("kprobes", ({ exists }) => exists("/sys/bus/event_source/devices/kprobe/type"), "use a tracepoint or KFUNC_PROBE"),
  describeTrial("fentry", (outside) => outside.openPort().probeProgramType(types.tracing) === 1, "KFUNC_PROBE and KRETFUNC_PROBE need it: use a tracepoint or a kprobe"),
  describeTrial("LSM", (outside) => outside.openPort().probeProgramType(types.lsm) === 1, "LSM_PROBE needs it: use a tracepoint or a kprobe"),
  describeTrial("uprobes", ({ exists }) => exists("/sys/bus/event_source/devices/uprobe/type"), "user functions and USDT need a kernel with CONFIG_UPROBES=y"),
];

function mayLoad(outside: DoctorOutside): boolean {
  return outside.openPort().probeProgramType(types.tracepoint) === 1;
}

function describeTrial(name: string, works: (outside: DoctorOutside) => boolean, advice: string): DoctorRow {
  const check = (outside: DoctorOutside): DoctorFinding => {
    if (works(outside)) return describeOk("yes");
    // Who may not load anything gets the same no from a kernel that has it all.
    if (!mayLoad(outside)) return describeWarning("cannot tell", "run bpfts doctor as root");
    return describeWarning("no, or refused here", `${advice}; ${elsewhere}`);
  };
  return { name, failure: "warn", check };
}
