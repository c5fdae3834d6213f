import { createHash } from "node:crypto";
import { readFileSync, statSync, watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { dirname } from "node:path";
import { ResourceError } from "../base/errors.ts";
import type { Closable } from "../base/scope.ts";

/** The files of a script, each of which is looked at when something happens in its folder. Owner: the caller closes it. */
export interface WatchedFiles extends Closable {
  /** Adds a file; one that is not there is expected. `since` is the time from which on a change counts. Units: milliseconds, as Date.now */
  add(path: string, since: number): void;
}

/** One save may be several steps, and an editor may save several files at once. Units: milliseconds. */
const QUIET_MS = 20;
/** The longest that a stream of saves puts off the answer. Units: milliseconds. */
const PATIENCE_MS = 500;

/**
 * Watches files by their folders, so that a file that another one is renamed over is still seen. `onChange` is called once for changes that
 * follow each other closely, and only when what is in a file has changed.
 */
export function watchFiles(onChange: (paths: readonly string[]) => void): WatchedFiles {
  const files = new Map<string, string>();
  const folders = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  let firstAt: number | undefined;

  const look = (): void => {
    timer = undefined;
    const states = new Map([...files.keys()].map((path) => [path, readState(path)]));
    const changed = [...states.keys()].filter((path) => states.get(path) !== files.get(path));
    // Some editors remove a file before they write it anew.
    if (changed.some((path) => states.get(path) === missing) && Date.now() - firstAt! < PATIENCE_MS) return wait();
    firstAt = undefined;
    for (const path of changed) {
      files.set(path, states.get(path)!);
      // The folder may have been replaced with the file.
      watchFolder(dirname(path), true);
    }
    if (changed.length > 0) onChange(changed);
  };
  const wait = (): void => {
    firstAt ??= Date.now();
    if (timer !== undefined && Date.now() - firstAt > PATIENCE_MS) return;
    clearTimeout(timer);
    timer = setTimeout(look, QUIET_MS);
  };
  const watchFolder = (folder: string, anew = false): void => {
    const old = folders.get(folder);
    if (old !== undefined && !anew) return;
    old?.close();
    folders.delete(folder);
    try {
      const watcher = watch(folder, wait);
      watcher.on("error", wait);
      folders.set(folder, watcher);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      // What is above tells when it is there again.
      if (code === "ENOENT" && dirname(folder) !== folder) return watchFolder(dirname(folder));
      throw new ResourceError(`Cannot watch the folder "${folder}" (${code ?? String(cause)})`, {
        cause,
        ...((code === "ENOSPC" || code === "EMFILE") && {
          hint: "raise /proc/sys/fs/inotify/max_user_watches or max_user_instances",
        }),
      });
    }
  };

  return {
    add(path, since) {
      if (files.has(path)) return;
      const isOld = (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < since;
      files.set(path, isOld ? readState(path) : changedMeanwhile);
      watchFolder(dirname(path));
      if (!isOld) wait();
    },
    close() {
      clearTimeout(timer);
      for (const watcher of folders.values()) watcher.close();
    },
  };
}

const missing = "missing";
const changedMeanwhile = "changed";

/** What is in a file, in short. */
function readState(path: string): string {
  try {
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  } catch {
    return missing;
  }
}
