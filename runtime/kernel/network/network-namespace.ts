import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import type { NetworkNamespaceName } from "../../../sdk/wire/network-calls.ts";
import { AttachError, PrivilegeError } from "../../base/errors.ts";
import { listFolder } from "../../base/list-folder.ts";
import { findSimilar } from "../../base/similar.ts";
import { systemFiles } from "../door/system-files.ts";

/** A network namespace that is held open. Owner: whoever opened it closes it. */
export interface NetworkNamespace {
  /** Its descriptor, -1 for this process's own. */
  readonly fd: number;
  /** Its number, as `ls -Li /proc/PID/ns/net` shows it. */
  readonly inode: number;
  /** How messages call it, empty for this process's own. */
  readonly label: string;
  close(): void;
}

/** Where `ip netns` keeps its namespaces. */
export const namespaceFolder = "/run/netns";

/**
 * Opens a namespace by what the script calls it: one of `files` by its name, a name of `ip netns`, a process, a path; nothing is this process's own.
 *
 * @throws AttachError, PrivilegeError
 */
export function openNetworkNamespace(
  name: NetworkNamespaceName | undefined,
  files: ReadonlyMap<string, string> = new Map(),
): NetworkNamespace {
  if (name === undefined)
    return { fd: -1, inode: statSync("/proc/self/ns/net").ino, label: "", close: () => undefined };
  const label = renderNamespaceName(name);
  const path = (typeof name === "string" ? files.get(name) : undefined) ?? findNamespacePath(name);
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (cause) {
    throw describeMissing(name, label, [...files.keys(), ...listNamespaceNames()], cause as NodeJS.ErrnoException);
  }
  const { ino, dev } = fstatSync(fd);
  if (dev !== statSync("/proc/self/ns/net").dev || isOfOtherKind(fd)) {
    closeSync(fd);
    throw new AttachError(`"${label}" is no network namespace`, {
      reason: "no_such_place",
      hint: "a namespace is named as ip netns names it, as { pid }, or by a path like /proc/PID/ns/net",
    });
  }
  return { fd, inode: ino, label, close: () => closeSync(fd) };
}

/** A namespace says its kind by its link, unless it is reached by the place that it is mounted on: there the kernel tells when it is entered. */
function isOfOtherKind(fd: number): boolean {
  const kind = /^(\w+):\[\d+\]$/.exec(systemFiles.readLink(`/proc/self/fd/${fd}`))?.[1];
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
  cause: NodeJS.ErrnoException,
): AttachError | PrivilegeError {
  if (cause.code === "EACCES" || cause.code === "EPERM")
    return new PrivilegeError(`Cannot open the network namespace ${JSON.stringify(label)}: this user may not`, {
      cause,
      hint: "run it as root",
    });
  if (typeof name !== "string")
    return new AttachError(`There is no process ${name.pid}`, { cause, reason: "no_such_process" });
  const similar = name.startsWith("/") ? undefined : findSimilar(name, known);
  const rest = known.length === 0 ? "there is none with a name" : `there are: ${known.slice(0, 8).join(", ")}`;
  return new AttachError(`There is no network namespace "${label}"`, {
    cause,
    reason: "no_such_place",
    hint: similar === undefined ? rest : `did you mean "${similar}"?`,
  });
}

/** The namespaces that `ip netns` has given a name. */
export function listNamespaceNames(): readonly string[] {
  return listFolder(namespaceFolder).sort();
}
