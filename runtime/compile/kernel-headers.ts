import { readFileSync } from "node:fs";
import { findSortedLine } from "./sorted-text.ts";

/** The names of the kernel's headers, without `uapi/`. */
export interface KernelHeaders {
  has(name: string): boolean;
  /** All names. Reads the whole file. */
  listNames(): string[];
}

/** The name that the list's file has in `bpf-headers/`. */
export const headersFile = "kernel-headers.txt";

/** Opens the list that `bpf-headers/generate-headers.mjs` made. */
export function openKernelHeaders(path: string): KernelHeaders {
  let lines: string | undefined;
  return {
    has: (name) => findSortedLine((lines ??= readFileSync(path, "latin1")), `${name}\n`) !== undefined,
    listNames: () => readFileSync(path, "latin1").trimEnd().split("\n").slice(1),
  };
}
