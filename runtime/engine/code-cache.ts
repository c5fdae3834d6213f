import { openSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { cachedDataVersionTag } from "node:v8";
import { Script } from "node:vm";
import { findCached, writeCached } from "../compile/cache.ts";
import type { CacheFolder } from "../compile/cache-folder.ts";

declare const __BPFTS_CODE__: string;

/** A file of JavaScript that is open: it stays this one when another takes its place. */
export interface CodeFile {
  readonly path: string;
  readonly fd: number;
}

/** Opens a file of JavaScript, to be read when it is needed. It is open as long as this process is. */
export function openCode(path: string): CodeFile {
  return { path, fd: openSync(path, "r") };
}

/** A file of JavaScript that V8 has read. */
export interface LoadedCode {
  /** Runs it and answers the value of its last expression. */
  run(): unknown;
  /** Keeps what V8 has compiled of it by now, unless it was kept before. */
  keep(): void;
}

/**
 * Reads a text of dist/ with what V8 compiled of it in an earlier run. V8 compares no more of a text than its length, so the names of entries carry the hash of all of them. Without a cache V8 compiles it anew, and nothing is kept.
 * Call it when V8's flags are set: V8 takes a compiled file back only under the same flags.
 */
export function loadCode({ path, fd }: CodeFile, cache: CacheFolder | undefined): LoadedCode {
  const name = `code/${__BPFTS_CODE__}-${cachedDataVersionTag()}-${basename(path, ".cjs")}`;
  const cachedData = cache && findCached(cache, name);
  const script = new Script(readFileSync(fd, "latin1"), {
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
