import type { Handle, Status } from "./handle.ts";

/**
 * The calls for what the kernel knows by a file descriptor: a network namespace, a cgroup, a process, another one's program; the rules of `port.ts` hold.
 * The number itself stays behind the border. Where a call takes a descriptor, the handle of a map or a program is one, too.
 */
export interface DescriptorPort {
  /**
   * Opens a file or a folder to read. With `pathOnly` only its place is wanted: no link is followed, and nothing can be read by it.
   * Source: O_PATH of open(2). Owner: the caller closes it with descriptorClose
   */
  descriptorOpen(path: string, pathOnly: boolean): Handle;
  /** The path that leads to what is open, whatever its own path leads to by now. Source: proc_pid_fd(5) */
  descriptorPath(descriptor: Handle): string | Status;
  /** Writes the number into bytes that the kernel reads it from: the key or the value of a map, or the options of a link. Units: i32, at a byte of `bytes` */
  descriptorPut(descriptor: Handle, bytes: Uint8Array, at: number): Status;
  descriptorClose(descriptor: Handle): Status;
}
