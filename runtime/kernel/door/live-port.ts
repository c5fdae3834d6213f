import type { Handle, Status } from "./handle.ts";

/** Kinds of objects that exist in the kernel by themselves. Source: the order of native/live.cc. */
export const liveKinds = { program: 0, map: 1, link: 2, btf: 3 } as const;

/** What the kernel says of a live object. */
export interface LiveInfo {
  /** The kernel's struct. Source: struct bpf_prog_info, bpf_map_info, bpf_link_info, bpf_btf_info of linux/bpf.h. */
  readonly info: Uint8Array;
  /** What it wrote into each room that was asked for. */
  readonly parts: readonly Uint8Array[];
}

/** The calls that look at what exists in the kernel, whoever made it; the rules of `port.ts` hold. */
export interface LivePort {
  // Objects that exist in the kernel, whoever made them. Source: BPF_OBJ_GET_INFO_BY_FD, enum bpf_stats_type.

  /** The id after `id`, 0 for the first one; -ENOENT at the end. `kind` is one of `liveKinds`. */
  liveNextId(kind: number, id: number): Status;
  /** Opens a live object. Owner: the caller closes it with descriptorClose. -ENOENT when the object is gone. */
  liveOpen(kind: number, id: number): Handle;
  /**
   * Fills in a request: the kernel's struct with the counts that ask for more. `rooms` has two u32 for each pointer of the struct that is
   * to be answered: its place in the struct and how many bytes it may fill. -ENOENT when the object is gone.
   */
  liveInfo(kind: number, id: number, request: Uint8Array, rooms: Uint8Array): LiveInfo | Status;
  /** Opens a pinned program, map or link. Owner: the caller closes it with descriptorClose. */
  pinOpen(path: string): Handle;
  /** The kernel counts runs and run times of programs until the descriptor is closed. Owner: the caller closes it with descriptorClose. Since: Linux 5.8 */
  statsEnable(): Handle;
}
