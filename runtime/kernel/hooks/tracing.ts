import { findMissingTarget } from "./missing-target.ts";
import type { AttachTarget } from "./attach.ts";

/** Programs whose section or type says where they sit: fentry, fexit, LSM, BTF tracepoints. Source: bpf_program__attach. */
export function describeAuto(label: string): AttachTarget {
  return {
    key: label,
    label,
    open: (port, program) => port.attachAuto(program),
    explain: () => findMissingTarget(label),
  };
}
