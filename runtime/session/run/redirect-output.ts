import { ResourceError } from "../../base/errors.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import type { CaptureTarget } from "../bridge/bridge-state.ts";
import { systemFiles } from "../../kernel/door/system-files.ts";

/** What is told to whoever writes to standard output. */
const toldOn: ReadonlySet<number> = new Set([errno.EAGAIN, errno.EINTR, errno.EPIPE]);

/** The port of a script whose standard output is the file of a descriptor. Its write throws a ResourceError when the file takes no more. */
export function redirectOutput(port: KernelPort, output: number | undefined): KernelPort {
  if (output === undefined) return port;
  const write: KernelPort["write"] = (fd, bytes, timeoutMs) => {
    const written = port.write(fd === 1 ? output : fd, bytes, timeoutMs);
    if (fd !== 1 || written >= 0 || toldOn.has(written)) return written;
    throw new ResourceError(
      `Cannot write "${systemFiles.readLink(`/proc/self/fd/${output}`)}" (${renderErrno(written)})`,
    );
  };
  return Object.create(port, { write: { value: write } }) as KernelPort;
}

/** A capture whose bytes go to its own descriptor, also where that is standard output and the script's own output goes elsewhere. */
export function openCaptureTarget(
  port: KernelPort,
  capture: Omit<CaptureTarget, "write"> & { readonly fd: number },
): CaptureTarget {
  return {
    path: capture.path,
    encode: (message, data) => capture.encode(message, data),
    write: (bytes, timeoutMs) => port.write(capture.fd, bytes, timeoutMs),
  };
}
