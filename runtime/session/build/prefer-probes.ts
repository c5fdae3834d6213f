import type { Log } from "../../base/log.ts";
import { preferProbes } from "../../dialect/words/preferred-probes.ts";
import type { ProbePreference } from "../../dialect/words/preferred-probes.ts";
import type { CSource } from "../../dialect/text/unit.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import { describeNeed, findFeature, haveFeature } from "../../kernel/machine/features.ts";
import { haveKernelSymbol } from "../../kernel/machine/kallsyms.ts";
import { readModuleTypes } from "../../kernel/machine/module-types.ts";
import { btfKind, parseBtf } from "../../object/btf.ts";
import type { BtfTypes } from "../../object/btf.ts";

/** Makes the probes of a text what the user prefers, where this kernel can have them so, and tells of the others. */
export function openPreference(preference: ProbePreference, port: KernelPort, log: Log): (source: CSource) => CSource {
  let types: BtfTypes | undefined;
  const isTyped = (target: string): boolean => {
    types ??= parseBtf(readModuleTypes("vmlinux") ?? new Uint8Array());
    return types.find(target, btfKind.function) !== undefined;
  };
  const refuse = (target: string): string | undefined => {
    if (haveFeature(port, preference) !== true)
      return `this kernel has no ${preference} (${describeNeed(findFeature(preference)!)})`;
    if (preference === "fentry" && !isTyped(target)) return `the kernel's types have no function "${target}"`;
    return haveKernelSymbol(target) ? undefined : `this kernel has no function "${target}"`;
  };
  return (source) => {
    const { source: preferred, kept } = preferProbes(source, preference, refuse);
    for (const { name, reason } of kept) log.warn(`--prefer ${preference}: "${name}" stays as it is: ${reason}`);
    return preferred;
  };
}
