import { readFileSync, statSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { UsageError } from "../base/errors.ts";
import { readFolded } from "./read-folded.ts";
import { readPprof } from "./read-pprof.ts";
import { readSpeedscope } from "./read-speedscope.ts";
import type { FileStack } from "./weigh-stack.ts";

/**
 * Reads the stacks of a file, of standard input for `-`: lines of folded stacks, a profile of pprof, or one of speedscope, each of them also packed by gzip.
 *
 * @throws UsageError for a file that cannot be read, or is none of these
 */
export function* readStacks(path: string): Generator<FileStack, void> {
  const packed = readBytes(path);
  try {
    const bytes = packed[0] === 0x1f && packed[1] === 0x8b ? gunzipSync(packed) : packed;
    // The first string of a profile of pprof is empty: its length is a byte 0, which no text has.
    if (bytes.includes(0)) return yield* readPprof(bytes);
    const text = bytes.toString("utf8");
    yield* /^\s*\{/.test(text) ? readSpeedscope(text) : readFolded(text);
  } catch (cause) {
    throw new UsageError(`Cannot read stacks of "${path}": ${(cause as Error).message}`, {
      cause,
      hint:
        (cause as Partial<UsageError>).hint ??
        "it takes folded stacks (main;read 12), profiles of pprof, and JSON of speedscope",
    });
  }
}

function readBytes(path: string): Buffer {
  try {
    const found = path === "-" ? undefined : statSync(path);
    // It would be read until it ends.
    if (found?.isCharacterDevice() === true || found?.isBlockDevice() === true)
      throw new UsageError(`Cannot read "${path}": it is a device`);
    return readFileSync(path === "-" ? 0 : path);
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new UsageError(`Cannot read "${path}": ${code === "ENOENT" ? "no such file" : (code ?? message)}`, { cause });
  }
}
