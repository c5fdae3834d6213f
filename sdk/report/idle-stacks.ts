import type { StackTraceTable } from "../tables/table-stack-trace.ts";
import { isStackName } from "./show-part.ts";
import type { TableRow } from "./table-rows.ts";

/** Makes room in a table of stacks, interval by interval. */
export interface IdleStacks {
  /** Notes the stacks that rows name. */
  note(rows: readonly TableRow[]): void;
  /**
   * Takes out the stacks that nothing named for a whole interval. One that the program counted since the rows were read has to stay: with its
   * frames gone, its count in the next interval would have no stack.
   */
  release(stacks: StackTraceTable): void;
}

/** Opens the notes of one report. */
export function openIdleStacks(): IdleStacks {
  let used = new Set<number>();
  let idle = new Set<number>();
  return {
    note(rows) {
      for (const { key } of rows) for (const { name, value } of key) if (isStackName(name)) used.add(Number(value));
    },
    release(stacks) {
      const unused = [...stacks.keys()].filter((id) => !used.has(id));
      for (const id of unused) if (idle.has(id)) stacks.delete(id);
      idle = new Set(unused);
      used = new Set();
    },
  };
}
