import { closeSync, constants, fstatSync, openSync, readSync, readlinkSync } from "node:fs";

const CHUNK_BYTES = 64 * 1024;

/** What came of reading a file. */
export type FileRead =
  | { readonly kind: "read"; readonly bytes: Buffer }
  /** The path leads to a file that was not wanted. */
  | { readonly kind: "elsewhere" }
  | { readonly kind: "failed"; readonly reason: string; readonly cause?: unknown };

export interface FileWish {
  readonly maxBytes: number;
  /** Is asked about the path of the file that was opened. */
  isWanted(path: string): boolean;
}

/**
 * Reads a regular file by a path without symbolic links that was looked at before. The file is looked at again once it is
 * open, since what the path means may have been changed in between. A pipe is not waited for.
 */
export function readRegularFile(path: string, { maxBytes, isWanted }: FileWish): FileRead {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (cause) {
    return describeFailure(cause);
  }
  try {
    const opened = readlinkSync(`/proc/self/fd/${fd}`);
    if (!isWanted(opened)) return { kind: "elsewhere" };
    const stat = fstatSync(fd);
    if (!stat.isFile())
      return { kind: "failed", reason: stat.isDirectory() ? "it is a directory" : "it is no regular file" };
    const bytes = readToEnd(fd, maxBytes);
    return bytes === undefined
      ? { kind: "failed", reason: `it has more than ${maxBytes / 1024 / 1024} MiB` }
      : { kind: "read", bytes };
  } catch (cause) {
    return describeFailure(cause);
  } finally {
    closeSync(fd);
  }
}

/** Undefined when there is too much. Files below /proc do not know their size. */
function readToEnd(fd: number, maxBytes: number): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let total = 0; ; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const size = readSync(fd, chunk, 0, CHUNK_BYTES, null);
    if (size === 0) return Buffer.concat(chunks);
    total += size;
    if (total > maxBytes) return undefined;
    chunks.push(chunk.subarray(0, size));
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a directory",
  ELOOP: "it is a symbolic link",
  ENXIO: "it is no regular file",
  ESRCH: "the process is gone",
};

/** Why a file could not be opened or read, in words. */
export function describeFileFailure(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return reasons[code ?? ""] ?? message;
}

function describeFailure(cause: unknown): FileRead {
  return { kind: "failed", reason: describeFileFailure(cause), cause };
}
