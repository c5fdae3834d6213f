import { InternalError } from "../../base/errors.ts";
import { renderErrno } from "./errno.ts";
import type { Handle, KernelPort } from "./port.ts";

/** What the number of a descriptor takes among bytes for the kernel. */
export const DESCRIPTOR_BYTES = 4;

/** Runs `use` with an open descriptor and closes that, whatever happens. */
export function useDescriptor<T>(port: KernelPort, descriptor: Handle, use: (descriptor: Handle) => T): T {
  try {
    return use(descriptor);
  } finally {
    port.descriptorClose(descriptor);
  }
}

/** Writes the number of a descriptor, a map or a program into bytes for the kernel. @throws InternalError when it is closed: the bytes would name another file */
export function putDescriptor(port: KernelPort, descriptor: Handle, bytes: Uint8Array, at: number): void {
  const status = port.descriptorPut(descriptor, bytes, at);
  if (status < 0)
    throw new InternalError(`Cannot hand a descriptor to the kernel: ${renderErrno(status)}`, { errno: -status });
}
