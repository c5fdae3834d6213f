import type { DialectEnv, KernelNames } from "../../dialect/text/env.ts";
import type { Machine } from "../../kernel/machine/machine.ts";
import { readHelpers } from "../../compile/helper-names.ts";
import { findUnloadedModule } from "./find-module.ts";

/** Tells the dialect what it asks about this machine. */
export function describeDialectEnv(
  machine: Machine,
  prelude: KernelNames,
  readTracepointFormat: DialectEnv["readTracepointFormat"],
): DialectEnv {
  return {
    arch: machine.arch,
    kernelVersionCode: machine.versionCode,
    onlineCpus: machine.onlineCpus.length,
    possibleCpus: machine.possibleCpus,
    // Every kernel that carries BTF on these architectures passes syscall arguments through a struct pt_regs.
    haveSyscallWrapper: true,
    findKernelConfig: machine.findConfig,
    haveType: prelude.haveType,
    findEnumValue: prelude.findEnumValue,
    isBitField: prelude.isBitField,
    readTracepointFormat,
    moduleHeaders: [],
    findUnloadedModule: (name) => findUnloadedModule(name, machine.release),
    listHelpers: () => readHelpers().map(({ name }) => name),
  };
}
