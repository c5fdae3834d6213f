import { basename, dirname, join, resolve } from "node:path";
import { listFolder } from "../../base/list-folder.ts";
import { readMappings } from "./process-maps.ts";
import { systemFiles } from "../door/system-files.ts";
import type { OpenFile } from "../door/system-files.ts";

/** A file that a process or the dynamic linker knows by a name. */
export interface FoundFile {
  /** A path that works here. */
  readonly open: string;
  /** Its path in the view of those who use it. */
  readonly path: string;
}

/**
 * Finds a program or library by a path, a library's short name (`"c"`, `"c.so.6"`, `"libssl"`) or a command's name.
 * With a pid, in that process's view: what it has loaded goes first.
 *
 * Source: BCC's bcc_procutils_which_so and bcc_procutils_which
 */
export function findBinaryFile(name: string, pid = 0): FoundFile | undefined {
  return findLibrary(name, pid) ?? (name.includes("/") ? undefined : findExecutable(name, pid));
}

/** Finds a library by its short name or a path. */
export function findLibrary(name: string, pid = 0): FoundFile | undefined {
  const fits = name.includes("/") ? undefined : matchLibrary(name);
  const mapped = listMappedFiles(pid).find(({ path }) => (fits === undefined ? path === name : fits(basename(path))));
  if (mapped !== undefined) return mapped;
  if (fits === undefined) return findPath(name, pid);
  const root = rootOf(pid);
  const known = listLibraries(root).filter(({ soname }) => fits(soname));
  // "c" means libc.so.6 before libc.so, which is no binary but a text for the linker.
  for (const { path } of known) {
    const found = findPath(path, pid);
    if (found !== undefined && isElf(found.open)) return found;
  }
  return undefined;
}

/** Finds a command along PATH, or a program by its path. */
export function findExecutable(name: string, pid = 0): FoundFile | undefined {
  if (name.includes("/")) return findPath(name, pid);
  for (const folder of (process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(":")) {
    const found = folder === "" ? undefined : findPath(join(folder, name), pid);
    if (found !== undefined && systemFiles.mayExecute(found.open)) return found;
  }
  return undefined;
}

/** The short names of all libraries that the dynamic linker knows: what a misspelt one is compared with. */
export function listLibraryNames(): string[] {
  return [...new Set(listLibraries("").map(({ soname }) => soname.replace(/^lib/, "").replace(/\.so.*$/, "")))];
}

/** The files that a process executes code of, each once, under paths that lead to them even when their names are gone. */
export function listMappedFiles(pid: number): FoundFile[] {
  if (pid <= 0) return [];
  const files = new Map<string, FoundFile>();
  for (const { path, range, deleted, inode } of readMappings(pid)) {
    if (inode === 0 || !path.startsWith("/") || files.has(path)) continue;
    const named = `/proc/${pid}/root${path}`;
    files.set(path, { open: !deleted && isFile(named) ? named : `/proc/${pid}/map_files/${range}`, path });
  }
  return [...files.values()];
}

function findPath(path: string, pid: number): FoundFile | undefined {
  const absolute = resolve(path);
  const root = rootOf(pid);
  if (root === "") return isFile(absolute) ? { open: absolute, path: absolute } : undefined;
  const inside = resolveLinks(root, absolute);
  return inside !== undefined && isFile(root + inside) ? { open: root + inside, path: inside } : undefined;
}

/** A process in a tree of its own finds other files under the same names. */
function rootOf(pid: number): string {
  return pid > 0 ? `/proc/${pid}/root` : "";
}

const LINK_LIMIT = 40;

/** Follows symbolic links as a process with that root would: an absolute one starts at its root, not at ours. */
function resolveLinks(root: string, path: string): string | undefined {
  let rest = path.split("/").filter((part) => part !== "");
  let done = "";
  for (let links = 0; rest.length > 0; ) {
    const [part, ...others] = rest;
    rest = others;
    if (part === ".") continue;
    if (part === "..") {
      done = done === "" ? "" : dirname(done).replace(/^\/$/, "");
      continue;
    }
    const link = readLink(`${root}${done}/${part}`);
    if (link === undefined) done = `${done}/${part}`;
    else if (++links > LINK_LIMIT) return undefined;
    else {
      if (link.startsWith("/")) done = "";
      rest = [...link.split("/").filter((name) => name !== ""), ...rest];
    }
  }
  return done;
}

function readLink(path: string): string | undefined {
  try {
    return systemFiles.readLink(path);
  } catch {
    return undefined;
  }
}

/** `"c"` is `libc.so.6` and `libc-2.36.so`, `"c.so.6"` and `"libc"` are the same. */
function matchLibrary(name: string): (file: string) => boolean {
  const wanted = name.startsWith("lib") ? name : `lib${name}`;
  if (wanted.includes(".so")) return (file) => file === wanted || file.startsWith(`${wanted}.`);
  return (file) =>
    file.startsWith(`${wanted}.so`) ||
    (file.startsWith(`${wanted}-`) && /^-[\d.]+\.so/.test(file.slice(wanted.length)));
}

interface KnownLibrary {
  readonly soname: string;
  readonly path: string;
}

/** The libraries of a tree: those in the dynamic linker's cache, or in the usual folders where there is no cache. */
function listLibraries(root: string): KnownLibrary[] {
  const cached = readLinkerCache(`${root}/etc/ld.so.cache`);
  if (cached.length > 0) return cached;
  const triplet = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  const folders = [
    `/lib/${triplet}`,
    `/usr/lib/${triplet}`,
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
    "/usr/local/lib",
  ];
  return folders.flatMap((folder) =>
    listFolder(root + folder)
      .filter((file) => file.includes(".so"))
      .map((soname) => ({ soname, path: `${folder}/${soname}` })),
  );
}

const cacheMagic = "glibc-ld.so.cache1.1";
const headerBytes = 48;
const entryBytes = 24;
/** Source: FLAG_X8664_LIB64 and FLAG_AARCH64_LIB64 of glibc's ldconfig.h. */
const ownFlags = process.arch === "arm64" ? 0x0a00 : 0x0300;

/** Parses the dynamic linker's cache; libraries of this architecture only. Source: struct cache_file_new of glibc's dl-cache.h. */
function readLinkerCache(path: string): KnownLibrary[] {
  let bytes: Buffer;
  try {
    // In a tree of somebody else's making it may be a pipe.
    bytes = isFile(path) ? systemFiles.readBytes(path) : Buffer.alloc(0);
  } catch {
    return [];
  }
  const start = bytes.indexOf(cacheMagic, 0, "latin1");
  if (start < 0 || bytes.length < start + headerBytes) return [];
  const count = bytes.readUInt32LE(start + cacheMagic.length);
  const readText = (at: number): string => bytes.toString("utf8", start + at, bytes.indexOf(0, start + at));
  const libraries: KnownLibrary[] = [];
  for (let i = 0; i < count; i++) {
    const at = start + headerBytes + i * entryBytes;
    if (at + entryBytes > bytes.length) break;
    if ((bytes.readUInt32LE(at) & 0xff00) !== ownFlags) continue;
    libraries.push({ soname: readText(bytes.readUInt32LE(at + 4)), path: readText(bytes.readUInt32LE(at + 8)) });
  }
  return libraries;
}

function isFile(path: string): boolean {
  return systemFiles.find(path)?.isFile() === true;
}

function isElf(path: string): boolean {
  let file: OpenFile | undefined;
  try {
    file = systemFiles.open(path, { nonBlocking: true });
    const mark = Buffer.alloc(4);
    file.read(mark, 0);
    return mark.toString("latin1") === "\x7fELF";
  } catch {
    return false;
  } finally {
    file?.close();
  }
}
