import { isAbsolute, resolve } from "node:path";
import { ArgumentError } from "../../base/errors.ts";
import { describeFileFailure, readRegularFile } from "../../script/read-regular-file.ts";
import type { FileScope } from "../../script/file-scope.ts";
import { decodeText } from "./decode-text.ts";
import { systemFiles } from "../../kernel/door/system-files.ts";

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
 * Reads a file that lies below /proc or /sys, or that the user lets the script read, with every symbolic link followed first: `/proc/self/root/etc/passwd` does
 * not. `findGranted` is asked about files that lie elsewhere. A path that is not absolute starts at / unless the user granted what it leads to from here.
 *
 * @throws ArgumentError
 */
export function readScriptFile(path: string, findGranted: () => FileScope): string {
  const absolute = isAbsolute(path) || !findGranted().covers(path) ? resolve("/", path) : resolve(path);
  const findRefusal = (real: string): Refusal | undefined =>
    /^\/(?:proc|sys)\//.test(real) || findGranted().covers(real) ? refuseKind(real) : elsewhere;
  let real: string;
  try {
    real = systemFiles.resolve(absolute);
  } catch (cause) {
    throw new ArgumentError(`Cannot read "${path}": ${describeFileFailure(cause)}`, { cause });
  }
  const refusal = findRefusal(real);
  if (refusal !== undefined) {
    const hint = real === absolute ? refusal.hint : `it leads to "${real}"`;
    throw new ArgumentError(`Cannot read "${path}": ${refusal.reason}`, hint === undefined ? {} : { hint });
  }
  const read = readRegularFile(real, {
    maxBytes: MAX_FILE_BYTES,
    isWanted: (opened) => findRefusal(opened) === undefined,
  });
  if (read.kind === "elsewhere") throw new ArgumentError(`Cannot read "${path}": it leads to another file now`);
  if (read.kind === "failed") throw new ArgumentError(`Cannot read "${path}": ${read.reason}`, { cause: read.cause });
  return decodeText(read.bytes);
}

const elsewhere: Refusal = {
  reason: "scripts read files below /proc and /sys only",
  hint: "a folder of other files is granted on the command line: --allow-read FOLDER",
};

/** Why no script may read a file, by a path without symbolic links. */
function refuseKind(real: string): Refusal | undefined {
  if (refusedFiles.test(real)) return { reason: "it is no text file" };
  if (/^\/proc\/\d+(?:\/task\/\d+)?\/environ$/.test(real)) {
    return {
      reason: "an environment may hold passwords",
      hint: "comm, cmdline, status and cgroup of the same folder say what process it is",
    };
  }
  return undefined;
}
