import {
  describeMissing,
  describeOk,
  describeWarning,
  type DoctorFinding,
  type DoctorOutside,
  type DoctorRow,
} from "./doctor-row.ts";

/** What the running kernel must have, and where it shows. */
export const kernelRows: readonly DoctorRow[] = [
  { name: "kernel", failure: "missing", check: checkRelease },
  {
    name: "BTF",
    failure: "missing",
    check: ({ exists }) =>
      exists("/sys/kernel/btf/vmlinux")
        ? describeOk("/sys/kernel/btf/vmlinux")
        : describeMissing(
            "not found",
            "a kernel with CONFIG_DEBUG_INFO_BTF=y is needed; bpfts vm run tries a script on one",
          ),
  },
  { name: "configuration", failure: "warn", check: checkConfig },
  { name: "BPF JIT", failure: "warn", check: checkJit },
  { name: "lockdown", failure: "warn", check: checkLockdown },
];

/** What must be mounted. */
export const mountRows: readonly DoctorRow[] = [
  { name: "tracefs", failure: "missing", check: checkTracefs },
  {
    name: "bpffs",
    failure: "warn",
    check: (outside) => {
      const target = findMount(outside, "bpf");
      return target === undefined
        ? describeWarning("not mounted", "pinned maps need it: mount -t bpf bpf /sys/fs/bpf")
        : describeOk(target);
    },
  },
  {
    name: "debugfs",
    failure: "warn",
    check: (outside) => describeOk(findMount(outside, "debugfs") ?? "not mounted, and not needed"),
  },
];

const oldestKernel = [5, 8] as const;

function checkRelease({ release }: DoctorOutside): DoctorFinding {
  const [major = 0, minor = 0] = release.split(".").map(Number);
  const isOld = major < oldestKernel[0] || (major === oldestKernel[0] && minor < oldestKernel[1]);
  if (!isOld) return describeOk(release);
  return describeWarning(
    release,
    `ring buffers, CAP_BPF and more came with Linux ${oldestKernel.join(".")}; bpfts vm run tries a script on a newer one`,
  );
}

/** Options that scripts need, one row each; without the first kind no script runs. */
const options: readonly { readonly name: string; readonly needed: boolean; readonly without: string }[] = [
  { name: "CONFIG_BPF_SYSCALL", needed: true, without: "no BPF at all" },
  { name: "CONFIG_DEBUG_INFO_BTF", needed: true, without: "no kernel types" },
  { name: "CONFIG_BPF_EVENTS", needed: false, without: "no tracing programs" },
  { name: "CONFIG_FTRACE_SYSCALLS", needed: false, without: "no syscalls:* tracepoints" },
  { name: "CONFIG_KPROBES", needed: false, without: "no kprobes" },
  { name: "CONFIG_FPROBE", needed: false, without: "no kprobes on many functions at once" },
  { name: "CONFIG_UPROBES", needed: false, without: "no uprobes and USDT" },
];

function checkConfig(outside: DoctorOutside): DoctorFinding {
  // CONFIG_BPF is on in every kernel that anybody runs: if it seems off, nothing could be read.
  if (outside.findConfig("CONFIG_BPF") === undefined) return describeOk("cannot be read, and need not be");
  const off = options.filter(({ name }) => outside.findConfig(name) === undefined);
  if (off.length === 0) return describeOk("all options are on");
  const found = off.map(({ name, without }) => `${name} is off: ${without}`).join("; ");
  if (off.some(({ needed }) => needed))
    return describeMissing(found, "bpfts vm run tries a script on a kernel that has them");
  return describeWarning(found, "scripts that need it can be tried on another kernel: bpfts vm run");
}

function checkJit({ readText }: DoctorOutside): DoctorFinding {
  const value = readText("/proc/sys/net/core/bpf_jit_enable")?.trim();
  if (value === "0")
    return describeWarning("off", "programs are interpreted, slowly: sysctl net.core.bpf_jit_enable=1");
  return describeOk(value === undefined ? "cannot be read, and need not be" : "on");
}

/** Source: lockdown=confidentiality refuses every read of kernel memory by BPF; integrity refuses writes only. */
function checkLockdown({ readText }: DoctorOutside): DoctorFinding {
  const mode = /\[(\w+)\]/.exec(readText("/sys/kernel/security/lockdown") ?? "")?.[1];
  if (mode === "confidentiality")
    return describeMissing(
      mode,
      "boot without lockdown=confidentiality: it refuses BPF programs that read kernel memory",
    );
  if (mode === "integrity")
    return describeWarning(mode, "bpf_probe_write_user and kprobe overrides are refused; tracing works");
  return describeOk(mode ?? "none");
}

function checkTracefs(outside: DoctorOutside): DoctorFinding {
  const target = findMount(outside, "tracefs");
  if (target === undefined) {
    const command = "mount -t tracefs tracefs /sys/kernel/tracing";
    if (outside.userId === 0) return describeWarning("not mounted", `bpfts run mounts it; or do so now: ${command}`);
    return describeMissing("not mounted", `as root: ${command}`);
  }
  if (outside.exists(`${target}/events`)) return describeOk(target);
  return describeMissing(`${target}, which this user may not read`, "run as root");
}

/** Finds where a file system of a type is mounted. Source: proc(5), /proc/pid/mounts. */
export function findMount({ readText }: Pick<DoctorOutside, "readText">, type: string): string | undefined {
  const lines = (readText("/proc/self/mounts") ?? "").split("\n").map((line) => line.split(" "));
  return lines.find((words) => words[2] === type)?.[1];
}
