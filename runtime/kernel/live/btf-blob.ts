import type { KernelPort } from "../door/port.ts";
import { openView, readLiveInfo, readText } from "./live-object.ts";

/** Type information that was loaded into the kernel. Source: struct bpf_btf_info. */
export interface BtfBlob {
  readonly bytes: Uint8Array;
  /** `vmlinux` or a module's name; empty for that of a program. */
  readonly name: string;
  /** Whether it is the kernel's own or a module's, which counts on from the kernel's. */
  readonly isKernel: boolean;
}

const infoBytes = 32;
const at = { data: 0, size: 8, name: 16, nameSize: 24, isKernel: 28 } as const;
const nameBytes = 64;

/** Reads type information by its id; undefined when it is gone. @throws PrivilegeError */
export function readBtfBlob(port: KernelPort, id: number): BtfBlob | undefined {
  const asked = readLiveInfo(port, "btf", id, { size: infoBytes });
  if (asked === undefined) return undefined;
  const size = openView(asked.info).getUint32(at.size, true);
  const found = readLiveInfo(port, "btf", id, {
    size: infoBytes,
    counts: { [at.size]: size, [at.nameSize]: nameBytes },
    rooms: [
      { at: at.data, size },
      { at: at.name, size: nameBytes },
    ],
  });
  if (found === undefined) return undefined;
  return {
    bytes: found.parts[0]!,
    name: readText(found.parts[1]!),
    isKernel: openView(found.info).getUint32(at.isKernel, true) !== 0,
  };
}
