import { expect, it } from "vitest";
import { openIdleStacks } from "../../../../sdk/report/idle-stacks.ts";
import type { StackTraceTable } from "../../../../sdk/tables/table-stack-trace.ts";

/** A table of stacks as far as it is asked for here. */
function openTable(ids: readonly number[]): { readonly ids: Set<number>; readonly table: StackTraceTable } {
  const kept = new Set(ids);
  const table = { keys: () => kept.values(), delete: (id: number) => kept.delete(id) };
  return { ids: kept, table: table as unknown as StackTraceTable };
}

const row = (name: string, id: number) => ({ key: [{ name, value: id }], value: 1n });

it("takes out a stack that nothing named for a whole interval, and none that came since the rows were read", () => {
  const idle = openIdleStacks();
  // 3 came after the rows were read: its count is one of the next interval.
  const { ids, table } = openTable([1, 2, 3]);
  idle.note([row("kstack", 1), row("ustack", 2), row("comm", 3)]);
  idle.release(table);
  expect([...ids]).toEqual([1, 2, 3]);
  idle.note([row("ustack", 3)]);
  idle.release(table);
  expect([...ids]).toEqual([1, 2, 3]);
  idle.release(table);
  expect([...ids]).toEqual([3]);
  idle.release(table);
  expect([...ids]).toEqual([]);
});
