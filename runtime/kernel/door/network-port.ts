import type { Handle, Status } from "./handle.ts";

/** The calls of networking; the rules of `port.ts` hold. Each `netns` is the handle of an open network namespace, or -1 for this process's own. */
export interface NetworkPort {
  /**
   * Attaches a program to a network interface by its index. `options` are the bytes behind the flags.
   * Source: BPF_LINK_CREATE, enum bpf_attach_type. Since: Linux 5.7 and later, by the type. Owner: the caller closes it with linkClose
   */
  linkCreate(
    program: Handle,
    netns: Handle,
    interfaceIndex: number,
    attachType: number,
    flags: number,
    options: Uint8Array,
  ): Handle;
  /** Puts another program in a link's place without a gap. -ENOLINK when its device or cgroup is gone. Source: BPF_LINK_UPDATE. */
  linkUpdate(link: Handle, program: Handle): Status;
  /** Gives a link a path in a BPF file system, where it stays when it is closed here. -EOPNOTSUPP for what the kernel has no link for. Source: BPF_OBJ_PIN. */
  linkPin(link: Handle, path: string): Status;
  /** Source: struct bpf_link_info. -EOPNOTSUPP for what the kernel has no link for. */
  linkDescribe(link: Handle): Uint8Array | Status;
  /** Attaches a classic filter to a clsact queue, which is made where there is none. It stays when the process is killed. Source: bpf_tc_attach of libbpf. Owner: the caller closes it with linkClose */
  filterAttach(program: Handle, netns: Handle, interfaceIndex: number, egress: boolean, priority: number): Handle;
  /** Runs a socket filter on what passes a device. Source: AF_PACKET, SO_ATTACH_BPF. Owner: the caller closes it with linkClose */
  rawSocketAttach(program: Handle, netns: Handle, interfaceIndex: number): Handle;
  /** All objects of a kind, as the kernel's messages one after another. `request` is the struct behind the head. Source: rtnetlink(7). */
  netlinkDump(netns: Handle, type: number, request: Uint8Array): Uint8Array | Status;
  /** What sits at a network interface: u32 the flags that it was attached with, then the ids of the programs, u32 each in their order. Source: BPF_PROG_QUERY. */
  programQuery(netns: Handle, interfaceIndex: number, attachType: number): Uint8Array | Status;
  /** The same of an open cgroup or network namespace. */
  programQueryOf(target: Handle, attachType: number): Uint8Array | Status;
}
