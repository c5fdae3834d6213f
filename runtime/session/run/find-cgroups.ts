import { ArgumentError, UsageError } from "../../base/errors.ts";
import { findSimilar } from "../../base/similar.ts";
import { findCgroupRoot, listCgroups, readCgroupId } from "../../kernel/machine/cgroups.ts";
import { listContainers } from "../../kernel/machine/containers.ts";
import type { Container } from "../../kernel/machine/containers.ts";

/** Finds the paths of the cgroups at paths, and of the containers of names. @throws UsageError for one that is not there */
export function findCgroups(paths: readonly string[], names: readonly string[]): string[] {
  const containers = names.length === 0 ? [] : listContainers();
  return [...new Set([...paths.map(findCgroup), ...names.flatMap((name) => findContainer(name, containers))])];
}

/** A path as /proc/PID/cgroup and systemd write it begins at the root of the cgroup file system. */
function findCgroup(path: string): string {
  const root = findCgroupRoot() ?? "/sys/fs/cgroup";
  const known = new Set(listCgroups().values());
  const wanted = path.replace(/\/+$/, "") || root;
  const inside = `${root}/${wanted.replace(/^\/+/, "")}`;
  if (!wanted.startsWith(`${root}/`) && known.has(inside)) return inside;
  try {
    readCgroupId(wanted);
    return wanted;
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    const similar = findSimilar(wanted, known, 3) ?? findSimilar(inside, known, 3);
    throw new UsageError(`--cgroup "${path}": ${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`, {
      cause: error,
      hint: similar === undefined ? error.hint! : `did you mean "${similar}"?`,
    });
  }
}

/** All containers of a name, or the one whose id begins so. */
export function findContainer(name: string, containers: readonly Container[]): string[] {
  const named = containers.filter((one) => one.id === name || one.names.includes(name));
  if (named.length > 0) return named.map(({ path }) => path);
  const begun = /^[0-9a-f]{4,}$/.test(name) ? containers.filter(({ id }) => id.startsWith(name)) : [];
  if (begun.length === 1) return [begun[0]!.path];
  if (begun.length > 1)
    throw new UsageError(`--container "${name}": the ids of ${begun.length} containers begin so`, {
      hint: `give more of it: ${begun.map(describe).join(", ")}`,
    });
  const similar = findSimilar(
    name,
    containers.flatMap(({ names }) => names),
  );
  throw new UsageError(`There is no container "${name}"`, { hint: adviseOn(similar, containers) });
}

const SHOWN = 8;

function adviseOn(similar: string | undefined, containers: readonly Container[]): string {
  if (similar !== undefined) return `did you mean "${similar}"?`;
  if (containers.length === 0)
    return "bpfts sees no container that has a cgroup of version 2; --cgroup PATH takes any cgroup";
  const shown = containers.slice(0, SHOWN).map(describe).join(", ");
  return containers.length > SHOWN ? `there are ${containers.length}, among them ${shown}` : `there are: ${shown}`;
}

function describe({ id, names }: Container): string {
  const short = /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;
  const [name] = names;
  return name === undefined || name === short ? short : `${name} (${short})`;
}
