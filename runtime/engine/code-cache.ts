import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { cachedDataVersionTag } from "node:v8";
import { Script } from "node:vm";
import { buildId } from "../base/build-id.ts";
import { findCached, writeCached } from "../compile/cache.ts";
import type { CacheFolder } from "../compile/cache-folder.ts";

/** A file of JavaScript that V8 has read. */
export interface LoadedCode {
  /** Runs it and answers the value of its last expression. */
  run(): unknown;
  /** Keeps what V8 has compiled of it by now, unless it was kept before. */
  keep(): void;
}

/**
 * Reads a file with what V8 compiled of it in an earlier run of the same build. Without a cache V8 compiles it anew, and nothing is kept.
 * Call it when V8's flags are set: V8 takes a compiled file back only under the same flags.
 */
export function loadCode(path: string, cache: CacheFolder | undefined): LoadedCode {
  const name = `code/${buildId}-${cachedDataVersionTag()}-${basename(path, ".cjs")}`;
  const cachedData = cache && findCached(cache, name);
  const script = new Script(readFileSync(path, "latin1"), {
    filename: path,
    ...(cachedData !== undefined && { cachedData }),
  });
  return {
    run: () => script.runInThisContext() as unknown,
    keep() {
      if (cache === undefined || (cachedData !== undefined && script.cachedDataRejected !== true)) return;
      writeCached(cache, name, script.createCachedData());
    },
  };
}
