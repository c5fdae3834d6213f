import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { ArgumentError } from "../../base/errors.ts";
import { describeFileFailure, readRegularFile } from "../../script/read-regular-file.ts";
import type { FileScope } from "../../script/file-scope.ts";
import { decodeText } from "./decode-text.ts";

const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** Files that are no text and whose reading does harm or never ends. */
const refusedFiles =
  /^\/proc\/(?:kcore|vmcore|kmsg|sysrq-trigger|kpage\w+|\d+(?:\/task\/\d+)?\/(?:mem|pagemap))$|\/trace_pipe(?:_raw)?$/;

/** Why a script may not read a file. */
interface Refusal {
  readonly reason: string;
  readonly hint?: string;
}

/**
 * Reads a file that lies below /proc or /sys, with every symbolic link followed first: `/proc/self/root/etc/passwd` does not.
 *
 * @throws ArgumentError
 */
export function readSystemFile(path: string): string {
  return readText(path, resolve("/", path), findSystemRefusal);
}

/**
 * Reads a file that the user lets the script read. What no script may read below /proc and /sys stays refused.
 *
 * @throws ArgumentError
 */
export function readGrantedFile(path: string, granted: FileScope): string {
  return readText(path, resolve(path), (real) =>
    granted.covers(real) ? findRefusal(real) : { reason: "it leads to a file that you do not let the script read" },
  );
}

function readText(path: string, absolute: string, refuse: (real: string) => Refusal | undefined): string {
  let real: string;
  try {
    real = realpathSync.native(absolute);
  } catch (cause) {
    throw new ArgumentError(`Cannot read "${path}": ${describeFileFailure(cause)}`, { cause });
  }
  const refusal = refuse(real);
  if (refusal !== undefined) {
    const hint = real === absolute ? refusal.hint : `it leads to "${real}"`;
    throw new ArgumentError(`Cannot read "${path}": ${refusal.reason}`, hint === undefined ? {} : { hint });
  }
  const read = readRegularFile(real, { maxBytes: MAX_FILE_BYTES, isWanted: (opened) => refuse(opened) === undefined });
  if (read.kind === "elsewhere") throw new ArgumentError(`Cannot read "${path}": it leads to another file now`);
  if (read.kind === "failed") throw new ArgumentError(`Cannot read "${path}": ${read.reason}`, { cause: read.cause });
  return decodeText(read.bytes);
}

function findSystemRefusal(real: string): Refusal | undefined {
  if (/^\/(?:proc|sys)\//.test(real)) return findRefusal(real);
  return {
    reason: "scripts read files below /proc and /sys only",
    hint: "a folder of other files is granted on the command line: --allow-read FOLDER",
  };
}

/** Why no script may read a file, by a path without symbolic links. */
function findRefusal(real: string): Refusal | undefined {
  if (refusedFiles.test(real)) return { reason: "it is no text file" };
  if (/^\/proc\/\d+(?:\/task\/\d+)?\/environ$/.test(real)) {
    return {
      reason: "an environment may hold passwords",
      hint: "comm, cmdline, status and cgroup of the same folder say what process it is",
    };
  }
  return undefined;
}
