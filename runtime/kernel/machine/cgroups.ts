import { ArgumentError } from "../../base/errors.ts";
import { renderErrno } from "../door/errno.ts";
import type { Handle, KernelPort } from "../door/port.ts";
import { systemFiles } from "../door/system-files.ts";
import { useDescriptor } from "../door/use-descriptor.ts";

/** Source: CGROUP2_SUPER_MAGIC of linux/magic.h. */
const cgroup2Magic = 0x63677270;

/** The number of a cgroup as `bpf_get_current_cgroup_id` gives it: its directory's inode. @throws ArgumentError when it is no cgroup of version 2 */
export function readCgroupId(path: string): bigint {
  requireCgroup(path);
  return systemFiles.stat(path).ino;
}

/** The number of one of a process's namespaces. @throws ArgumentError when there is no such process */
export function readNamespace(pid: number, kind: "mnt" | "net"): number {
  try {
    return Number(systemFiles.stat(`/proc/${Math.trunc(pid)}/ns/${kind}`).ino);
  } catch (cause) {
    throw new ArgumentError(`There is no process ${pid}, or this user may not see its namespaces`, { cause });
  }
}

/** Opens a cgroup's directory. Owner: the caller closes it with descriptorClose. @throws ArgumentError when it is no cgroup of version 2 */
export function openCgroup(port: KernelPort, path: string): Handle {
  requireCgroup(path);
  const opened = port.descriptorOpen(path, false);
  if (opened >= 0) return opened;
  throw new ArgumentError(`Cannot open the cgroup "${path}" (${renderErrno(opened)})`, { errno: -opened });
}

/** Runs `use` with an open cgroup. @throws ArgumentError when it is no cgroup of version 2 */
export function withCgroup<T>(port: KernelPort, path: string, use: (cgroup: Handle) => T): T {
  return useDescriptor(port, openCgroup(port, path), use);
}

function requireCgroup(path: string): void {
  let type: number;
  try {
    type = path.startsWith("/") && systemFiles.stat(path).isDirectory() ? systemFiles.fileSystemType(path) : 0;
  } catch (cause) {
    throw new ArgumentError(
      `There is no cgroup "${path}": ${(cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such directory" : (cause as Error).message}`,
      { cause, hint },
    );
  }
  if (type !== cgroup2Magic)
    throw new ArgumentError(`There is no cgroup "${path}": it is no directory of the cgroup file system, version 2`, {
      hint,
    });
}

const hint = "its whole path is wanted, as below /sys/fs/cgroup (with old cgroups beside: /sys/fs/cgroup/unified)";

let paths: ReadonlyMap<bigint, string> | undefined;

/** The path of a cgroup of version 2 by its number; undefined where it is gone or lies outside of what this process sees. */
export function findCgroupPath(id: bigint): string | undefined {
  return listCgroups().get(id);
}

/** Lists the cgroups of version 2 that this process sees: their paths by their numbers. */
export function listCgroups(): ReadonlyMap<bigint, string> {
  return (paths ??= readCgroupPaths());
}

/** The same, read anew. */
export function readCgroupPaths(): ReadonlyMap<bigint, string> {
  const found = new Map<bigint, string>();
  const walk = (folder: string): void => {
    try {
      found.set(systemFiles.stat(folder).ino, folder);
      for (const entry of systemFiles.list(folder)) if (entry.isDirectory()) walk(`${folder}/${entry.name}`);
    } catch {
      // A cgroup may go while it is looked at.
    }
  };
  for (const root of roots) if (isCgroupRoot(root)) walk(root);
  return found;
}

/** Where cgroups of version 2 are mounted; with old ones beside them, one level below. */
const roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/** The root of the cgroup file system of version 2; undefined where it is not mounted. */
export function findCgroupRoot(): string | undefined {
  return roots.find(isCgroupRoot);
}

function isCgroupRoot(path: string): boolean {
  try {
    return systemFiles.fileSystemType(path) === cgroup2Magic;
  } catch {
    return false;
  }
}
