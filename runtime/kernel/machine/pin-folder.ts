import { closeSync, constants, existsSync, mkdirSync, openSync, realpathSync, statfsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { BpftsError } from "../../base/errors.ts";
import type { ErrorDetails } from "../../base/errors.ts";

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

function makeFolders(path: string, fail: FailPin): string {
  const wanted = resolve(path);
  const missing: string[] = [];
  let folder = dirname(wanted);
  for (; !existsSync(folder); folder = dirname(folder)) missing.unshift(basename(folder));
  const real = realpathSync.native(folder);
  let fd = openFolder(real, constants.O_NOFOLLOW);
  try {
    requireBpf(fd, fail, real);
    for (const name of missing) {
      // By the descriptor: the path may mean another folder by now.
      const inside = `/proc/self/fd/${fd}/${name}`;
      makeFolder(inside);
      const next = openFolder(inside, constants.O_NOFOLLOW);
      closeSync(fd);
      fd = next;
      requireBpf(fd, fail, join(real, ...missing));
    }
  } finally {
    closeSync(fd);
  }
  return join(real, ...missing, basename(wanted));
}

function openFolder(path: string, flags: number): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | flags);
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (cause) {
    // Another run was quicker.
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
  }
}

function requireBpf(fd: number, fail: FailPin, folder: string): void {
  // Files of this kind have a number above 2^31, which older Nodes answer as a negative one.
  if (statfsSync(`/proc/self/fd/${fd}`).type >>> 0 === bpfMagic) return;
  throw fail(`"${folder}" is no BPF file system`, {
    hint: "as root: mount -t bpf bpf /sys/fs/bpf, and pin below it",
  });
}
