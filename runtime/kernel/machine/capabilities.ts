import { systemFiles } from "../door/system-files.ts";

/** Capabilities that tracing needs, by bit. Source: include/uapi/linux/capability.h. */
const bits: Readonly<Record<string, bigint>> = {
  CAP_DAC_READ_SEARCH: 2n,
  CAP_NET_ADMIN: 12n,
  CAP_SYS_PTRACE: 19n,
  CAP_SYS_ADMIN: 21n,
  CAP_SYS_RESOURCE: 24n,
  CAP_SYSLOG: 34n,
  CAP_PERFMON: 38n,
  CAP_BPF: 39n,
};

/** Whether root here is root in a user namespace alone: its capabilities are none to the kernel's own things. Source: user_namespaces(7). */
export function isInUserNamespace(files = systemFiles): boolean {
  try {
    return !/^\s*0\s+0\s+4294967295\s*$/.test(files.readText("/proc/self/uid_map"));
  } catch {
    return false;
  }
}

/** Reads the effective capabilities of this process, by name. */
export function readCapabilities(files = systemFiles): ReadonlySet<string> {
  const status = files.readText("/proc/self/status");
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  return new Set(Object.keys(bits).filter((name) => (mask >> bits[name]!) & 1n));
}
