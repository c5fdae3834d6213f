import { MapError } from "../../base/errors.ts";
import type { KernelObject } from "../../../sdk/wire/kernel-object.ts";
import { openCgroup } from "../../kernel/machine/cgroups.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";
import { useDescriptor } from "../../kernel/door/use-descriptor.ts";

/** Finds the kernel objects that a script names, or counts by its own numbers. */
export interface ObjectLookups {
  readonly port: KernelPort;
  /** @throws ClosedError */
  findMapHandle(map: number): Handle;
  /** The loaded function's program. @throws AttachError, ClosedError */
  findFunctionHandle(program: number, name: string): Handle;
}

/**
 * Runs `use` with what a script has named, opened, and closes it unless it belongs to somebody else.
 *
 * @throws ArgumentError, MapError when it is not there
 */
export function withKernelObject<T>(object: KernelObject, lookups: ObjectLookups, use: (descriptor: Handle) => T): T {
  const { port } = lookups;
  switch (object.kind) {
    case "map":
      return use(lookups.findMapHandle(object.map));
    case "function":
      return use(lookups.findFunctionHandle(object.program, object.name));
    case "cgroup":
      return useDescriptor(port, openCgroup(port, object.path), use);
    case "file":
      return useDescriptor(port, openFile(port, object.path), use);
    case "process":
      return useDescriptor(port, requireDescriptor(port.pidfdOpen(object.pid), `process ${object.pid}`), use);
    case "socket":
      return useDescriptor(
        port,
        requireDescriptor(port.pidfdCopy(object.pid, object.fd), `descriptor ${object.fd} of process ${object.pid}`),
        use,
      );
  }
}

/** Only the place is wanted: nothing can be read by such a descriptor. */
function openFile(port: KernelPort, path: string): Handle {
  const opened = port.descriptorOpen(path, true);
  if (opened >= 0) return opened;
  throw new MapError(`Cannot use file "${path}": ${opened === errno.ENOENT ? "no such file" : renderErrno(opened)}`, {
    errno: -opened,
  });
}

function requireDescriptor(descriptor: Handle, what: string): Handle {
  if (descriptor >= 0) return descriptor;
  const gone = descriptor === errno.ESRCH || descriptor === errno.EBADF;
  throw new MapError(`Cannot use ${what}: ${gone ? "it is not there" : renderErrno(descriptor)}`);
}
