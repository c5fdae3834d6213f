import { dirname } from "node:path";
import { readClock } from "../../base/clock.ts";
import { findCgroupRoot, readCgroupPaths } from "./cgroups.ts";
import { listContainers } from "./containers.ts";
import type { Container } from "./containers.ts";
import { systemFiles } from "../door/system-files.ts";

/** Which container processes and cgroups belong to. */
export interface ContainerNames {
  /** The container of a process; null for one that is in none, undefined for one that is gone. */
  findByProcess(pid: number): Container | null | undefined;
  /** The container of a cgroup by its number. */
  findByCgroup(id: bigint): Container | undefined;
}

/** The machine, below another root in tests. */
interface Machine {
  readonly root?: string;
  readonly readCgroups?: () => ReadonlyMap<bigint, string>;
  readonly cgroupRoot?: string;
  readonly now?: () => number;
}

/** How often cgroups are listed anew at most: containers come and go. Units: milliseconds. */
const LIST_MS = 1000;

/** Opens the names of containers; they are read when somebody first asks. */
export function openContainerNames({
  root = "",
  readCgroups = readCgroupPaths,
  cgroupRoot = findCgroupRoot() ?? "/sys/fs/cgroup",
  now = readClock,
}: Machine = {}): ContainerNames {
  let cgroups: ReadonlyMap<bigint, string> = new Map();
  let byPath = new Map<string, Container>();
  let listedAt = -Infinity;

  const list = (): boolean => {
    if (now() - listedAt < LIST_MS) return false;
    listedAt = now();
    cgroups = readCgroups();
    byPath = new Map(listContainers({ root, cgroups: cgroups.values() }).map((one) => [one.path, one]));
    return true;
  };
  /** The container whose cgroup a path is, or lies within. */
  const find = (path: string): Container | undefined => {
    for (let at = path; at.length > cgroupRoot.length; at = dirname(at)) {
      const found = byPath.get(at);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    findByProcess(pid) {
      const path = readCgroup(root, pid);
      if (path === undefined) return undefined;
      if (path === "/") return null;
      const whole = `${cgroupRoot}${path}`;
      return find(whole) ?? (list() ? find(whole) : undefined) ?? null;
    },
    findByCgroup(id) {
      if (!cgroups.has(id)) list();
      const path = cgroups.get(id);
      return path === undefined ? undefined : find(path);
    },
  };
}

/** The cgroup of version 2 of a process, from the root that this process sees. Source: cgroups(7) */
function readCgroup(root: string, pid: number): string | undefined {
  try {
    return /^0::(.*)$/m.exec(systemFiles.readText(`${root}/proc/${pid}/cgroup`))?.[1];
  } catch {
    return undefined;
  }
}
