import { readLockdown } from "../machine/machine.ts";
import type { Explanation } from "./attach.ts";

/** A kernel that is locked down for confidentiality hides what programs could read it with. Since: Linux 5.4. */
export function explainLockdown(): Explanation | undefined {
  if (readLockdown() !== "confidentiality") return undefined;
  return {
    reason: "this kernel is locked down (confidentiality), so it lets nobody trace it",
    hint: "that is its owner's decision; the script can be tried on another kernel: bpfts vm run",
    unsupported: "lockdown",
  };
}
