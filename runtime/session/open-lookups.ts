import { readFileSync } from "node:fs";
import { haveFeature } from "../kernel/features.ts";
import { findKernelAddress, findSyscallPrefix, listKernelFunctions } from "../kernel/kallsyms.ts";
import { openKernelSymbols } from "../kernel/kernel-symbols.ts";
import { vmlinuxBtf } from "../kernel/machine.ts";
import type { KernelPort } from "../kernel/port.ts";
import { listTracepoints } from "../kernel/tracefs.ts";
import { openUserSpace } from "../kernel/user-space.ts";
import type { UserSpace } from "../kernel/user-space.ts";
import { openStructFields } from "../object/find-struct-field.ts";
import type { StructFields } from "../object/find-struct-field.ts";
import type { KernelLookups } from "./lookups.ts";

/** Looks things up in /proc/kallsyms, tracefs, BTF and binaries, each at the first question. Owner: closing it closes the user space, too. */
export function openLookups(port: KernelPort, userSpace: UserSpace = openUserSpace(port)): KernelLookups {
  const kernelSymbols = openKernelSymbols();
  let fields: StructFields | undefined;
  let tracepoints: readonly string[] | undefined;
  return {
    findKprobeFunctions: (pattern) => listKernelFunctions(pattern),
    listTracepoints: () => (tracepoints ??= listTracepoints()),
    haveStructField(struct, field) {
      try {
        fields ??= openStructFields(readFileSync(vmlinuxBtf));
      } catch {
        return -1;
      }
      return fields.haveField(struct, field);
    },
    haveKfunc: () => haveFeature(port, "fentry") === true,
    findSyscallPrefix: () => findSyscallPrefix(),
    findKernelSymbol: (address) => kernelSymbols.find(address),
    findKernelAddress: (name) => findKernelAddress(name),
    findUserSymbol: (address, pid, demangle) => userSpace.symbols.find(address, pid, demangle),
    close: () => userSpace.close(),
  };
}
