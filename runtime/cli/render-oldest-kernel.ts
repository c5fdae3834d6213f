import { memberNeed, ownOldest } from "../inspect/oldest-kernel.ts";
import type { KernelNeed, OldestKernel } from "../inspect/oldest-kernel.ts";

/** Renders the oldest kernel on which a script can load, with a line for each thing that an older one lacks; empty where bpfts itself needs no older one. */
export function renderOldestKernel({ version, needs, unknown }: OldestKernel): string {
  // That older kernels have smaller structs is true of nearly every script.
  if (version === ownOldest && unknown.every(({ what }) => what === memberNeed.what)) return "";
  const lines = [
    ...needs.map((need) => `${need.since} for ${need.what}${renderLine(need)}`),
    ...unknown.map((need) => `bpfts cannot tell since when there is ${need.what}${renderLine(need)}`),
  ];
  return `  kernel    Linux ${version} or newer\n${lines.map((line) => `            ${line}\n`).join("")}`;
}

function renderLine({ location }: KernelNeed): string {
  return location === undefined ? "" : ` at line ${location.line}`;
}
