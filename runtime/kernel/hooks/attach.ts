import { AttachError, PrivilegeError, UnsupportedFeatureError } from "../../base/errors.ts";
import type { BpftsError } from "../../base/errors.ts";
import type { AttachErrorReason } from "../../../sdk/wire/error-message.ts";
import type { SourceLocation } from "../../base/location.ts";
import { errno, renderErrno } from "../door/errno.ts";
import type { Handle, KernelPort } from "../door/port.ts";
import type { ProgramKindName } from "./program-kinds.ts";
import type { MultiPlace } from "./multi-links.ts";

/** One place that a program is to sit on. */
export interface AttachTarget {
  /** Names the place within its kind: what detaching goes by. */
  readonly key: string;
  /** How messages call the place. */
  readonly label: string;
  /** The name by which a cookie of the place is told, where that is not the label. */
  readonly name?: string;
  /** How it goes on one link with others; absent where it cannot. */
  readonly place?: MultiPlace;
  /** `cookie` is the number that the program gets from bpf_get_attach_cookie, where the kernel has such numbers. */
  open(port: KernelPort, program: Handle, cookie: bigint): Handle;
  /** The places that are meant, where the kernel says that the one name stands for several. @throws BpftsError when they cannot be told apart */
  split?(status: number): readonly AttachTarget[] | undefined;
  /** Where the user's text asks for it. */
  readonly location?: SourceLocation;
  /** Why it failed, in the words of this kind. */
  explain?(port: KernelPort, status: number): Explanation | undefined;
}

/** Why a place refuses a program. */
export interface Explanation {
  readonly reason: string;
  readonly hint?: string;
  /** The feature that the kernel lacks. */
  readonly unsupported?: string;
  readonly kind?: AttachErrorReason;
}

/** A program on its place. Owner: whoever attached it closes it. */
export interface Link {
  readonly kind: ProgramKindName;
  readonly key: string;
  readonly handle: Handle;
}

/**
 * Attaches a loaded program to one place, or to each function that its name stands for: to all of them or none.
 *
 * @throws AttachError, PrivilegeError, UnsupportedFeatureError
 */
export function attachProgram(
  port: KernelPort,
  kind: ProgramKindName,
  functionName: string,
  program: Handle,
  target: AttachTarget,
  cookie = 0n,
): Link[] {
  const handle = target.open(port, program, cookie);
  if (handle >= 0) return [{ kind, key: target.key, handle }];
  const parts = target.split?.(handle);
  if (parts === undefined) throw describeAttachFailure(port, kind, functionName, target, handle);
  const links: Link[] = [];
  try {
    for (const part of parts) links.push(...attachProgram(port, kind, functionName, program, part, cookie));
  } catch (error) {
    for (const link of links) port.linkClose(link.handle);
    throw error;
  }
  return links;
}

function describeAttachFailure(
  port: KernelPort,
  kind: ProgramKindName,
  functionName: string,
  target: AttachTarget,
  status: number,
): BpftsError {
  const why = target.explain?.(port, status);
  const message = `Cannot attach "${functionName}" to ${kind} "${target.label}": ${why?.reason ?? renderErrno(status)}`;
  const details = {
    ...(why?.hint !== undefined && { hint: why.hint }),
    ...(target.location && { location: target.location }),
    ...(why?.kind !== undefined && { reason: why.kind }),
    ...(status > noCookie && { errno: -status }),
  };
  if (why?.unsupported !== undefined) return new UnsupportedFeatureError(why.unsupported, message, details);
  if ((status === errno.EPERM || status === errno.EACCES) && why === undefined)
    return new PrivilegeError(message, {
      errno: -status,
      hint: "run it as root, or give the process CAP_BPF and CAP_PERFMON; without either, try the script in a virtual machine: bpfts vm run",
    });
  return new AttachError(message, details);
}

/** An errno that attaching does not answer: a place that needs a cookie, on a kernel without. */
export const noCookie = -100_000;
