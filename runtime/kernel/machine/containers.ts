import { basename, dirname } from "node:path";
import { listFolder } from "../../base/list-folder.ts";
import { listCgroups } from "./cgroups.ts";
import { systemFiles } from "../door/system-files.ts";

/** A container of this machine, as its cgroup and its runtime's files tell of it. */
export interface Container {
  /** Hexadecimal for those of Docker, Podman and Kubernetes; the machine's or container's name for those of LXC, systemd and `ctr`. */
  readonly id: string;
  /** The names that it may be asked for by, the shortest first. */
  readonly names: readonly string[];
  /** Its own name, or the beginning of its id. */
  readonly name: string;
  /** Its pod as NAMESPACE/POD; undefined where it is in none. */
  readonly pod?: string;
  /** Its cgroup of version 2. */
  readonly path: string;
}

/** Where the runtimes keep what they know; below another root in tests. */
interface Machine {
  readonly root?: string;
  readonly cgroups?: Iterable<string>;
}

/**
 * Lists the containers that have a cgroup of version 2. No runtime is asked: its files are read.
 *
 * Source: systemd's and cgroupfs's names of cgroups; Docker's `config.v2.json`; Podman's `containers.json`; the kubelet's `/var/log/containers`; the bundles
 * of containerd's tasks.
 */
export function listContainers({ root = "", cgroups = listCgroups().values() }: Machine = {}): Container[] {
  const known = new Map<string, { path: string; names: Set<string>; pod?: string }>();
  const tasks = readTasks(root);
  for (const path of cgroups) {
    const id = findId(path) ?? tasks.find((task) => task.ends.some((end) => path.endsWith(end)))?.id;
    const shorter = id === undefined ? undefined : known.get(id);
    if (id === undefined || (shorter !== undefined && shorter.path.length <= path.length)) continue;
    known.set(id, { path, names: shorter?.names ?? new Set() });
  }
  const podmanNames = known.size === 0 ? new Map<string, readonly string[]>() : readPodmanNames(root);
  for (const [id, container] of known) {
    const { names } = container;
    const task = tasks.find((one) => one.id === id);
    if (task?.pod !== undefined) container.pod = task.pod;
    if (!/^[0-9a-f]{64}$/.test(id)) names.add(id);
    for (const name of [...readDockerNames(root, id), ...(podmanNames.get(id) ?? []), ...(task?.names ?? [])])
      names.add(name);
  }
  for (const { id, names, pod } of readKubeletNames(root)) {
    const container = known.get(id);
    if (container === undefined) continue;
    for (const name of names) container.names.add(name);
    container.pod = pod;
  }
  return [...known].map(([id, { path, names, pod }]) => {
    const [name = id.slice(0, ID_LENGTH)] = names;
    return { id, names: [...names], name, path, ...(pod !== undefined && { pod }) };
  });
}

/** So much of an id is shown, as the runtimes do. */
const ID_LENGTH = 12;

/** The container of a cgroup's own name; undefined for a cgroup that is none, or lies within a container's. */
function findId(path: string): string | undefined {
  const name = basename(path);
  if (/conmon/.test(name)) return undefined;
  const scope = /^(?:[a-z][a-z-]*-)?([0-9a-f]{64})(?:\.scope)?$/.exec(name);
  if (scope !== null) return scope[1];
  const machine = /^machine-(.+)\.scope$/.exec(name) ?? /^systemd-nspawn@(.+)\.service$/.exec(name);
  if (machine !== null)
    return machine[1]!.replace(/\\x([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
  const lxc = /^lxc\.payload\.(.+)$/.exec(name)?.[1];
  return lxc ?? (basename(dirname(path)) === "lxc" ? name : undefined);
}

interface Task {
  readonly id: string;
  readonly names: readonly string[];
  readonly pod?: string;
  /** What the path of its cgroup ends with. */
  readonly ends: readonly string[];
}

function readTasks(root: string): Task[] {
  const folder = `${root}/run/containerd/io.containerd.runtime.v2.task`;
  return listFolder(folder)
    .sort()
    .flatMap((namespace) =>
      listFolder(`${folder}/${namespace}`)
        .sort()
        .map((id): Task => {
          const config = readJson(`${folder}/${namespace}/${id}/config.json`) as {
            readonly annotations?: Readonly<Record<string, unknown>>;
            readonly linux?: { readonly cgroupsPath?: unknown };
          };
          const annotations = config?.annotations ?? {};
          const names = ["nerdctl/name", "io.kubernetes.cri.container-name", "io.kubernetes.cri.sandbox-name"].flatMap(
            (key) => (typeof annotations[key] === "string" ? [annotations[key]] : []),
          );
          const [namespaceOfPod, podName] = ["sandbox-namespace", "sandbox-name"].map(
            (key) => annotations[`io.kubernetes.cri.${key}`],
          );
          const pod =
            typeof namespaceOfPod === "string" && typeof podName === "string"
              ? { pod: `${namespaceOfPod}/${podName}` }
              : {};
          const place = config?.linux?.cgroupsPath;
          if (typeof place !== "string" || place === "") return { id, names, ...pod, ends: [`/${namespace}/${id}`] };
          // runc writes systemd's "slice:prefix:name" as slice/prefix-name.scope.
          const [slice = "", prefix = "", name = ""] = place.split(":");
          return { id, names, ...pod, ends: [name === "" ? place : `/${slice}/${prefix}-${name}.scope`] };
        }),
    );
}

function readDockerNames(root: string, id: string): string[] {
  const config = readJson(`${root}/var/lib/docker/containers/${id}/config.v2.json`) as { readonly Name?: unknown };
  return typeof config?.Name === "string" ? [config.Name.replace(/^\//, "")] : [];
}

function readPodmanNames(root: string): Map<string, readonly string[]> {
  const containers = readJson(`${root}/var/lib/containers/storage/overlay-containers/containers.json`);
  if (!Array.isArray(containers)) return new Map();
  return new Map(
    containers.flatMap(({ id, names }: { readonly id?: unknown; readonly names?: unknown }) =>
      typeof id === "string" && Array.isArray(names)
        ? [[id, names.filter((name) => typeof name === "string")] as const]
        : [],
    ),
  );
}

/** `POD_NAMESPACE_CONTAINER-ID.log`: a container goes by its own name, by its pod's, and by namespace and pod. */
function readKubeletNames(
  root: string,
): { readonly id: string; readonly names: readonly string[]; readonly pod: string }[] {
  return listFolder(`${root}/var/log/containers`)
    .sort()
    .flatMap((file) => {
      const [, pod, namespace, name, id] = /^([^_]+)_([^_]+)_(.+)-([0-9a-f]{64})\.log$/.exec(file) ?? [];
      if (pod === undefined || id === undefined) return [];
      const whole = `${namespace!}/${pod}`;
      return [{ id, names: [name!, pod, whole, `${whole}/${name!}`], pod: whole }];
    });
}

/** What is no JSON, or gone, says nothing. */
function readJson(path: string): unknown {
  try {
    return JSON.parse(systemFiles.readText(path));
  } catch {
    return undefined;
  }
}
