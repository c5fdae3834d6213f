import type { Log } from "../base/log.ts";
import { findCached, writeCached } from "../compile/cache.ts";
import { openCacheFolder } from "../compile/cache-folder.ts";

/** The lines of earlier sessions, in the cache folder: nobody else reads them. */
export interface LineHistory {
  /** The newest first. */
  readonly history: readonly string[];
  /** Keeps the lines for the next session. */
  noteHistory(history: readonly string[]): void;
}

const ENTRY = "live/history";

/** Opens the history of this user. */
export function openHistory(environment: Readonly<Record<string, string | undefined>>, log: Log): LineHistory {
  const cache = openCacheFolder(environment, log);
  const found = findCached(cache, ENTRY);
  return {
    history: found === undefined ? [] : (JSON.parse(found.toString("utf8")) as string[]),
    noteHistory: (history) => writeCached(cache, ENTRY, Buffer.from(JSON.stringify(history))),
  };
}
