import { getSystemErrorMap } from "node:util";
import type { Status } from "./port.ts";

/** Negative errnos that answers of the port are compared with. */
export const errno = {
  EPERM: -1,
  ENOENT: -2,
  ESRCH: -3,
  EINTR: -4,
  E2BIG: -7,
  EBADF: -9,
  EAGAIN: -11,
  ENOMEM: -12,
  EACCES: -13,
  EBUSY: -16,
  EEXIST: -17,
  ENODEV: -19,
  ENOTDIR: -20,
  EINVAL: -22,
  ENFILE: -23,
  EMFILE: -24,
  ENOSPC: -28,
  ERANGE: -34,
  EROFS: -30,
  EPIPE: -32,
  ENOSYS: -38,
  ENOLINK: -67,
  EILSEQ: -84,
  EMSGSIZE: -90,
  EPROTONOSUPPORT: -93,
  EOPNOTSUPP: -95,
  EAFNOSUPPORT: -97,
  EADDRNOTAVAIL: -99,
  ENOTSUPP: -524,
} as const;

/** Errors that only the kernel knows, or that mean something of their own for BPF. */
const ownNames: ReadonlyMap<number, readonly [name: string, sentence: string]> = new Map([
  [7, ["E2BIG", "too large"]],
  [11, ["EAGAIN", "try again"]],
  [67, ["ENOLINK", "the link is severed"]],
  [71, ["EPROTO", "protocol error"]],
  [75, ["EOVERFLOW", "a value is too large"]],
  [95, ["EOPNOTSUPP", "operation not supported"]],
  [107, ["ENOTCONN", "not connected"]],
  [108, ["ESHUTDOWN", "closed already"]],
  [114, ["EALREADY", "done already"]],
  [115, ["EINPROGRESS", "still under way"]],
  [116, ["ESTALE", "stale"]],
  [129, ["EKEYREJECTED", "the signature is not accepted"]],
  [524, ["ENOTSUPP", "not supported by this kernel"]],
]);

/** The symbolic name of a negative errno, `"ENOENT"` for -2; `"errno N"` for one without a name. */
export function renderErrnoName(status: Status): string {
  return findErrno(status)?.[0] ?? `errno ${Math.abs(status)}`;
}

/** A negative errno as name and sentence: `"ENOENT, no such file or directory"`. */
export function renderErrno(status: Status): string {
  const found = findErrno(status);
  return found === undefined ? `errno ${Math.abs(status)}` : `${found[0]}, ${found[1]}`;
}

function findErrno(status: Status): readonly [string, string] | undefined {
  const number = Math.abs(status);
  return ownNames.get(number) ?? getSystemErrorMap().get(-number);
}
