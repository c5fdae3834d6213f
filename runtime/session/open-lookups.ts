import { findKernelAddress, findSyscallPrefix, haveKernelSymbol, listKernelFunctions } from "../kernel/kallsyms.ts";
import { listTracepoints } from "../kernel/tracefs.ts";
import type { KernelLookups } from "./lookups.ts";

/** Looks things up in /proc/kallsyms, tracefs and BTF, each at the first question. */
export function openLookups(): KernelLookups {
  return {
    findKprobeFunctions: (pattern) => listKernelFunctions(pattern),
    listTracepoints: () => listTracepoints(),
    haveStructField: () => -1,
    haveKfunc: () => haveKernelSymbol("bpf_trampoline_link_prog"),
    findSyscallPrefix: () => findSyscallPrefix(),
    findKernelSymbol: () => undefined,
    findKernelAddress: (name) => findKernelAddress(name),
    findUserSymbol: () => undefined,
  };
}
