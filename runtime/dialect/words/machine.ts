import { mapKinds } from "../../../sdk/abi/map-kinds.ts";
import type { DialectEnv } from "../text/env.ts";

/** What the machine header depends on: the kernel's names and the machine's constants. */
export type MachineEnv = Pick<DialectEnv, "findEnumValue" | "haveType" | "kernelVersionCode"> & {
  /** Units: bytes. Left out where it is 4096. */
  readonly pageSize?: number;
};

/**
 * Renders `bpfts_machine.h`, which `bpf-headers/prelude.h` includes: what our headers need of the kernel's and its
 * types may lack, and what depends on the machine. A text's own constants stand before the text (`kernel-macros.ts`).
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
  // Newer kernels have more kinds of maps than this one's types name, and our headers name them all.
  for (const { name, type } of mapKinds)
    if (env.findEnumValue(`BPF_MAP_TYPE_${name}`) === undefined) lines.push(`#define BPF_MAP_TYPE_${name} ${type}`);
  if (env.findEnumValue("BPF_F_NO_PREALLOC") === undefined) lines.push("#define BPF_F_NO_PREALLOC 1");
  lines.push(
    `#define DNAME_INLINE_LEN ${env.haveType("union", "shortname_store") ? "sizeof(union shortname_store)" : "sizeof(((struct dentry *)0)->d_iname)"}`,
  );
  if (!env.haveType("struct", "sockaddr_storage")) lines.push("#define sockaddr_storage __kernel_sockaddr_storage");
  // A macro of linux/types.h: the kernel's own members have the other name in its types too.
  if (!env.haveType("struct", "rcu_head")) lines.push("#define rcu_head callback_head");
  return `${lines.join("\n")}\n`;
}
