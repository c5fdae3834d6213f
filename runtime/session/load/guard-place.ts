import { PrivilegeError } from "../../base/errors.ts";
import { listDefaultRouteDevices } from "../../kernel/network/devices.ts";
import type { NetworkDevice } from "../../kernel/network/devices.ts";
import { findNamespacePath } from "../../kernel/network/network-namespace.ts";
import type { NetworkNamespace } from "../../kernel/network/network-namespace.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import { renderDevice } from "../../kernel/hooks/network-hook.ts";
import { ownNamespace } from "../../permit/places.ts";
import type { AllowedPlaces } from "../../permit/places.ts";
import { systemFiles } from "../../kernel/door/system-files.ts";

/** A place of the network that a program is to go to. */
interface GuardedPlace {
  readonly port: KernelPort;
  readonly netns: NetworkNamespace;
  readonly devices: readonly NetworkDevice[];
  readonly device: NetworkDevice | undefined;
}

/**
 * Refuses what could cut the machine off, unless the user has named it: devices that a default route leads through, the loopback device, and
 * namespaces that have a default route as a whole.
 *
 * @throws PrivilegeError
 */
export function requireAllowedPlace(allowed: AllowedPlaces, action: string, place: GuardedPlace): void {
  const { device, netns } = place;
  const routed = listDefaultRouteDevices(place.port, netns.handle, place.devices);
  if (device === undefined) {
    if (routed.size === 0 || allowed.namespaces.some((name) => isSameNamespace(name, netns))) return;
    const name = netns.label === "" ? ownNamespace : netns.label;
    throw new PrivilegeError(`${action}: that network namespace has a default route`, {
      hint: `a mistake there could cut the machine off; if you mean it: --allow-netns ${name}, else use a network namespace of your own`,
    });
  }
  const why = device.isLoopback
    ? "it is the loopback device"
    : routed.has(device.index)
      ? "a default route leads through it"
      : undefined;
  if (why === undefined) return;
  const isNamed = allowed.devices.some(
    ({ dev, netns: name }) => dev === device.name && isSameNamespace(name ?? ownNamespace, netns),
  );
  if (isNamed) return;
  const name = netns.label === "" ? device.name : `${netns.label}/${device.name}`;
  throw new PrivilegeError(`${action}: ${renderDevice(device.name, netns)} is guarded, since ${why}`, {
    hint: `a mistake there could cut the machine off; if you mean it: --allow-dev ${name}, else use a network namespace of your own`,
  });
}

function isSameNamespace(name: string, netns: NetworkNamespace): boolean {
  const path = name === ownNamespace ? "/proc/self/ns/net" : findNamespacePath(name);
  return systemFiles.find(path)?.ino === BigInt(netns.inode);
}

/** Source: CGROUP2_SUPER_MAGIC of linux/magic.h. */
const cgroup2Magic = 0x63677270;

/** Refuses the root cgroup, in which every process is, unless the user has named it. @throws PrivilegeError */
export function requireAllowedCgroup(allowed: AllowedPlaces, action: string, path: string): void {
  if (!isRootCgroup(path) || allowed.cgroups.some((name) => name === "/" || isRootCgroup(name))) return;
  throw new PrivilegeError(`${action}: "${path}" is the root cgroup, in which every process is`, {
    hint: "a mistake there could cut the machine off; if you mean it: --allow-cgroup /, else use a cgroup of your own",
  });
}

/** The root is where the file system is mounted: what lies above is another one. */
function isRootCgroup(path: string): boolean {
  try {
    return (
      systemFiles.fileSystemType(path) === cgroup2Magic && systemFiles.fileSystemType(`${path}/..`) !== cgroup2Magic
    );
  } catch {
    return false;
  }
}
