import type { NetworkNamespaceName } from "../../../sdk/wire/network-calls.ts";
import { AttachError, PrivilegeError } from "../../base/errors.ts";
import { listFolder } from "../../base/list-folder.ts";
import { findSimilar } from "../../base/similar.ts";
import { errno } from "../door/errno.ts";
import type { Handle, KernelPort, Status } from "../door/port.ts";
import { systemFiles } from "../door/system-files.ts";

/** A network namespace that is held open. Owner: whoever opened it closes it. */
export interface NetworkNamespace {
  /** The handle of its descriptor, `ownNetns` for this process's own. */
  readonly handle: Handle;
  /** Its number, as `ls -Li /proc/PID/ns/net` shows it. */
  readonly inode: number;
  /** How messages call it, empty for this process's own. */
  readonly label: string;
  close(): void;
}

/** Stands for the network namespace that this process is in. */
export const ownNetns = -1;
const ownPath = "/proc/self/ns/net";

/** Where `ip netns` keeps its namespaces. */
export const namespaceFolder = "/run/netns";

/**
 * Opens a namespace by what the script calls it: one of `files` by its name, a name of `ip netns`, a process, a path; nothing is this process's own.
 *
 * @throws AttachError, PrivilegeError
 */
export function openNetworkNamespace(
  port: KernelPort,
  name: NetworkNamespaceName | undefined,
  files: ReadonlyMap<string, string> = new Map(),
): NetworkNamespace {
  if (name === undefined)
    return { handle: ownNetns, inode: Number(systemFiles.stat(ownPath).ino), label: "", close: () => undefined };
  const label = renderNamespaceName(name);
  const path = (typeof name === "string" ? files.get(name) : undefined) ?? findNamespacePath(name);
  const handle = port.descriptorOpen(path, false);
  if (handle < 0) throw describeMissing(name, label, [...files.keys(), ...listNamespaceNames()], handle);
  const opened = String(port.descriptorPath(handle));
  const { ino, dev } = systemFiles.stat(opened);
  if (dev !== systemFiles.stat(ownPath).dev || isOfOtherKind(opened)) {
    port.descriptorClose(handle);
    throw new AttachError(`"${label}" is no network namespace`, {
      reason: "no_such_place",
      hint: "a namespace is named as ip netns names it, as { pid }, or by a path like /proc/PID/ns/net",
    });
  }
  return { handle, inode: Number(ino), label, close: () => void port.descriptorClose(handle) };
}

/** A namespace says its kind by its link, unless it is reached by the place that it is mounted on: there the kernel tells when it is entered. */
function isOfOtherKind(opened: string): boolean {
  const kind = /^(\w+):\[\d+\]$/.exec(systemFiles.readLink(opened))?.[1];
  return kind !== undefined && kind !== "net";
}

/** Where the file of a namespace lies. */
export function findNamespacePath(name: NetworkNamespaceName): string {
  if (typeof name !== "string") return `/proc/${name.pid}/ns/net`;
  return name.startsWith("/") ? name : `${namespaceFolder}/${name}`;
}

function renderNamespaceName(name: NetworkNamespaceName): string {
  return typeof name === "string" ? name : `of process ${name.pid}`;
}

function describeMissing(
  name: NetworkNamespaceName,
  label: string,
  known: readonly string[],
  status: Status,
): AttachError | PrivilegeError {
  if (status === errno.EACCES || status === errno.EPERM)
    return new PrivilegeError(`Cannot open the network namespace ${JSON.stringify(label)}: this user may not`, {
      errno: -status,
      hint: "run it as root",
    });
  if (typeof name !== "string")
    return new AttachError(`There is no process ${name.pid}`, { errno: -status, reason: "no_such_process" });
  const similar = name.startsWith("/") ? undefined : findSimilar(name, known);
  const rest = known.length === 0 ? "there is none with a name" : `there are: ${known.slice(0, 8).join(", ")}`;
  return new AttachError(`There is no network namespace "${label}"`, {
    errno: -status,
    reason: "no_such_place",
    hint: similar === undefined ? rest : `did you mean "${similar}"?`,
  });
}

/** The namespaces that `ip netns` has given a name. */
export function listNamespaceNames(): readonly string[] {
  return listFolder(namespaceFolder).sort();
}
