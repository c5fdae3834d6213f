import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { CacheFolder } from "./cache-folder.ts";

const TOUCH_MS = 60 * 60 * 1000;
const SEAL_BYTES = 32;

/** Hashes parts into a key; parts cannot run into each other. */
export function hashKey(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex").slice(0, 40);
}

/**
 * Reads an entry, a file named by the hash of what it was made from. It begins with a seal over its name and its bytes: the answer is undefined
 * when it is not there, not whole, or not made by this user under this name.
 */
export function findCached(cache: CacheFolder, name: string): Buffer | undefined {
  const path = placeEntry(cache, name);
  try {
    const bytes = readFile(path);
    const body = bytes.subarray(SEAL_BYTES);
    if (bytes.length >= SEAL_BYTES && timingSafeEqual(sealEntry(cache, name, body), bytes.subarray(0, SEAL_BYTES))) {
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
  replaceFile(placeEntry(cache, name), Buffer.concat([sealEntry(cache, name, body), body]));
}

/** By the descriptor of the folder: no second walk along its path. */
function placeEntry(cache: CacheFolder, name: string): string {
  return `/proc/self/fd/${cache.fd}/${name}`;
}

function sealEntry(cache: CacheFolder, name: string, body: Uint8Array): Buffer {
  return createHmac("sha256", cache.key).update(`${name}\0`).update(body).digest();
}

/** Anything but a plain file reads as empty: a pipe would hold the run up. */
function readFile(path: string): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return fstatSync(file).isFile() ? readFileSync(file) : Buffer.alloc(0);
  } finally {
    closeSync(file);
  }
}

/** Writes a file under a name of its own and renames it into place: two runs may race. Answers whether that worked. */
export function replaceFile(path: string, body: Uint8Array | string): boolean {
  try {
    writeFileWhole(path, body);
    return true;
  } catch {
    return false;
  }
}

/** The same for a file that a run cannot do without. @throws what Node's file system throws */
export function writeFileWhole(path: string, body: Uint8Array | string): void {
  const temporary = makeTemporaryName(path);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, body, { mode: 0o600, flag: "wx" });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
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
