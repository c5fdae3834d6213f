import type { StackSums } from "./stack-store.ts";

/**
 * A line for each stack, as flamegraph.pl and its like read it. A name's own semicolons are written as colons, as BCC's tools do. A number at the end of the last name would
 * be read as the stack's first of two, as difffolded.pl writes them: it is joined to its name.
 */
export function renderFolded({ stacks }: StackSums): string {
  return stacks
    .map(({ names, value }) => {
      const line = names.map((name) => name.replaceAll(";", ":")).join(";");
      return `${line.replace(/\s(?=\d+(?:\.\d*)?\s*$)/, "_")} ${value}\n`;
    })
    .join("");
}
