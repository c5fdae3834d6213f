import { readFileSync } from "node:fs";
import { SortedLines } from "./sorted-lines.ts";

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
  let lines: SortedLines | undefined;
  return {
    has: (name) => (lines ??= new SortedLines(path)).find(`${name}\n`) !== undefined,
    listNames: () => readFileSync(path, "latin1").trimEnd().split("\n").slice(1),
  };
}
