import type { DialectEnv, HeaderList, KernelNames, MacroTable } from "../../dialect/text/env.ts";
import type { Machine } from "../../kernel/machine/machine.ts";
import { readHelpers } from "../../compile/helper-names.ts";
import { findUnloadedModule } from "./find-module.ts";

/** Who answers what the dialect asks. */
export interface DialectSources {
  readonly machine: Machine;
  readonly names: KernelNames;
  readonly macros: MacroTable;
  readonly headers: HeaderList;
  readonly readTracepointFormat: DialectEnv["readTracepointFormat"];
}

/** Tells the dialect what it asks about this machine. */
export function describeDialectEnv({
  machine,
  names,
  macros,
  headers,
  readTracepointFormat,
}: DialectSources): DialectEnv {
  return {
    arch: machine.arch,
    kernelVersionCode: machine.versionCode,
    onlineCpus: machine.onlineCpus.length,
    possibleCpus: machine.possibleCpus,
    // Every kernel that carries BTF on these architectures passes syscall arguments through a struct pt_regs.
    haveSyscallWrapper: true,
    findKernelConfig: machine.findConfig,
    haveType: names.haveType,
    findEnumValue: names.findEnumValue,
    isBitField: names.isBitField,
    readTracepointFormat,
    macros,
    headers,
    wantedMacros: [],
    ownMacros: [],
    moduleHeaders: [],
    findUnloadedModule: (name) => findUnloadedModule(name, machine.release),
    listHelpers: () => readHelpers().map(({ name }) => name),
  };
}
