import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { readClock } from "../base/clock.ts";
import { ToolchainError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { buildOnce } from "./build-lock.ts";
import { findCached, hashKey, touchFile, writeCached, writeFileWhole } from "./cache.ts";
import type { CacheFolder } from "./cache-folder.ts";
import { openKernelNames } from "./kernel-names.ts";
import type { KernelNames } from "./kernel-names.ts";

/** The kernel whose types units are compiled against. */
export interface KernelTypes {
  /** Changes whenever the kernel's BTF does. */
  readonly identity: string;
  /** All types of the kernel as C; slow, asked for once per kernel. */
  readonly dumpC: () => string;
  /** The names of all types, a line each, as `openKernelNames` reads them. */
  readonly listNames: () => string;
  /** Those types as C that some names ask for: by name, and behind pointers by the names of members. */
  readonly selectC: (names: readonly string[]) => string;
}

/** Those of the kernel's types that one text names. */
export interface SelectedTypes {
  /** The hash of their text: texts that name the same types share what is made of them. */
  readonly hash: string;
  render(): string;
}

/** The file that `bpf-headers/prelude.h` includes. */
export const typesFile = "vmlinux.h";
const namesFile = "names-5";

/** Opens the names of the kernel's types; makes the file first where it is missing. @throws ToolchainError, InterruptedError */
export function openNames(folder: string, kernel: KernelTypes, log: Log, wait: (ms: number) => void): KernelNames {
  const path = join(folder, namesFile);
  const write = (): void => {
    const started = readClock();
    writeKernelTypes(path, kernel.listNames());
    log.info(`listed the kernel's types in ${Math.round(readClock() - started)} ms`);
  };
  buildOnce(path, () => existsSync(path), write, wait);
  touchFile(path);
  return openKernelNames(path);
}

/** Writes all of the kernel's types as C, where the file is missing. A file that another run wrote stays: clang takes no precompiled header whose sources were written anew. @throws ToolchainError */
export function writeAllTypes(folder: string, kernel: KernelTypes, log: Log): void {
  const path = join(folder, typesFile);
  if (existsSync(path)) return;
  const started = readClock();
  writeKernelTypes(path, kernel.dumpC());
  log.info(`wrote the kernel's types in ${Math.round(readClock() - started)} ms`);
}

/** Chooses the types that a text and our headers name. The cache keeps what was chosen for the same names. */
export function selectTypes(
  text: string,
  {
    cache,
    kernel,
    readHeaders,
    identity,
  }: {
    readonly cache: CacheFolder;
    readonly kernel: KernelTypes;
    /** The texts of our headers and libbpf's. */
    readonly readHeaders: () => readonly string[];
    /** Changes with the kernel and with those headers. */
    readonly identity: string;
  },
): SelectedTypes {
  const names = listIdentifiers(text);
  const render = (): string => kernel.selectC([...new Set([...names, ...readHeaders().flatMap(listIdentifiers)])]);
  const entry = `types/${hashKey("1", identity, names.join(" "))}`;
  const cached = findCached(cache, entry);
  if (cached !== undefined) return { hash: cached.toString("latin1"), render };
  const types = render();
  const hash = hashKey(types);
  writeCached(cache, entry, Buffer.from(hash));
  return { hash, render: () => types };
}

/** Comments, strings, and words. */
const pieces = /\/\*[^]*?\*\/|\/\/[^\n]*|"(?:[^"\\]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'|\b[A-Za-z_]\w*/g;

/** Lists the words of a C text that may be names, in order. */
function listIdentifiers(text: string): string[] {
  const words = (text.match(pieces) ?? []).filter((piece) => /^\w/.test(piece));
  return [...new Set(words)].sort();
}

/** Writes a file that a run cannot do without. @throws ToolchainError when that cannot be */
export function writeKernelTypes(path: string, body: Uint8Array | string): void {
  try {
    writeFileWhole(path, body);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const isFull = code === "ENOSPC" || code === "EDQUOT";
    throw new ToolchainError(`Cannot write the kernel's types to "${dirname(path)}": ${message}`, {
      cause,
      hint: isFull
        ? "make room there, or set BPFTS_CACHE to a folder with room for 40 MiB"
        : "set BPFTS_CACHE to a folder that this user can write to",
    });
  }
}
