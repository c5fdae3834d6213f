import type { Handle, Status } from "./handle.ts";

/** A place in the code of user programs. Source: struct bpf_uprobe_opts of libbpf. */
export interface UprobeTarget {
  readonly path: string;
  /** Units: bytes from the start of the file. */
  readonly offset: bigint;
  readonly retprobe: boolean;
  /** -1 for every process. */
  readonly pid: number;
  /** File offset of a USDT semaphore, 0n for none. Since: Linux 4.20. */
  readonly refCtrOffset: bigint;
  readonly cookie: bigint;
}

/** Many places in the code of one binary. What there is one of for each place is a u64 each, in one order. */
export interface UprobeMultiTarget {
  readonly path: string;
  readonly offsets: Uint8Array;
  /** Empty when no place has a semaphore. */
  readonly refCtrOffsets: Uint8Array;
  readonly cookies: Uint8Array;
  readonly retprobe: boolean;
  /** -1 for every process. */
  readonly pid: number;
}

/** The calls that attach programs; the rules of `port.ts` hold. */
export interface LinkPort {
  // Links. Source: bpf_program__attach_*. Owner: the caller closes them with linkClose.

  /** Attaches by the section name alone, for programs whose section says it all (fentry, tp_btf, lsm, iter). */
  attachAuto(program: Handle): Handle;
  /** A cookie that is not 0n needs Linux 5.15. */
  attachTracepoint(program: Handle, category: string, name: string, cookie: bigint): Handle;
  attachRawTracepoint(program: Handle, name: string): Handle;
  attachKprobe(program: Handle, symbol: string, offset: bigint, retprobe: boolean, cookie: bigint): Handle;
  attachUprobe(program: Handle, target: UprobeTarget): Handle;
  /** One link for many places of one binary, for a program that was loaded for it. All of them or none. Source: BPF_TRACE_UPROBE_MULTI. Since: Linux 6.6 */
  attachUprobeMulti(program: Handle, target: UprobeMultiTarget): Handle;
  /**
   * One link for many kernel functions, for a program that was loaded for it. All of them or none. `addresses` and `cookies` are u64 each, in one order.
   * Source: BPF_TRACE_KPROBE_MULTI, BPF_TRACE_KPROBE_SESSION. Since: Linux 5.18, with a session 6.10
   */
  attachKprobeMulti(
    program: Handle,
    addresses: Uint8Array,
    cookies: Uint8Array,
    retprobe: boolean,
    session: boolean,
  ): Handle;
  attachUsdt(program: Handle, pid: number, path: string, provider: string, name: string, cookie: bigint): Handle;
  /** Attaches to an open cgroup or network namespace. Source: BPF_LINK_CREATE, enum bpf_attach_type. Since: Linux 5.7 */
  attachTarget(program: Handle, target: Handle, attachType: number): Handle;
  /** Puts a program in the place of a function of another program, which is open. Source: bpf_program__attach_freplace. */
  attachFreplace(program: Handle, target: Handle, functionName: string): Handle;
  /** Attaches to a sockmap or sockhash. Source: BPF_PROG_ATTACH. */
  attachMap(program: Handle, map: Handle, attachType: number): Handle;
  /**
   * Registers a table of struct_ops of a loaded object by its map's name. With BPF_F_LINK among the map's flags the kernel takes it back when the
   * link's last descriptor is gone (since Linux 6.4); without, a process of its own does so when this one ends. Source: bpf_map__attach_struct_ops. Since: Linux 5.6
   */
  attachStructOps(object: Handle, map: string): Handle;
  linkClose(link: Handle): Status;
  /**
   * Detaches every program that sits on a probe, all at once, when there are so many that the kernel would take long to detach one after another.
   * A process of its own, `bpfts-detach`, lives until the kernel has freed their perf events. Answers how many those are.
   */
  detachProbes(): Status;
}
