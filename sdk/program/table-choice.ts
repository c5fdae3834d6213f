import type { EventTable } from "../events/table-ring.ts";
import type { BloomFilterTable } from "../tables/table-bloom.ts";
import type { LpmTable } from "../tables/table-lpm.ts";
import type { PerCpuTable } from "../tables/table-percpu.ts";
import type { QueueStackTable } from "../tables/table-queue.ts";
import type { TableBase } from "../tables/table-base.ts";
import type { StackTraceTable } from "../tables/table-stack-trace.ts";
import type { UserRingTable } from "../tables/table-user-ring.ts";
import type { Table } from "../tables/table.ts";

/**
 * A table of which the types are given by hand: it has the methods of every kind, and one that
 * its kind has not fails when it is called. `Leaf` is the value (an array for per-CPU tables), the event, or the queue's element.
 *
 * @example
 * import { print, type DynamicTable } from "bpfts";
 * const largest = (table: DynamicTable<number, bigint>): bigint | undefined => table.top(1)[0]?.[1];
 * print(typeof largest); // function
 */
export type DynamicTable<Key = unknown, Leaf = unknown> = Table<Key, Leaf> &
  Pick<PerCpuTable<Key, Leaf extends readonly (infer Each)[] ? Each : Leaf>, "sum" | "average" | "min" | "max"> &
  Pick<QueueStackTable<Leaf>, "push" | "pop" | "peek"> &
  Pick<
    EventTable<Leaf>,
    | "open_perf_buffer"
    | "open_perf_event"
    | "close_perf_event"
    | "open_ring_buffer"
    | "print_rows"
    | "close_buffer"
    | "printf"
    | "event"
    | "events"
    | "lost"
  > &
  Pick<BloomFilterTable<Leaf>, "add"> &
  Pick<LpmTable<Key, Leaf>, "match" | "set_cidr" | "delete_cidr"> &
  Pick<UserRingTable<Leaf>, "output"> &
  Pick<StackTraceTable, "walk" | "name_frames">;

/**
 * Counters of the hardware and the kernel, one for each CPU (`BPF_PERF_ARRAY`).
 *
 * @example
 * import { PerfHWConfig, PerfType, type PerfArrayTable } from "bpfts";
 * const open = (counters: PerfArrayTable): unknown => counters.open_perf_event(PerfType.HARDWARE, PerfHWConfig.CPU_CYCLES);
 */
export type PerfArrayTable = Pick<EventTable, keyof TableBase | "open_perf_event" | "close_perf_event">;

/**
 * The tables of a C text that is not known before the script runs: any names, and types that are given by hand.
 *
 * @example
 * import type { BPF, UnknownTables } from "bpfts";
 * const size_of = (b: BPF<UnknownTables>, name: string): number => b.get_table(name).size;
 */
export interface UnknownTables {
  readonly [name: string]: DynamicTable;
}

/**
 * The tables of a program that is not known further. A function with a parameter of type `BPF` takes every program, and so only `any` will do.
 *
 * @example
 * import { print, type AnyTables, type BPF } from "bpfts";
 * const count_tables = (b: BPF<AnyTables>): number => Object.keys(b.tables as object).length;
 * print(typeof count_tables); // function
 */
// biome-ignore lint/suspicious/noExplicitAny: BPF of some tables is a BPF of any tables, and the other way round.
export type AnyTables = any;

type IsAny<Tables> = 0 extends 1 & Tables ? true : false;

/** The names of a program's tables or functions; any name where they are not known. */
export type NameIn<Tables> = IsAny<Tables> extends true ? string : keyof Tables & string;

/** A program's table of that name. */
export type TableIn<Tables, Name extends string> =
  IsAny<Tables> extends true ? DynamicTable : Name extends keyof Tables ? Tables[Name] : never;

/** A program's tables as properties. */
export type TableProperties<Tables> = { readonly [Name in keyof Tables]: Tables[Name] };

/** The names of a program's buffers of events; any name where they are not known. */
export type EventName<Tables> = string extends keyof Tables
  ? string
  : { [Name in keyof Tables & string]: Tables[Name] extends EventTable<infer _> ? Name : never }[keyof Tables & string];

/** What a program's buffer of that name carries. */
export type EventIn<Tables, Name extends string> =
  IsAny<Tables> extends true
    ? unknown
    : Name extends keyof Tables
      ? Tables[Name] extends EventTable<infer Event>
        ? Event
        : unknown
      : unknown;
