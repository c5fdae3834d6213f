import type { Handle, Status } from "./handle.ts";
import type { BinaryPort } from "./binary-port.ts";
import type { DescriptorPort } from "./descriptor-port.ts";
import type { IteratorPort } from "./iterator-port.ts";
import type { LinkPort } from "./link-port.ts";
import type { LivePort } from "./live-port.ts";
import type { MapPort } from "./map-port.ts";
import type { NetworkPort } from "./network-port.ts";
import type { ObjectPort } from "./object-port.ts";
import type { PerfPort } from "./perf-port.ts";
import type { ProcessPort } from "./process-port.ts";
import type { ProgramPort } from "./program-port.ts";
import type { RingPort } from "./ring-port.ts";

export type { Handle, Status };
export type { ElfSegment, ElfInfo, ElfSymbolTable, UsdtNote } from "./binary-port.ts";
export type { UprobeTarget, UprobeMultiTarget } from "./link-port.ts";
export { liveKinds, type LiveInfo } from "./live-port.ts";
export type { MapBatch } from "./map-port.ts";
export type { ObjectMapInfo, ObjectProgramInfo, ObjectLoadResult } from "./object-port.ts";
export type { ProcessState } from "./process-port.ts";
export { waitSources } from "./ring-port.ts";

/**
 * The door to the kernel: everything that bpfts asks of it goes through this
 * interface, which the native addon implements (`addon.ts`) and a fake answers
 * in unit tests. Rules of the border, for every call:
 *
 * - Numbers, bigints, strings and bytes only. No policy and no decoding behind it.
 * - A failure is a negative errno (`-2` is ENOENT); nothing is thrown but a
 *   `TypeError` for a wrong JavaScript type.
 * - Handles are small integers that carry a generation: a stale one answers
 *   `-EBADF`. Closing an object closes its links and rings first; twice is fine.
 * - Calls that wait return early with what they have when a signal arrives.
 */
export interface KernelPort
  extends BinaryPort,
    DescriptorPort,
    IteratorPort,
    LinkPort,
    LivePort,
    MapPort,
    NetworkPort,
    ObjectPort,
    PerfPort,
    ProcessPort,
    ProgramPort,
    RingPort {
  // The rest of the outside.

  /**
   * The BTF at a path as C, the way `bpftool btf dump … format c` prints it. `base` is the vmlinux
   * BTF for a module's split BTF, of which only its own types and what they need are printed.
   */
  btfDumpC(path: string, base: string | null): string | Status;
  /** The names in the BTF at a path, one a line and in order, as `compile/kernel-names.ts` describes them. */
  btfListNames(path: string): string | Status;
  /**
   * Those types of the BTF at a path as C that some names ask for, and what they need by value. `names` is separated by
   * spaces. A pointer leads to a type when the member's name is among them; other pointers lead to forward declarations.
   */
  btfSelectC(path: string, names: string): string | Status;
  mount(source: string, target: string, type: string): Status;
  /** Source: libbpf_probe_bpf_prog_type and friends: 1 yes, 0 no, negative cannot tell. */
  probeProgramType(type: number): Status;
  probeMapType(type: number): Status;
  probeHelper(programType: number, helper: number): Status;
  libbpfVersion(): string;
}
