import { accessSync, constants, mkdirSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { VmError } from "../base/errors.ts";

/** Where kernels and what is made from them are kept. */
export interface VmFolder {
  /** bpfts' cache folder as a whole: the guest gets it too, so that what it compiles is kept. */
  readonly cache: string;
  /** The part of it that belongs to `bpfts vm`. */
  readonly path: string;
}

/**
 * Opens the folder of `bpfts vm` under `$BPFTS_CACHE`, `$XDG_CACHE_HOME/bpfts` or `~/.cache/bpfts`; a private folder
 * under the temporary directory when none of them can be written.
 * @throws VmError when the user chose a folder that cannot be written, or none can be
 */
export function openVmFolder(environment: Readonly<Record<string, string | undefined>>): VmFolder {
  const chosen = environment["BPFTS_CACHE"];
  if (chosen) {
    if (!isWritable(chosen)) throw describeUnwritable([chosen]);
    return { cache: chosen, path: join(chosen, "vm") };
  }
  const candidates = [
    environment["XDG_CACHE_HOME"] && join(environment["XDG_CACHE_HOME"], "bpfts"),
    join(environment["HOME"] ?? homedir(), ".cache", "bpfts"),
    join(tmpdir(), `bpfts-cache-${process.getuid?.() ?? 0}`),
  ].filter((path): path is string => Boolean(path));
  for (const cache of candidates) if (isWritable(cache)) return { cache, path: join(cache, "vm") };
  throw describeUnwritable(candidates);
}

function isWritable(path: string): boolean {
  try {
    mkdirSync(join(path, "vm"), { recursive: true, mode: 0o700 });
    accessSync(join(path, "vm"), constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function describeUnwritable(paths: readonly string[]): VmError {
  const list = paths.map((path) => `"${path}"`).join(", ");
  return new VmError(`Cannot write to the cache folder for kernels: tried ${list}`, {
    hint: "set BPFTS_CACHE to a folder that this user can write to",
  });
}
