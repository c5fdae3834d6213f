import { closeSync, constants, openSync, readSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { UsageError } from "../../base/errors.ts";
import { decodeText } from "./decode-text.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import { waitSources } from "../../kernel/door/port.ts";
import { encodeUtf8, isPlainText } from "../../../sdk/wire/utf8.ts";
import type { BridgeState, Handlers } from "./bridge-state.ts";
import { wakeAtSecondLook } from "../wait/waiter.ts";

/** A reader of stdout that is slow holds the script up; at a signal it gets this much more time. Units: milliseconds. */
const LAST_WRITE_MS = 300;
const WRITE_SLICE_MS = 1000;
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** Files that are no text and whose reading does harm or never ends. */
const refusedFiles =
  /^\/proc\/(?:kcore|kmsg|sysrq-trigger|kpage\w+|\d+(?:\/task\/\d+)?\/(?:mem|pagemap))$|\/trace_pipe(?:_raw)?$/;

/** The calls about the process itself: arguments, output, time, files below /proc and /sys. */
export function openSystemCalls(
  state: BridgeState,
): Handlers<"start" | "write" | "write_error" | "exit" | "wait" | "now" | "read_file"> {
  return {
    start: () => ({
      script: state.scriptName,
      argv: state.args,
      command: state.command === undefined ? null : { pid: state.command.pid },
      possibleCpus: state.port.possibleCpus(),
      seed: [...crypto.getRandomValues(new Uint32Array(4))] as [number, number, number, number],
    }),
    write(text, bytes) {
      writeOutput(state, bytes.length > 0 ? copyBytes(bytes) : text);
      return null;
    },
    write_error(text, bytes) {
      // Nobody reads it: no reason to stop.
      writeAll(state, 2, bytes.length > 0 ? copyBytes(bytes) : Buffer.from(text, "utf8"));
      return null;
    },
    exit({ code }) {
      if (!Number.isInteger(code) || code < 0 || code > 255)
        throw new UsageError(`Cannot exit with ${code}: an exit status is a whole number from 0 to 255`);
      state.stop({ kind: "exit", code });
      return null;
    },
    wait({ timeoutMs, events }) {
      state.waiter.waitFor(timeoutMs, events ? waitSources.rings : 0, events ? wakeAtSecondLook() : () => undefined);
      return null;
    },
    now: () => ({ monotonicNs: process.hrtime.bigint().toString() }),
    read_file({ path }) {
      state.guard.noteFile(path);
      return readSystemFile(path);
    },
  };
}

/**
 * Writes to stdout; a reader that is gone ends the script.
 *
 * @throws UsageError when what stdout is takes no more: a full disk
 */
export function writeOutput(state: BridgeState, output: string | Buffer): void {
  const written = writeAll(state, 1, typeof output === "string" ? encodeOutput(output) : output);
  if (written === errno.EPIPE) state.stop({ kind: "closed-output" });
  else if (written < 0) throw new UsageError(`Cannot write to stdout (${renderErrno(written)})`);
}

/** What `%r` writes may have been no UTF-8. */
function encodeOutput(text: string): Buffer {
  return isPlainText(text) ? Buffer.from(text, "utf8") : Buffer.from(encodeUtf8(text));
}

/** They lie in the guest's memory, which may move while the host writes. */
function copyBytes(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes);
}

function writeAll(state: BridgeState, fd: 1 | 2, bytes: Buffer): number {
  let at = 0;
  // A signal that the script has heard of is pending no more. Its end may not wait for the reader for ever, and other handlers have something to say, too.
  let giveUpAt = performance.now() + state.findTimeLeft() / 2;
  while (at < bytes.length) {
    const left = Math.ceil(Math.max(0, Math.min(WRITE_SLICE_MS, giveUpAt - performance.now())));
    const written = state.port.write(fd, bytes.subarray(at), left);
    if (written < 0 && written !== errno.EAGAIN && written !== errno.EINTR) return written;
    at += Math.max(0, written);
    if (at >= bytes.length || left === 0) return at;
    if (state.port.signalPending() === 0) continue;
    giveUpAt = Math.min(giveUpAt, performance.now() + LAST_WRITE_MS);
    if (performance.now() >= giveUpAt) return at;
  }
  return at;
}

/**
 * Reads a file that lies below /proc or /sys, with every symbolic link followed first: `/proc/self/root/etc/passwd` does not.
 *
 * @throws UsageError
 */
export function readSystemFile(path: string): string {
  let real: string;
  try {
    real = realpathSync.native(resolve("/", path));
  } catch (cause) {
    throw describeFailure(path, cause);
  }
  if (!/^\/(?:proc|sys)\//.test(real)) {
    throw new UsageError(
      `Cannot read "${path}": scripts read files below /proc and /sys only`,
      real === path ? {} : { hint: `it leads to "${real}"` },
    );
  }
  if (refusedFiles.test(real)) throw new UsageError(`Cannot read "${path}": it is no text file`);
  let fd: number;
  try {
    fd = openSync(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (cause) {
    throw describeFailure(path, cause);
  }
  try {
    return readToEnd(fd, path);
  } catch (cause) {
    throw cause instanceof UsageError ? cause : describeFailure(path, cause);
  } finally {
    closeSync(fd);
  }
}

function readToEnd(fd: number, path: string): string {
  const chunks: Buffer[] = [];
  for (let total = 0; ; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const size = readSync(fd, chunk, 0, CHUNK_BYTES, null);
    if (size === 0) return decodeText(Buffer.concat(chunks));
    total += size;
    if (total > MAX_FILE_BYTES)
      throw new UsageError(`Cannot read "${path}": it has more than ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
    chunks.push(chunk.subarray(0, size));
  }
}

function describeFailure(path: string, cause: unknown): UsageError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "no such file",
    EACCES: "permission denied",
    EISDIR: "it is a directory",
    ESRCH: "the process is gone",
  };
  return new UsageError(`Cannot read "${path}": ${reasons[code ?? ""] ?? message}`, { cause });
}
