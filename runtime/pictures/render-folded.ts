import type { StackSums } from "./stack-store.ts";

/** A line for each stack, as flamegraph.pl and its like read it. A name's own semicolons are written as colons, as BCC's tools do. */
export function renderFolded({ stacks }: StackSums): string {
  return stacks
    .map(({ names, value }) => `${names.map((name) => name.replaceAll(";", ":")).join(";")} ${value}\n`)
    .join("");
}
