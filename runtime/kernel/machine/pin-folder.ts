import { basename, dirname, join, resolve } from "node:path";
import { AttachError, BpftsError } from "../../base/errors.ts";
import type { ErrorDetails } from "../../base/errors.ts";
import { errno, renderErrno } from "../door/errno.ts";
import type { Status } from "../door/port.ts";
import { systemFiles } from "../door/system-files.ts";
import type { OpenFile } from "../door/system-files.ts";

/** Source: BPF_FS_MAGIC of linux/magic.h. */
const bpfMagic = 0xcafe4a11;

/** Makes the error about something that cannot be pinned. */
type FailPin = (reason: string, details: ErrorDetails) => BpftsError;

/**
 * Makes the folders that something is to be pinned in, as BCC does, and answers the path to pin it at: the same place, without
 * symbolic links and dots. Each folder is made in one that is open and was seen to be of a BPF file system.
 *
 * @throws what `fail` makes when the place is of none
 */
export function makePinFolder(path: string, fail: FailPin): string {
  try {
    return makeFolders(path, fail);
  } catch (cause) {
    if (cause instanceof BpftsError) throw cause;
    throw fail((cause as Error).message, { cause });
  }
}

/**
 * Pins a program or a link at a path, in folders that are made for it. `pin` is the call into the kernel.
 *
 * @throws AttachError when the path is in no BPF file system, or something is there already
 */
export function pinAt(action: string, path: string, pin: (place: string) => Status): void {
  const status = pin(makePinFolder(path, (reason, details) => new AttachError(`${action}: ${reason}`, details)));
  if (status === errno.EEXIST)
    throw new AttachError(`${action}: something is pinned there already`, {
      errno: -status,
      hint: "remove the file of an earlier run, or give another path",
    });
  if (status < 0) throw new AttachError(`${action} (${renderErrno(status)})`, { errno: -status });
}

function makeFolders(path: string, fail: FailPin): string {
  const wanted = resolve(path);
  const missing: string[] = [];
  let folder = dirname(wanted);
  for (; !systemFiles.exists(folder); folder = dirname(folder)) missing.unshift(basename(folder));
  const real = systemFiles.resolve(folder);
  let open = openFolder(real);
  try {
    requireBpf(open, fail, real);
    for (const name of missing) {
      // By the descriptor: the path may mean another folder by now.
      const inside = `${open.path}/${name}`;
      makeFolder(inside);
      const next = openFolder(inside);
      open.close();
      open = next;
      requireBpf(open, fail, join(real, ...missing));
    }
  } finally {
    open.close();
  }
  return join(real, ...missing, basename(wanted));
}

function openFolder(path: string): OpenFile {
  return systemFiles.open(path, { directory: true, noFollow: true });
}

function makeFolder(path: string): void {
  try {
    systemFiles.makeFolder(path);
  } catch (cause) {
    // Another run was quicker.
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
  }
}

function requireBpf(open: OpenFile, fail: FailPin, folder: string): void {
  if (systemFiles.fileSystemType(open.path) === bpfMagic) return;
  throw fail(`"${folder}" is no BPF file system`, {
    hint: "as root: mount -t bpf bpf /sys/fs/bpf, and pin below it",
  });
}
