import { describe, expect, it } from "vitest";
import { ToolchainError } from "../../../runtime/base/errors.ts";
import type { KernelPort } from "../../../runtime/kernel/door/port.ts";
import { doctorRows, readDoctorReports } from "../../../runtime/inspect/doctor.ts";
import type { DoctorOutside, DoctorState } from "../../../runtime/inspect/doctor-row.ts";

const mounts = "tracefs /sys/kernel/tracing tracefs rw 0 0\nbpf /sys/fs/bpf bpf rw 0 0\n";
const texts: Readonly<Record<string, string>> = {
  "/proc/self/mounts": mounts,
  "/proc/sys/net/core/bpf_jit_enable": "1\n",
  "/proc/kallsyms": "0000000000000000 A fixed_percpu_data\nffffffff81000000 T _text\n",
};

function openFakePort(probeAnswer = 1): KernelPort {
  return { libbpfVersion: () => "1.1", probeProgramType: () => probeAnswer } as unknown as KernelPort;
}

/** A machine on which all is well, but for what is given. */
function describeMachine(
  changes: Partial<DoctorOutside> & { readonly texts?: Readonly<Record<string, string | undefined>> } = {},
): DoctorOutside {
  return {
    nodeVersion: "20.17.0",
    readsCertificates: false,
    haveOwnPids: false,
    release: "6.18.44",
    userId: 0,
    readText: (path) => ({ ...texts, ...changes.texts })[path],
    exists: () => true,
    findToolchain: () => ({
      clang: "/usr/bin/clang-19",
      path: "/usr/lib/llvm-19/bin/clang",
      version: 19,
      identity: "",
    }),
    haveBpfTarget: () => true,
    probeWalls: () => ({ landlock: 7, user: 65533, filter: true }),
    requireLibbpfHeaders: () => "/usr/include/bpf",
    openPort: () => openFakePort(),
    probeFeature: () => true,
    readCapabilities: () => new Set(["CAP_SYS_ADMIN", "CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN", "CAP_SYS_PTRACE"]),
    findConfig: () => "y",
    openCache: () => "/root/.cache/bpfts",
    listMissingVmTools: () => [],
    ...changes,
  };
}

function readRow(
  name: string,
  outside: DoctorOutside,
): { readonly state: DoctorState; readonly found: string; readonly advice?: string } {
  const report = readDoctorReports(outside).find((row) => row.name === name);
  if (report === undefined) throw new Error(`no row "${name}"`);
  return report;
}

describe("doctor", () => {
  it("finds nothing wrong on a machine where all is well", () => {
    expect(readDoctorReports(describeMachine()).filter(({ state }) => state !== "ok")).toEqual([]);
  });

  it("has a name of its own for every row", () => {
    expect(new Set(doctorRows.map(({ name }) => name)).size).toBe(doctorRows.length);
  });

  const without =
    (name: string): ((option: string) => string | undefined) =>
    (option) =>
      option === name ? undefined : "y";
  const cases: readonly (readonly [string, DoctorState, RegExp, Parameters<typeof describeMachine>[0]])[] = [
    ["node", "missing", /20\.17 or newer/, { nodeVersion: "18.19.0" }],
    ["node", "missing", /20\.17 or newer/, { nodeVersion: "20.9.0" }],
    ["node", "ok", /^$/, { nodeVersion: "100.0.0" }],
    [
      "clang",
      "missing",
      /install clang/,
      {
        findToolchain: () => {
          throw new ToolchainError("Cannot find clang", { hint: "install clang" });
        },
      },
    ],
    ["clang", "missing", /--print-targets/, { haveBpfTarget: () => false }],
    ["clang's walls", "warn", /5\.13/, { probeWalls: () => ({ landlock: 0, user: 65533, filter: true }) }],
    [
      "libbpf",
      "missing",
      /npm start/,
      {
        openPort: () => {
          throw new ToolchainError("Cannot load the addon", { hint: "build it: npm start" });
        },
      },
    ],
    [
      "virtual machines",
      "warn",
      /^apt-get install qemu-system-x86 kmod$/,
      {
        listMissingVmTools: () => [
          { name: "qemu-system-x86_64", package: "qemu-system-x86" },
          { name: "depmod", package: "kmod" },
        ],
      },
    ],
    ["process ids", "warn", /--pid=host/, { haveOwnPids: true }],
    ["kernel", "warn", /vm run/, { release: "5.4.0-1" }],
    ["BTF", "missing", /CONFIG_DEBUG_INFO_BTF/, { exists: (path) => !path.includes("btf") }],
    ["configuration", "warn", /vm run/, { findConfig: without("CONFIG_KPROBES") }],
    ["configuration", "missing", /vm run/, { findConfig: without("CONFIG_BPF_SYSCALL") }],
    ["configuration", "ok", /^$/, { findConfig: () => undefined }],
    ["BPF JIT", "warn", /sysctl/, { texts: { "/proc/sys/net/core/bpf_jit_enable": "0\n" } }],
    [
      "lockdown",
      "missing",
      /boot/,
      { texts: { "/sys/kernel/security/lockdown": "none integrity [confidentiality]\n" } },
    ],
    [
      "lockdown",
      "warn",
      /tracing works/,
      { texts: { "/sys/kernel/security/lockdown": "none [integrity] confidentiality\n" } },
    ],
    ["lockdown", "ok", /^$/, { texts: { "/sys/kernel/security/lockdown": "[none] integrity confidentiality\n" } }],
    ["tracefs", "warn", /mounts it/, { texts: { "/proc/self/mounts": "" } }],
    ["tracefs", "missing", /as root/, { texts: { "/proc/self/mounts": "" }, userId: 1000 }],
    ["tracefs", "missing", /root/, { exists: (path) => !path.endsWith("/events") }],
    ["bpffs", "warn", /mount -t bpf/, { texts: { "/proc/self/mounts": "" } }],
    ["capabilities", "missing", /root/, { readCapabilities: () => new Set() }],
    ["capabilities", "missing", /root/, { readCapabilities: () => new Set(["CAP_BPF"]) }],
    ["capabilities", "warn", /root/, { readCapabilities: () => new Set(["CAP_BPF", "CAP_PERFMON"]) }],
    [
      "kernel symbols",
      "warn",
      /kptr_restrict/,
      { texts: { "/proc/kallsyms": "0000000000000000 A a\n0000000000000000 T b\n" } },
    ],
    ["loading", "missing", /as root/, { openPort: () => openFakePort(0) }],
    [
      "fentry",
      "warn",
      /use a kprobe or a tracepoint; needs Linux 5\.5 or later with CONFIG_FUNCTION_TRACER/,
      { probeFeature: ({ name }) => name !== "fentry" },
    ],
    ["fentry", "warn", /doctor as root/, { openPort: () => openFakePort(0), probeFeature: () => false }],
    ["batch", "warn", /doctor as root/, { probeFeature: () => undefined }],
  ];

  it.each(cases)("says of %s that it is %s, and %s", (name, state, advice, changes) => {
    const row = readRow(name, describeMachine(changes));
    expect(row.state).toBe(state);
    expect(row.advice ?? "").toMatch(advice);
  });

  it("says what makes each start of Node longer", () => {
    expect(readRow("node", describeMachine({ readsCertificates: true })).found).toContain("NODE_EXTRA_CA_CERTS is set");
    expect(readRow("node", describeMachine({})).found).toBe("20.17.0");
  });

  it("says what to do wherever something is wrong", () => {
    const broken = describeMachine({
      nodeVersion: "18",
      release: "4.9",
      userId: 1,
      texts: { "/proc/self/mounts": "" },
      readCapabilities: () => new Set(),
      exists: () => false,
    });
    for (const report of readDoctorReports(broken))
      expect(report.state === "ok" || (report.advice ?? "").length > 0, report.name).toBe(true);
  });
});
