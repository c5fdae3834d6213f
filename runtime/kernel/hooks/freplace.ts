import { AttachError } from "../../base/errors.ts";
import { errno, renderErrno } from "../door/errno.ts";
import { useDescriptor } from "../door/use-descriptor.ts";
import { liveKinds } from "../door/port.ts";
import type { Handle, KernelPort } from "../door/port.ts";
import type { AttachTarget } from "./attach.ts";

/** A loaded program, one of whose functions another program is to be. */
export type ReplacedProgram = { readonly id: number } | { readonly pin: string };

/** Opens a program. Owner: the caller closes it with descriptorClose. @throws AttachError when there is no such program */
export function openReplaced(port: KernelPort, functionName: string, program: ReplacedProgram): Handle {
  const opened = "id" in program ? port.liveOpen(liveKinds.program, program.id) : port.pinOpen(program.pin);
  if (opened >= 0) return opened;
  const name = "id" in program ? `program ${program.id}` : `program pinned at "${program.pin}"`;
  throw new AttachError(
    `Cannot attach "${functionName}" to freplace: ${opened === errno.ENOENT ? `there is no ${name}` : `the ${name} cannot be opened (${renderErrno(opened)})`}`,
    { reason: "no_such_place", errno: -opened, hint: "look at what is loaded: bpfts prog" },
  );
}

/**
 * A function of another BPF program, whose place the script's function takes while it is attached.
 *
 * Source: bpf_program__attach_freplace. Since: Linux 5.10 for targets that are told when it is attached
 */
export function describeFreplace(functionName: string, program: ReplacedProgram, target: string): AttachTarget {
  const of = "id" in program ? `program ${program.id}` : program.pin;
  return {
    key: `${of}:${target}`,
    label: `${target} of ${of}`,
    open(port, handle): Handle {
      const replaced = openReplaced(port, functionName, program);
      return useDescriptor(port, replaced, () => port.attachFreplace(handle, replaced, target));
    },
    explain: (_port, status) => explainRefusal(status),
  };
}

function explainRefusal(status: number): ReturnType<NonNullable<AttachTarget["explain"]>> {
  switch (status) {
    case errno.EBUSY:
      return { reason: "another program is in its place already", kind: "exists", hint: "see which: bpfts link" };
    case errno.ENOENT:
    case errno.ESRCH:
      return { reason: "the program has no such function", kind: "no_such_place" };
    case errno.EINVAL:
      return {
        reason: `the kernel does not take it there (${renderErrno(status)})`,
        hint: "both functions must have the same parameters, and programs that replace others cannot be replaced",
      };
    default:
      return undefined;
  }
}
