import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  accessSync,
  constants,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ToolchainError } from "../base/errors.ts";

/**
 * A folder of files named by the hash of what they were made from. Writes go to
 * a name of their own and are renamed, so that two runs may race; an entry
 * carries the hash of its bytes, so that a torn or damaged one is a miss.
 */
export interface CacheFolder {
  readonly path: string;
}

/**
 * Opens the cache folder: `$BPFTS_CACHE`, `$XDG_CACHE_HOME/bpfts` or
 * `~/.cache/bpfts`; where none of them can be written, a private folder under
 * the temporary directory.
 */
export function openCacheFolder(environment: Readonly<Record<string, string | undefined>>): CacheFolder {
  const candidates = [
    environment["BPFTS_CACHE"],
    environment["XDG_CACHE_HOME"] && join(environment["XDG_CACHE_HOME"], "bpfts"),
    join(environment["HOME"] ?? homedir(), ".cache", "bpfts"),
    join(tmpdir(), `bpfts-cache-${process.getuid?.() ?? 0}`),
  ];
  for (const path of candidates) if (path && isUsable(path)) return { path };
  throw new ToolchainError(
    `Cannot write to any cache folder: tried ${candidates
      .filter(Boolean)
      .map((path) => `"${path}"`)
      .join(", ")}`,
    {
      hint: "set BPFTS_CACHE to a folder that this user can write to",
    },
  );
}

const TOUCH_MS = 60 * 60 * 1000;

/** Hashes parts into a key; parts cannot run into each other. */
export function hashKey(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex").slice(0, 40);
}

/** Reads an entry, or undefined when it is not there or not whole. */
export function findCached(cache: CacheFolder, name: string): Buffer | undefined {
  const path = join(cache.path, name);
  try {
    const file = readFileSync(path);
    const body = file.subarray(32);
    if (file.length >= 32 && createHash("sha256").update(body).digest().equals(file.subarray(0, 32))) {
      touchFile(path);
      return body;
    }
    rmSync(path, { force: true });
  } catch {
    // Not there, or not readable: the same to the caller.
  }
  return undefined;
}

/** Writes an entry; a cache that cannot be written to is no failure. */
export function writeCached(cache: CacheFolder, name: string, body: Uint8Array): void {
  const digest = createHash("sha256").update(body).digest();
  replaceFile(join(cache.path, name), Buffer.concat([digest, body]));
}

/** Writes a file under a name of its own and renames it into place. Answers whether that worked. */
export function replaceFile(path: string, body: Uint8Array | string): boolean {
  const temporary = makeTemporaryName(path);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, body, { mode: 0o600 });
    renameSync(temporary, path);
    return true;
  } catch {
    rmSync(temporary, { force: true });
    return false;
  }
}

/** A name beside `path` that no other run uses. */
export function makeTemporaryName(path: string): string {
  return `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
}

/** Marks a file as used today, so that cleaning up by age keeps it. */
export function touchFile(path: string): void {
  try {
    const now = new Date();
    if (now.getTime() - statSync(path).mtimeMs > TOUCH_MS) utimesSync(path, now, now);
  } catch {
    // Only the age is lost.
  }
}

/** A folder that others may write to could hand root a foreign object: it must be ours alone. */
function isUsable(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const link = lstatSync(path);
    const stat = statSync(path);
    if (stat.uid !== process.getuid?.()) return false;
    if (link.isSymbolicLink() && link.uid !== process.getuid?.()) return false;
    if ((stat.mode & 0o022) !== 0) chmodSync(path, 0o700);
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
