import { listFolder } from "../../base/list-folder.ts";
import { parseFdInfo } from "./live-object.ts";
import type { LiveKind } from "./live-object.ts";
import { systemFiles } from "../door/system-files.ts";

/** A process that has a descriptor of an object. */
export interface Holder {
  readonly pid: number;
  readonly comm: string;
  /** Its cgroup of version 2, `/` for the root; empty where there is none. */
  readonly cgroup: string;
}

/** Who has which objects. */
export interface Holders {
  list(kind: LiveKind, id: number): readonly Holder[];
}

/** What a descriptor of an object is called, and the line of fdinfo that has the object's id. */
const names: Readonly<Record<string, readonly [kind: LiveKind, line: string]>> = {
  "anon_inode:bpf-prog": ["program", "prog_id"],
  "anon_inode:bpf-map": ["map", "map_id"],
  "anon_inode:bpf_link": ["link", "link_id"],
  "anon_inode:btf": ["btf", "btf_id"],
};

/**
 * Looks at the descriptors of every process that this user may look into; of bpfts itself only when asked.
 *
 * Source: proc_pid_fd(5), proc_pid_fdinfo(5).
 */
export function readHolders({ own = false } = {}): Holders {
  const found = new Map<string, Holder[]>();
  for (const name of listFolder("/proc")) {
    if (!/^\d+$/.test(name) || (!own && Number(name) === process.pid)) continue;
    const ids = listHeld(name);
    if (ids.size === 0) continue;
    const holder = { pid: Number(name), comm: readLine(`/proc/${name}/comm`), cgroup: readCgroup(name) };
    for (const id of ids) {
      const others = found.get(id);
      if (others === undefined) found.set(id, [holder]);
      else others.push(holder);
    }
  }
  return { list: (kind, id) => found.get(`${kind} ${id}`) ?? [] };
}

function listHeld(pid: string): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const fd of listFolder(`/proc/${pid}/fd`)) {
    const row = names[readLink(`/proc/${pid}/fd/${fd}`)];
    if (row === undefined) continue;
    const id = parseFdInfo(readLine(`/proc/${pid}/fdinfo/${fd}`)).get(row[1]);
    if (id !== undefined) ids.add(`${row[0]} ${id}`);
  }
  return ids;
}

// Processes end and descriptors are closed while they are looked at: what is gone holds nothing.

function readLink(path: string): string {
  try {
    return systemFiles.readLink(path);
  } catch {
    return "";
  }
}

function readLine(path: string): string {
  try {
    return systemFiles.readText(path).trimEnd();
  } catch {
    return "";
  }
}

function readCgroup(pid: string): string {
  return /^0::(.*)$/m.exec(readLine(`/proc/${pid}/cgroup`))?.[1] ?? "";
}

/** The container that a cgroup belongs to, by the names that container programs give: runtime and the start of its id. */
export function findContainer(cgroup: string): string | undefined {
  const [, runtime, id] =
    /(?:^|\/)(docker|cri-containerd|crio|libpod|containerd|lxc\.payload|lxc|machine)[-./:]([\w.-]+?)(?:\.scope)?(?=\/|$)/.exec(
      cgroup,
    ) ?? [];
  if (runtime === undefined) return undefined;
  return `${runtime.replace(".payload", "")}:${/^[0-9a-f]{64}$/.test(id!) ? id!.slice(0, 12) : id}`;
}
