import { ownOldest } from "../inspect/oldest-kernel.ts";
import type { KernelNeed, OldestKernel } from "../inspect/oldest-kernel.ts";

/** Renders the oldest kernel on which a script can load, with a line for each thing that an older one lacks; empty where bpfts itself needs no older one. */
export function renderOldestKernel({ version, needs }: OldestKernel): string {
  if (version === ownOldest) return "";
  const lines = needs.map((need) => `            ${need.since} for ${need.what}${renderLine(need)}\n`);
  return `  kernel    Linux ${version} or newer\n${lines.join("")}`;
}

function renderLine({ location }: KernelNeed): string {
  return location === undefined ? "" : ` at line ${location.line}`;
}
