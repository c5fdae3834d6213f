import { readFileSync } from "node:fs";
import { findSortedLine } from "./sorted-text.ts";

/** Macros of the kernel's uapi headers. */
export interface KernelMacros {
  /** The value of a macro as C text; undefined when the headers have no such number for this architecture. */
  find(name: string): string | undefined;
  /** Whether the headers of another architecture alone have it. */
  isElsewhere(name: string): boolean;
  /** All names for this architecture. Reads the whole file. */
  listNames(): string[];
}

/** The name that the table's file has in `bpf-headers/`. */
export const macrosFile = "kernel-macros.txt";

/** Opens the table that `bpf-headers/generate-macros.mjs` made; the file is read when a name is asked for. */
export function openKernelMacros(path: string, arch: "x86" | "arm64"): KernelMacros {
  let lines: string | undefined;
  const read = (key: string): string | undefined =>
    findSortedLine((lines ??= readFileSync(path, "latin1")), `${key} `)
      ?.slice(key.length + 1)
      .trimEnd();
  const other = arch === "x86" ? "arm64" : "x86";
  return {
    find: (name) => read(name) ?? read(`${arch}:${name}`),
    isElsewhere: (name) =>
      read(name) === undefined && read(`${arch}:${name}`) === undefined && read(`${other}:${name}`) !== undefined,
    listNames: () =>
      [...readFileSync(path, "latin1").matchAll(/^(?:(\w+):)?(\w+) /gm)]
        .filter(([, only]) => only === undefined || only === arch)
        .map((match) => match[2]!),
  };
}
