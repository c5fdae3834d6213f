import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { ToolchainError } from "../base/errors.ts";
import { silentLog } from "../base/log.ts";
import type { Log } from "../base/log.ts";
import { openOwnFolder } from "./own-folder.ts";
import type { OwnFolder, Refusal } from "./own-folder.ts";

/** The folder that work is kept in between runs. */
export interface CacheFolder extends OwnFolder {
  /** What entries are sealed with. Only this user can read it, so nobody else can make an entry. */
  readonly key: Uint8Array;
}

type Environment = Readonly<Record<string, string | undefined>>;

const KEY_BYTES = 32;

/**
 * Opens the cache folder: `$BPFTS_CACHE`, `$XDG_CACHE_HOME/bpfts` or `~/.cache/bpfts`. Where others may write, or where it cannot be written to, a private
 * folder takes its place until this process ends; `log` says so. A home of another user (`sudo -E`), or one that does not exist, is none: then it is the
 * one of the user database.
 *
 * @throws ToolchainError when there is no room for a private folder either
 */
export function openCacheFolder(environment: Environment, log: Log = silentLog): CacheFolder {
  const found = findKeptFolder(environment);
  if ("key" in found) return found;
  const folder = makePrivateFolder();
  if (folder === undefined) throw describeRefusal(found);
  log.warn(
    `Nothing is kept for the next run, since the cache folder is not used: ${found.reason}${found.hint === undefined ? "" : ` (${found.hint})`}`,
  );
  return folder;
}

/**
 * Opens the folder that is kept between runs, for those who cannot do with another one.
 *
 * @throws ToolchainError when it cannot be used
 */
export function requireCacheFolder(environment: Environment): CacheFolder {
  const found = findKeptFolder(environment);
  if ("key" in found) return found;
  throw describeRefusal(found);
}

/** Finds the folder that is kept between runs; undefined where none can be used. */
export function findCacheFolder(environment: Environment): CacheFolder | undefined {
  const found = findKeptFolder(environment);
  return "key" in found ? found : undefined;
}

function describeRefusal({ reason, hint }: Refusal): ToolchainError {
  return new ToolchainError(`Cannot use the cache folder: ${reason}`, {
    hint: hint ?? "set BPFTS_CACHE to a folder that this user can write to, and nobody else",
  });
}

function findKeptFolder(environment: Environment): CacheFolder | Refusal {
  const place = choosePlace(environment);
  if (place === undefined) return { reason: "this user has no home folder", hint: "set BPFTS_CACHE to a folder" };
  const folder = openOwnFolder(place.path, place.made);
  if (!("fd" in folder)) return folder;
  const refusal = judgeContents(folder);
  if (refusal === undefined) {
    const key = readKey(folder);
    if (key !== undefined) return { ...folder, key };
  }
  closeSync(folder.fd);
  return refusal ?? { reason: `"${folder.path}" cannot be written to` };
}

/** Where the cache lies, and how many of its last levels may be made. */
function choosePlace(environment: Environment): { readonly path: string; readonly made: number } | undefined {
  const chosen = environment["BPFTS_CACHE"];
  if (chosen) return { path: resolve(chosen), made: Infinity };
  const caches = environment["XDG_CACHE_HOME"];
  if (caches && isOwn(caches)) return { path: join(caches, "bpfts"), made: 1 };
  for (const find of [() => environment["HOME"], () => userInfo().homedir]) {
    const home = find();
    if (home && isOwn(home)) return { path: join(home, ".cache", "bpfts"), made: 2 };
  }
  return undefined;
}

/** Whether a folder is there and this user's. No folder is made in the place of a home that is missing. */
function isOwn(path: string): boolean {
  const stat = isAbsolute(path) ? statSync(path, { throwIfNoEntry: false }) : undefined;
  return stat?.isDirectory() === true && stat.uid === process.geteuid?.();
}

/** The folders in it must be this user's, too: an earlier run by another user may have left one. */
function judgeContents({ fd, path }: OwnFolder): Refusal | undefined {
  for (const entry of readdirSync(`/proc/self/fd/${fd}`, { withFileTypes: true })) {
    // The secret has a look of its own.
    if (entry.isFile() || entry.name === "key") continue;
    const stat = lstatSync(`/proc/self/fd/${fd}/${entry.name}`, { throwIfNoEntry: false });
    const place = join(path, entry.name);
    const hint = `rm -r ${place}`;
    if (stat === undefined) continue;
    if (!stat.isDirectory()) return { reason: `"${place}" is no folder`, hint };
    if (stat.uid !== process.geteuid?.())
      return { reason: `"${place}" belongs to another user (uid ${stat.uid})`, hint };
    if ((stat.mode & 0o022) !== 0) return { reason: `others may write to "${place}"`, hint };
  }
  return undefined;
}

/** Reads the secret of a folder, or makes it; undefined where that cannot be done. */
function readKey({ fd }: OwnFolder): Uint8Array | undefined {
  const path = `/proc/self/fd/${fd}/key`;
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  const known = tryReadKey(path);
  if (known !== undefined) return isWritable(fd) ? known : undefined;
  try {
    const file = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      if (writeSync(file, randomBytes(KEY_BYTES)) !== KEY_BYTES) return undefined;
    } finally {
      closeSync(file);
    }
    placeKey(temporary, path);
  } catch {
    return undefined;
  } finally {
    rmSync(temporary, { force: true });
  }
  return tryReadKey(path);
}

/** Of several first runs one makes the key; one that cannot be used is replaced. */
function placeKey(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST" && tryReadKey(path) !== undefined) return;
    renameSync(temporary, path);
  }
}

/** The secret, when it is a file of this user's that nobody else can have read. */
function tryReadKey(path: string): Uint8Array | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (!stat.isFile() || stat.uid !== process.geteuid?.() || (stat.mode & 0o077) !== 0) return undefined;
    const bytes = Buffer.alloc(KEY_BYTES + 1);
    return readSync(file, bytes, 0, bytes.length, 0) === KEY_BYTES ? bytes.subarray(0, KEY_BYTES) : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Another name of this process's descriptor: the mode alone does not know of a file system that is mounted read-only. */
function isWritable(fd: number): boolean {
  try {
    accessSync(`/proc/self/fd/${fd}`, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Makes a folder of this process's own. It goes when the process ends. */
function makePrivateFolder(): CacheFolder | undefined {
  for (const parent of new Set([tmpdir(), "/tmp", "/var/tmp"])) {
    let path: string;
    try {
      path = mkdtempSync(join(parent, "bpfts-cache-"));
    } catch {
      continue;
    }
    const folder = openOwnFolder(path, 0);
    if ("fd" in folder) {
      process.once("exit", () => rmSync(folder.path, { recursive: true, force: true }));
      return { ...folder, key: randomBytes(KEY_BYTES) };
    }
    rmSync(path, { recursive: true, force: true });
  }
  return undefined;
}
