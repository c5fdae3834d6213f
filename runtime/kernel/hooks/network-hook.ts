import type { NetworkArgument } from "../../../sdk/wire/network-calls.ts";
import { AttachError, PrivilegeError, UnsupportedFeatureError } from "../../base/errors.ts";
import type { BpftsError } from "../../base/errors.ts";
import { errno, renderErrno } from "../door/errno.ts";
import type { Handle, KernelPort, Status } from "../door/port.ts";
import type { NetworkDevice } from "../network/devices.ts";
import type { NetworkNamespace } from "../network/network-namespace.ts";
import type { ProgramRequest } from "./program-kinds.ts";

/** Where a program of networking is to go: a device of a namespace, or the namespace itself. */
export interface NetworkPlace {
  readonly port: KernelPort;
  readonly netns: NetworkNamespace;
  /** Undefined for hooks of a whole namespace. */
  readonly device: NetworkDevice | undefined;
  /** Whether the program sends frames out again, as its instructions tell. */
  mayTransmit(): boolean;
}

/** A program that sits on its place. Owner: whoever attached it closes the handle. */
export interface AttachedLink {
  readonly handle: Handle;
  readonly via: string;
  readonly mode?: "native" | "generic";
  /** What will not work although it is attached. */
  readonly warnings: readonly string[];
}

/** One kind of place in the network: how its functions are loaded, and how they get there. */
export interface NetworkHook<Argument extends NetworkArgument = NetworkArgument> {
  /** How the function is loaded. */
  plan(argument: Argument): ProgramRequest;
  /** How messages and `check` call the place. */
  label(argument: Argument): string;
  /** Whether it can stop what passes, so that the guard looks at the place first. */
  readonly isGuarded: boolean;
  /** @throws AttachError, PrivilegeError, UnsupportedFeatureError */
  attach(argument: Argument, program: Handle, place: NetworkPlace): AttachedLink;
}

/** The argument of one kind. */
export type ArgumentOf<Kind extends NetworkArgument["kind"]> = Extract<NetworkArgument, { readonly kind: Kind }>;

/** No bytes behind the flags of a link. */
export const noOptions = new Uint8Array();

/** How messages call a device. */
export function renderDevice(dev: string, netns: NetworkNamespace): string {
  return netns.label === "" ? `"${dev}"` : `"${dev}" of the network namespace "${netns.label}"`;
}

/** What went wrong, in the words of a hook. */
export interface AttachFailure {
  readonly action: string;
  readonly status: Status;
  readonly feature?: {
    readonly name: string;
    readonly title: string;
    readonly since: string;
    readonly instead: string;
  };
}

/** What the kernel answers where it lacks a hook; EINVAL also stands for an attach type that it does not know. */
export const missingAnswers: readonly number[] = [errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUPP];

/** The error of a place that refuses, for what the hook itself has no word for. */
export function describeRefusal({ action, status, feature }: AttachFailure): BpftsError {
  const detail = renderErrno(status);
  if (status === errno.EPERM || status === errno.EACCES)
    return new PrivilegeError(`${action}: this user may not (${detail})`, {
      errno: -status,
      hint: "it takes CAP_NET_ADMIN, and CAP_SYS_ADMIN for another network namespace: run it as root",
    });
  if (feature !== undefined && missingAnswers.includes(status))
    return new UnsupportedFeatureError(
      feature.name,
      `${action}: this kernel has no ${feature.title}, which came with Linux ${feature.since} (${detail})`,
      { since: feature.since, errno: -status, hint: feature.instead },
    );
  if (status === errno.ENODEV)
    return new AttachError(`${action}: the device is gone (${detail})`, { errno: -status, reason: "no_such_place" });
  return new AttachError(`${action}: ${detail}`, { errno: -status });
}
