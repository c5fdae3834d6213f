import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ToolchainError, VmError } from "../base/errors.ts";
import { requireCacheFolder } from "../compile/cache-folder.ts";

/** Where kernels and what is made from them are kept. */
export interface VmFolder {
  /** bpfts' cache folder as a whole. */
  readonly cache: string;
  /** The part of it that belongs to `bpfts vm`. */
  readonly path: string;
  /**
   * The part that guests write to, so that what is compiled for them is kept. This machine's own part is none of theirs: what it holds is run
   * here.
   */
  readonly guest: string;
}

/**
 * Opens the folder of `bpfts vm` in the cache folder.
 *
 * @throws VmError when it cannot be used: kernels are too large for a folder that goes with the process
 */
export function openVmFolder(environment: Readonly<Record<string, string | undefined>>): VmFolder {
  try {
    const cache = requireCacheFolder(environment).path;
    const path = join(cache, "vm");
    const guest = join(path, "guest");
    mkdirSync(guest, { recursive: true, mode: 0o700 });
    return { cache, path, guest };
  } catch (cause) {
    const { message } = cause as Error;
    const hint = cause instanceof ToolchainError ? cause.hint : undefined;
    throw new VmError(`Cannot keep kernels in the cache: ${message}`, {
      cause,
      hint: hint ?? "set BPFTS_CACHE to a folder that this user can write to, and nobody else",
    });
  }
}
