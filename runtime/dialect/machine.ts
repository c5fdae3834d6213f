import type { DialectEnv } from "./env.ts";

/** What the machine header depends on: the kernel's names and the machine's constants. */
export type MachineEnv = Pick<DialectEnv, "findEnumValue" | "haveType" | "arch" | "kernelVersionCode">;

/**
 * Renders `bpfts_machine.h`, which `bpf-headers/prelude.h` includes: constants
 * that the kernel's types may or may not have as enumerators, and those that
 * depend on the machine.
 */
export function renderMachineHeader(env: MachineEnv): string {
  return `#define LINUX_VERSION_CODE ${env.kernelVersionCode}\n`;
}
