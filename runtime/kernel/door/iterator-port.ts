import type { Handle, Status } from "./handle.ts";

/** The calls that read iterators; the rules of `port.ts` hold. */
export interface IteratorPort {
  /** Opens what an iterator program writes. `linkInfo` says what it walks through, empty for everything. Source: union bpf_iter_link_info, BPF_ITER_CREATE. Since: Linux 5.8 */
  iteratorOpen(program: Handle, linkInfo: Uint8Array): Handle;
  /**
   * Reads on, up to `maxBytes`; nothing at the end. -EAGAIN when the program asks for the same object again and again, -E2BIG when it writes
   * too much about one, -EINTR when a signal came.
   */
  iteratorRead(iterator: Handle, maxBytes: number): Uint8Array | Status;
  iteratorClose(iterator: Handle): Status;
}
