import {
  describeMissing,
  describeOk,
  describeWarning,
  type DoctorFinding,
  type DoctorOutside,
  type DoctorRow,
} from "./doctor-row.ts";

/** What this user may do. */
export const rightRows: readonly DoctorRow[] = [
  { name: "capabilities", failure: "missing", check: checkCapabilities },
  { name: "process ids", failure: "warn", check: checkPids },
  { name: "kernel symbols", failure: "warn", check: checkSymbols },
];

/** Source: capabilities(7). CAP_SYS_ADMIN stands for both of the first; before Linux 5.8 it was the only way. */
const basics = ["CAP_BPF", "CAP_PERFMON"] as const;

const extras: readonly { readonly name: string; readonly use: string; readonly covered: boolean }[] = [
  { name: "CAP_NET_ADMIN", use: "networking programs", covered: false },
  { name: "CAP_SYS_PTRACE", use: "symbols and uprobes of other users' processes", covered: false },
  { name: "CAP_SYSLOG", use: "kernel addresses", covered: true },
  // Memory of maps is charged to the cgroup since 5.11, and needs no limit to be lifted.
  { name: "CAP_SYS_RESOURCE", use: "large maps before Linux 5.11", covered: true },
];

function checkCapabilities(outside: DoctorOutside): DoctorFinding {
  const held = outside.readCapabilities();
  const isAdmin = held.has("CAP_SYS_ADMIN");
  if (!isAdmin && !basics.every((name) => held.has(name))) {
    const missing = basics.filter((name) => !held.has(name)).join(" and ");
    return describeMissing(
      `${missing} missing`,
      "run as root (sudo bpfts run …), or in a virtual machine: bpfts vm run",
    );
  }
  const lacking = extras.filter(({ name, covered }) => !held.has(name) && !(isAdmin && covered));
  if (lacking.length === 0) return describeOk(isAdmin ? "CAP_SYS_ADMIN" : basics.join(", "));
  return describeWarning(
    lacking.map(({ name, use }) => `no ${name}: ${use}`).join("; "),
    "run as root where a script needs these",
  );
}

function checkPids({ haveOwnPids }: DoctorOutside): DoctorFinding {
  if (!haveOwnPids) return describeOk("those of the machine");
  return describeWarning(
    "this PID namespace is not the host's: BPF programs see the pids of the host, so filters by pid match nothing",
    "run bpfts in the host's PID namespace (docker run --pid=host, hostPID: true)",
  );
}

function checkSymbols({ readText }: DoctorOutside): DoctorFinding {
  const symbols = readText("/proc/kallsyms");
  if (symbols === undefined)
    return describeWarning("/proc/kallsyms cannot be read", "a kernel with CONFIG_KALLSYMS=y names its functions");
  if (/^0*[1-9a-f]/m.test(symbols.slice(0, 4096))) return describeOk("/proc/kallsyms");
  return describeWarning("/proc/kallsyms hides the addresses", "run as root, or: sysctl kernel.kptr_restrict=0");
}
