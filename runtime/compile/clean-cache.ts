import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { listFolder } from "../base/list-folder.ts";
import type { CacheFolder } from "./cache-folder.ts";
import { replaceFile } from "./cache.ts";

/** What runs keep, each entry a file or a folder; virtual machines have `bpfts vm clean`. */
const kinds = [
  "bundle",
  "code",
  "image",
  "kernel",
  "library",
  "live",
  "machine",
  "modules",
  "needs",
  "object",
  "one-liner",
  "prelude",
  "session",
  "types",
  "unit",
];

const DAY_MS = 24 * 60 * 60 * 1000;
/** An entry that nobody used for so long goes. */
const KEEP_MS = 14 * DAY_MS;
/** All entries together keep to this: those that were not used for longest go first. */
const KEEP_BYTES = 1024 ** 3;

interface Entry {
  readonly path: string;
  /** When it, or the last of a folder's files, was written or used. */
  readonly usedMs: number;
  /** What it takes of the disk. */
  readonly bytes: number;
}

/** Removes entries that were not used for two weeks, or that are too many. Looks once a day at the most; a run that meanwhile wants one makes it anew. */
export function cleanCache(cache: CacheFolder, nowMs = Date.now(), keepBytes = KEEP_BYTES): void {
  const stamp = join(cache.path, "cleaned");
  if (nowMs - readEntry(stamp).usedMs < DAY_MS || !replaceFile(stamp, "")) return;
  const entries = kinds.flatMap((kind) => listEntries(join(cache.path, kind)));
  let bytes = 0;
  for (const entry of entries.toSorted((a, b) => b.usedMs - a.usedMs)) {
    bytes += entry.bytes;
    if (bytes > keepBytes || nowMs - entry.usedMs >= KEEP_MS) rmSync(entry.path, { recursive: true, force: true });
  }
}

function listEntries(folder: string): Entry[] {
  return listFolder(folder).map((name) => readEntry(join(folder, name)));
}

function readEntry(path: string): Entry {
  try {
    const stat = statSync(path);
    const files = stat.isDirectory() ? listEntries(path) : [{ usedMs: stat.mtimeMs, bytes: stat.blocks * BLOCK_BYTES }];
    return {
      path,
      usedMs: Math.max(0, ...files.map(({ usedMs }) => usedMs)),
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    };
  } catch {
    return { path, usedMs: 0, bytes: 0 };
  }
}

/** Source: `st_blocks` of stat(2). */
const BLOCK_BYTES = 512;
