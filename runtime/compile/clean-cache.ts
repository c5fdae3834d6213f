import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { CacheFolder } from "./cache.ts";
import { replaceFile } from "./cache.ts";

/** What runs keep, each entry a file or a folder; virtual machines have `bpfts vm clean`. */
const kinds = ["bundle", "code", "image", "kernel", "library", "object", "modules", "needs", "prelude"];

const DAY_MS = 24 * 60 * 60 * 1000;
/** An entry that nobody used for so long goes. */
const KEEP_MS = 14 * DAY_MS;

/** Removes entries that were not used for two weeks. Looks once a day at the most; a run that meanwhile wants one makes it anew. */
export function cleanCache(cache: CacheFolder, nowMs = Date.now()): void {
  const stamp = join(cache.path, "cleaned");
  if (nowMs - readUsedMs(stamp) < DAY_MS || !replaceFile(stamp, "")) return;
  for (const kind of kinds) {
    for (const entry of listFolder(join(cache.path, kind))) {
      if (nowMs - readUsedMs(entry) >= KEEP_MS) rmSync(entry, { recursive: true, force: true });
    }
  }
}

/** When a file, or the last of a folder's files, was written or used. */
function readUsedMs(path: string): number {
  try {
    const stat = statSync(path);
    return stat.isDirectory() ? Math.max(0, ...listFolder(path).map(readUsedMs)) : stat.mtimeMs;
  } catch {
    return 0;
  }
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path).map((name) => join(path, name));
  } catch {
    return [];
  }
}
