import { structOpsSection } from "../../base/struct-ops-section.ts";
import type { Pass } from "../text/pass.ts";

/** libbpf's names for a table of functions that the kernel is to call. bpfts registers both kinds for as long as the script is attached. */
const sections = new Set(['".struct_ops"', '".struct_ops.link"', '"?.struct_ops"', '"?.struct_ops.link"']);

/** Puts tables of struct_ops where nothing registers them before the script says so. */
export function rewriteStructOps(pass: Pass): void {
  const { tokens, edits } = pass;
  for (const [index, { kind, text, start, end }] of tokens.entries())
    if (kind === "string" && sections.has(text) && tokens[index - 1]?.text === "(")
      edits.replace(start, end, `"${structOpsSection}"`);
}
