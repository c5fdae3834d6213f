import { listFolder } from "../../base/list-folder.ts";
import { listNamespaceNames, openNetworkNamespace } from "../../kernel/network/network-namespace.ts";
import type { NetworkNamespace } from "../../kernel/network/network-namespace.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import { ownNamespace } from "../../permit/places.ts";
import { systemFiles } from "../../kernel/door/system-files.ts";

/** A network namespace as a listing shows it. */
export interface ListedNamespace {
  readonly label: string;
  readonly namespace: NetworkNamespace;
}

/** Runs `use` with each of the namespaces that a user names: as `ip netns` does, by path, or `self`. @throws AttachError, PrivilegeError */
export function withNamedNamespaces(
  port: KernelPort,
  names: readonly string[],
  use: (listed: ListedNamespace) => void,
): void {
  for (const label of names) {
    const namespace = openNetworkNamespace(port, label === ownNamespace ? "/proc/self/ns/net" : label);
    try {
      use({ label, namespace });
    } finally {
      namespace.close();
    }
  }
}

/** Runs `use` with each namespace of this machine once: that of bpfts, those with a name, those that processes are in. @throws PrivilegeError */
export function withAllNamespaces(port: KernelPort, use: (listed: ListedNamespace) => void): void {
  const seen = new Set<number>();
  for (const { label, path } of listPlaces(seen)) {
    let namespace: NetworkNamespace;
    try {
      namespace = openNetworkNamespace(port, path);
    } catch {
      // It went while the others were looked at.
      continue;
    }
    try {
      if (seen.has(namespace.inode)) continue;
      seen.add(namespace.inode);
      use({ label, namespace });
    } finally {
      namespace.close();
    }
  }
}

function* listPlaces(seen: ReadonlySet<number>): Generator<{ readonly label: string; readonly path: string }> {
  yield { label: ownNamespace, path: "/proc/self/ns/net" };
  for (const name of listNamespaceNames()) yield { label: name, path: name };
  for (const pid of listFolder("/proc").filter((name) => /^\d+$/.test(name))) {
    const path = `/proc/${pid}/ns/net`;
    if (!seen.has(readNumberOf(path))) yield { label: `of pid ${pid}`, path };
  }
}

/** The number of a namespace by its link: most processes are where others are, and need not be opened. */
function readNumberOf(path: string): number {
  try {
    return Number(/\d+/.exec(systemFiles.readLink(path))?.[0] ?? 0);
  } catch {
    return 0;
  }
}
