import { isStackWanted } from "../guest/process.ts";
import { eprint } from "../print/output.ts";
import { renderValue } from "../print/render-value.ts";
import { record_stack } from "./record-stack.ts";
import type { ReportedTable } from "./report-options.ts";
import { isStack, isStackName, openFrameNames, showParts } from "./show-part.ts";
import type { FindStacks } from "./show-part.ts";
import type { TableRow } from "./table-rows.ts";

/** Whether a table counts or adds up by stacks, and the user asked for a picture of them. */
export function isDrawn(table: ReportedTable | undefined): boolean {
  return isStackWanted && table?.kind === "sum" && table.keys.some(isStackName);
}

/** Adds the rows of such a table to the pictures: the other parts of a key stand below the stack, and `root`, if any, below them. */
export function recordTable(root: string | undefined, rows: readonly TableRow[], findStacks: FindStacks): void {
  const symbols = openFrameNames(false);
  let negative = 0;
  for (const { key, value } of rows) {
    const parts = showParts(key, findStacks, "words", symbols);
    const stacks = parts.filter(isStack).sort((a, b) => (a.name < b.name ? 1 : -1));
    const others = parts.filter((part) => !isStack(part)).map((part) => renderValue(part.value, { depth: 0 }));
    const frames = stacks.flatMap((part) => (part.value as readonly string[]).toReversed());
    if ((value as bigint | number) < 0) negative++;
    else
      record_stack({ frames: [...(root === undefined ? [] : [root]), ...others, ...frames], value: value as bigint });
  }
  if (negative > 0) eprint(`warning: ${negative} stacks have a sum below 0 and are not in the picture`);
}
