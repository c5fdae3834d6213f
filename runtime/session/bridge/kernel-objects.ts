import { closeSync, constants, openSync } from "node:fs";
import { MapError } from "../../base/errors.ts";
import type { KernelObject } from "../../../sdk/wire/kernel-object.ts";
import { openCgroup } from "../../kernel/machine/cgroups.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";

/** Finds the kernel objects that a script names, or counts by its own numbers. */
export interface ObjectLookups {
  readonly port: KernelPort;
  /** @throws ClosedError */
  findMapHandle(map: number): Handle;
  /** The loaded function's program. @throws AttachError, ClosedError */
  findFunctionHandle(program: number, name: string): Handle;
}

/**
 * Runs `use` with the descriptor of what a script has named, and closes it unless it belongs to somebody else.
 *
 * @throws ArgumentError, MapError when it is not there
 */
export function withKernelObject<T>(object: KernelObject, lookups: ObjectLookups, use: (fd: number) => T): T {
  const { port } = lookups;
  switch (object.kind) {
    case "map":
      return use(requireDescriptor(port.mapFd(lookups.findMapHandle(object.map)), "the table"));
    case "function":
      return use(
        requireDescriptor(port.programFd(lookups.findFunctionHandle(object.program, object.name)), `"${object.name}"`),
      );
    case "cgroup":
      return useAndClose(openCgroup(object.path), use);
    case "file":
      return useAndClose(openFile(object.path), use);
    case "process":
      return useAndClose(requireDescriptor(port.pidfdOpen(object.pid), `process ${object.pid}`), use);
    case "socket":
      return useAndClose(
        requireDescriptor(port.pidfdCopy(object.pid, object.fd), `descriptor ${object.fd} of process ${object.pid}`),
        use,
      );
  }
}

function useAndClose<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Only the place is wanted: nothing can be read by such a descriptor. */
function openFile(path: string): number {
  const { O_RDONLY, O_NOFOLLOW } = constants;
  const pathOnly = 0o10000000;
  try {
    return openSync(path, O_RDONLY | pathOnly | (path.endsWith("/") ? 0 : O_NOFOLLOW));
  } catch (cause) {
    throw new MapError(
      `Cannot use file "${path}": ${(cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : (cause as Error).message}`,
      { cause },
    );
  }
}

function requireDescriptor(fd: number, what: string): number {
  if (fd >= 0) return fd;
  const gone = fd === errno.ESRCH || fd === errno.EBADF;
  throw new MapError(`Cannot use ${what}: ${gone ? "it is not there" : renderErrno(fd)}`);
}
