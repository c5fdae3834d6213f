import { describeMissing, describeOk, describeWarning, type DoctorRow } from "./doctor-row.ts";

/** Source: enum bpf_prog_type BPF_PROG_TYPE_TRACEPOINT, enum bpf_map_type BPF_MAP_TYPE_RINGBUF. */
const tracepointType = 5;
const ringBufferType = 27;

/** What the kernel lets this user do, tried where a trial tells more than a name. */
export const featureRows: readonly DoctorRow[] = [
  {
    name: "loading",
    failure: "missing",
    check: (outside) => {
      if (outside.openPort().probeProgramType(tracepointType) === 1) return describeOk("a tracepoint program loads");
      return describeMissing("the kernel refuses a tracepoint program", "run as root; in a container, outside of it; or in a virtual machine: bpfts vm run");
    },
  },
  {
    name: "ring buffer",
    failure: "warn",
    check: (outside) => {
      if (outside.openPort().probeMapType(ringBufferType) === 1) return describeOk("yes");
      return describeWarning("no", "scripts with BPF_RINGBUF_OUTPUT need Linux 5.8; BPF_PERF_OUTPUT works before");
    },
  },
  {
    name: "kprobes",
    failure: "warn",
    check: ({ exists }) => (exists("/sys/bus/event_source/devices/kprobe/type") ? describeOk("yes") : describeWarning("no", "use a tracepoint or KFUNC_PROBE instead, or bpfts vm run")),
  },
  {
    name: "uprobes",
    failure: "warn",
    check: ({ exists }) => (exists("/sys/bus/event_source/devices/uprobe/type") ? describeOk("yes") : describeWarning("no", "scripts on user functions and USDT can be tried with bpfts vm run")),
  },
];
