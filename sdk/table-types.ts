import type { PerCpuTable } from "./table-percpu.ts";
import type { QueueStackTable } from "./table-queue.ts";
import type { EventTable } from "./table-ring.ts";
import type { StackTraceTable } from "./table-stack-trace.ts";
import type { Table } from "./table.ts";

/**
 * A table of which the types are given by hand: it has the methods of every kind, and one that
 * its kind has not fails when it is called. `Leaf` is the value, the event, or the queue's element.
 */
export type DynamicTable<Key, Leaf> = Table<Key, Leaf> &
  Pick<PerCpuTable<Key, Leaf>, "sum" | "average" | "min" | "max"> &
  Pick<QueueStackTable<Leaf>, "push" | "pop" | "peek"> &
  Pick<EventTable<Leaf>, "open_perf_buffer" | "open_ring_buffer" | "event" | "lost"> &
  Pick<StackTraceTable, "walk">;

/** The names of the tables that a C text declares; any name where the text is not known. */
export type TableName<_Text extends string> = string;

/** The table of that name. */
export type TableOf<_Text extends string, _Name extends string> = DynamicTable<unknown, unknown>;

/** What a buffer of that name carries. */
export type EventOf<_Text extends string, _Name extends string> = unknown;
