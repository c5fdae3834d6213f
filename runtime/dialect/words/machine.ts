import { archConstants, kernelConstants } from "./kernel-constants.ts";
import type { DialectEnv } from "../text/env.ts";

/** What the machine header depends on: the kernel's names and the machine's constants. */
export type MachineEnv = Pick<DialectEnv, "findEnumValue" | "haveType" | "arch" | "kernelVersionCode"> & {
  /** Units: bytes. Left out where it is 4096. */
  readonly pageSize?: number;
};

/** Enumerators that newer kernels have and that our headers name; older kernels' types lack them. */
const laterEnumerators: Readonly<Record<string, number>> = {
  BPF_MAP_TYPE_RINGBUF: 27,
  BPF_MAP_TYPE_INODE_STORAGE: 28,
  BPF_MAP_TYPE_TASK_STORAGE: 29,
  BPF_MAP_TYPE_BLOOM_FILTER: 30,
  BPF_MAP_TYPE_USER_RINGBUF: 31,
  BPF_MAP_TYPE_CGRP_STORAGE: 32,
  BPF_MAP_TYPE_ARENA: 33,
};

/**
 * Renders `bpfts_machine.h`, which `bpf-headers/prelude.h` includes: constants
 * that the kernel's types may or may not have as enumerators, and those that
 * depend on the machine.
 */
export function renderMachineHeader(env: MachineEnv): string {
  const lines = [
    "/* Made for one kernel; see runtime/dialect/words/machine.ts. */",
    `#define LINUX_VERSION_CODE ${env.kernelVersionCode}`,
  ];
  const pageSize = env.pageSize ?? 4096;
  const pageShift = Math.log2(pageSize);
  lines.push(
    `#define PAGE_SIZE ${pageSize}UL`,
    `#define PAGE_SHIFT ${pageShift}`,
    `#define PAGE_MASK (~(PAGE_SIZE - 1))`,
  );
  for (const [name, value] of Object.entries(laterEnumerators))
    if (env.findEnumValue(name) === undefined) lines.push(`#define ${name} ${value}`);
  for (const [name, value] of listConstants(env.arch))
    if (env.findEnumValue(name) === undefined) lines.push(`#define ${name} ${value}`);
  lines.push(
    `#define DNAME_INLINE_LEN ${env.haveType("union", "shortname_store") ? "sizeof(union shortname_store)" : "sizeof(((struct dentry *)0)->d_iname)"}`,
  );
  if (!env.haveType("struct", "sockaddr_storage")) lines.push("#define sockaddr_storage __kernel_sockaddr_storage");
  // A macro of linux/types.h: the kernel's own members have the other name in its types too.
  if (!env.haveType("struct", "rcu_head")) lines.push("#define rcu_head callback_head");
  return `${lines.join("\n")}\n`;
}

/** The constants of the pack with their values as C text; what depends on the architecture wins. */
export function listConstants(arch: DialectEnv["arch"]): Map<string, string> {
  const constants = new Map<string, string>();
  for (const text of [kernelConstants, archConstants[arch]])
    for (const match of text.matchAll(/(\w+) (\S+)/g)) constants.set(match[1]!, match[2]!);
  return constants;
}
