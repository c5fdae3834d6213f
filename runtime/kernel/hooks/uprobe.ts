import { errno, renderErrno } from "../door/errno.ts";
import { haveFeature } from "../machine/features.ts";
import type { FoundFile } from "../user/find-library.ts";
import type { FunctionPlace } from "../user/function-place.ts";
import type { KernelPort } from "../door/port.ts";
import type { AttachTarget, Explanation } from "./attach.ts";

/** A function's entry or return in a program or library. `pid` -1 is every process. Source: bpf_program__attach_uprobe_opts. */
export function describeUprobe(file: FoundFile, place: FunctionPlace, retprobe: boolean, pid: number): AttachTarget {
  return {
    key: `${file.path}:${place.offset}:${pid}`,
    label: `${file.path}:${place.name}`,
    name: place.name,
    place: { kind: "uprobe", path: file.open, pid, retprobe, offset: BigInt(place.offset), refCtrOffset: 0n },
    open: (port, program, cookie) =>
      port.attachUprobe(program, {
        path: file.open,
        offset: BigInt(place.offset),
        retprobe,
        pid,
        refCtrOffset: 0n,
        cookie,
      }),
    explain: (port, status) => explainUprobe(port, status, pid),
  };
}

/** Why the kernel puts no probe on an instruction of a program. */
export function explainUprobe(port: KernelPort, status: number, pid: number): Explanation | undefined {
  if (haveFeature(port, "uprobe") === false)
    return { reason: "this kernel was built without uprobes (CONFIG_UPROBE_EVENTS)", unsupported: "uprobe" };
  if (status === errno.ESRCH) return { reason: `there is no process ${pid}` };
  if (status === errno.EINVAL || status === errno.ENOTSUPP || status === errno.EILSEQ)
    return {
      kind: "not_traceable",
      reason: `the kernel cannot put a probe on that instruction (${renderErrno(status)})`,
      hint: "attach to a function's first byte; sym_off must be the start of an instruction",
    };
  return undefined;
}
