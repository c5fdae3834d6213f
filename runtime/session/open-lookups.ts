import { findKernelAddress, findSyscallPrefix, haveKernelSymbol, listKernelFunctions } from "../kernel/kallsyms.ts";
import { openKernelSymbols } from "../kernel/kernel-symbols.ts";
import type { KernelPort } from "../kernel/port.ts";
import { listTracepoints } from "../kernel/tracefs.ts";
import { openUserSpace } from "../kernel/user-space.ts";
import type { UserSpace } from "../kernel/user-space.ts";
import type { KernelLookups } from "./lookups.ts";

/** Looks things up in /proc/kallsyms, tracefs, BTF and binaries, each at the first question. Owner: closing it closes the user space, too. */
export function openLookups(port: KernelPort, userSpace: UserSpace = openUserSpace(port)): KernelLookups {
  const kernelSymbols = openKernelSymbols();
  return {
    findKprobeFunctions: (pattern) => listKernelFunctions(pattern),
    listTracepoints: () => listTracepoints(),
    haveStructField: () => -1,
    haveKfunc: () => haveKernelSymbol("bpf_trampoline_link_prog"),
    findSyscallPrefix: () => findSyscallPrefix(),
    findKernelSymbol: (address) => kernelSymbols.find(address),
    findKernelAddress: (name) => findKernelAddress(name),
    findUserSymbol: (address, pid, demangle) => userSpace.symbols.find(address, pid, demangle),
    close: () => userSpace.close(),
  };
}
