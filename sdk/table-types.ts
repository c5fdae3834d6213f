import type { Clean, StripComments, Trim } from "./c-text.ts";
import type { CType } from "./c-types.ts";
import type { FindEvent } from "./event-types.ts";
import type { PerCpuTable } from "./table-percpu.ts";
import type { QueueStackTable } from "./table-queue.ts";
import type { EventTable } from "./table-ring.ts";
import type { BuildIdStackTable, StackTraceTable } from "./table-stack-trace.ts";
import type { Table } from "./table.ts";

/**
 * A table of which the types are given by hand: it has the methods of every kind, and one that
 * its kind has not fails when it is called. `Leaf` is the value (an array for per-CPU tables), the event, or the queue's element.
 */
export type DynamicTable<Key, Leaf> = Table<Key, Leaf> &
  Pick<PerCpuTable<Key, Leaf extends readonly (infer Each)[] ? Each : Leaf>, "sum" | "average" | "min" | "max"> &
  Pick<QueueStackTable<Leaf>, "push" | "pop" | "peek"> &
  Pick<EventTable<Leaf>, "open_perf_buffer" | "open_ring_buffer" | "close_buffer" | "printf" | "event" | "lost"> &
  Pick<StackTraceTable, "walk">;

/** The names of the tables that a C text declares; any name where the text is not known. */
export type TableName<Text extends string> = string extends Text ? string : keyof Tables<Text> & string;

/** The table of that name. */
export type TableOf<Text extends string, Name extends string> = string extends Text
  ? DynamicTable<unknown, unknown>
  : Name extends keyof Tables<Text>
    ? Tables<Text>[Name]
    : DynamicTable<unknown, unknown>;

/** What a buffer of that name carries. */
export type EventOf<Text extends string, Name extends string> = TableOf<Text, Name> extends EventTable<infer Event> ? Event : unknown;

/** Stands for a type parameter that was not given. */
declare const unset: unique symbol;
/** The type of a type parameter that was not given. */
export type Unset = typeof unset;
/** A table's name where its types are given by hand; nothing where they are not. */
export type NameWhenGiven<Key> = [Key] extends [never] ? string : [Key] extends [Unset] ? never : string;

/** Every table of a text, by name. */
type Tables<Text extends string> = string extends Text ? Record<string, unknown> : ReadTables<StripComments<Text>, StripComments<Text>>;

type ReadTables<Rest extends string, Text extends string, Found = unknown> = Rest extends `${string}BPF_${infer After}`
  ? After extends `${infer Macro}(${infer Tail}`
    ? Trim<Macro> extends TableMacro
      ? Tail extends `${infer Arguments})${infer More}`
        ? ReadTables<More, Text, Found & DeclareTable<Trim<Macro>, SplitArguments<Arguments>, Text>>
        : Found
      : ReadTables<After, Text, Found>
    : Found
  : Found;

type SplitArguments<S extends string, Done extends string[] = []> = S extends `${infer First},${infer Rest}` ? SplitArguments<Rest, [...Done, Clean<First>]> : [...Done, Clean<S>];

/** Keys and leaves by position behind the name, with BCC's defaults. */
type KeyLeafMacro = "HASH" | "LRU_HASH" | "LPM_TRIE";
/** Numbers to descriptors or indexes. */
type IndexMacro = "PROG_ARRAY" | "CGROUP_ARRAY" | "DEVMAP" | "DEVMAP_HASH" | "CPUMAP" | "XSKMAP" | "ARRAY_OF_MAPS" | "SOCKMAP";
type StorageMacro = "SK_STORAGE" | "INODE_STORAGE" | "TASK_STORAGE" | "CGRP_STORAGE";
type GenericMacro = "TABLE" | "F_TABLE" | "TABLE_PUBLIC" | "TABLE_SHARED" | "TABLE_PINNED";
type GenericQueueMacro = "QUEUESTACK" | "QUEUESTACK_PINNED" | "QUEUESTACK_PUBLIC" | "QUEUESTACK_SHARED";
type EventMacro = "PERF_OUTPUT" | "RINGBUF_OUTPUT" | "PERF_ARRAY";
type TableMacro =
  | KeyLeafMacro | "PERCPU_HASH" | "ARRAY" | "PERCPU_ARRAY" | "HISTOGRAM" | "STACK_TRACE" | "STACK_TRACE_BUILDID" | EventMacro | "QUEUE" | "STACK" | "BLOOM_FILTER" | GenericQueueMacro | "HASH_OF_MAPS"
  | "SOCKHASH" | "REUSEPORT_ARRAY" | "CGROUP_STORAGE" | "PERCPU_CGROUP_STORAGE" | "USER_RINGBUF" | "ARENA" | IndexMacro | StorageMacro | GenericMacro;

/** One macro's table under its name. Arguments that are left out have BCC's defaults. */
type DeclareTable<Macro, Arguments extends string[], Text extends string> = Macro extends GenericMacro
  ? Arguments extends [infer Kind extends string, infer Key extends string, infer Leaf extends string, infer Name extends string, ...string[]]
    ? { [N in Name]: GenericTable<Kind, Key, Leaf, N, Text> }
    : unknown
  : Macro extends GenericQueueMacro
    ? Arguments extends [string, infer Name extends string, infer Leaf extends string, ...string[]]
      ? { [N in Name]: QueueStackTable<CType<Leaf, Text>> }
      : unknown
    : Arguments extends [infer Name extends string, ...infer More extends string[]]
      ? { [N in Name]: MacroTable<Macro, N, Text, More> }
      : unknown;

type MacroTable<Macro, Name extends string, Text extends string, More extends string[]> = Macro extends KeyLeafMacro
  ? Table<CType<At<More, 0>, Text>, CType<At<More, 1>, Text>>
  : Macro extends "PERCPU_HASH"
    ? PerCpuTable<CType<At<More, 0>, Text>, CType<At<More, 1>, Text>>
    : Macro extends "ARRAY"
      ? Table<number, CType<At<More, 0>, Text>>
      : Macro extends "PERCPU_ARRAY"
        ? PerCpuTable<number, CType<At<More, 0>, Text>>
        : Macro extends "HISTOGRAM"
          ? Table<CType<At<More, 0, "int">, Text>, bigint>
          : Macro extends EventMacro
            ? EventTable<FindEvent<Name, Text>>
            : Macro extends "STACK_TRACE"
              ? StackTraceTable
              : Macro extends "QUEUE" | "STACK"
                ? QueueStackTable<CType<At<More, 0>, Text>>
                : RareTable<Macro, Text, More>;

type RareTable<Macro, Text extends string, More extends string[]> = Macro extends "STACK_TRACE_BUILDID"
  ? BuildIdStackTable
  : Macro extends "SOCKHASH"
  ? Table<CType<At<More, 0, "u32">, Text>, number>
  : Macro extends "HASH_OF_MAPS"
    ? Table<More extends [infer Key extends string, string, ...string[]] ? CType<Key, Text> : number, number>
    : Macro extends "REUSEPORT_ARRAY"
      ? Table<number, bigint>
      : Macro extends StorageMacro
        ? Table<number, CType<At<More, 0>, Text>>
        : Macro extends "CGROUP_STORAGE"
          ? Table<CgroupStorageKey, CType<At<More, 0>, Text>>
          : Macro extends "PERCPU_CGROUP_STORAGE"
            ? PerCpuTable<CgroupStorageKey, CType<At<More, 0>, Text>>
            : Macro extends IndexMacro
              ? Table<number, number>
              : DynamicTable<unknown, unknown>;

/** Source: struct bpf_cgroup_storage_key of linux/bpf.h. */
interface CgroupStorageKey {
  cgroup_inode_id: bigint;
  attach_type: number;
}

type GenericTable<Kind, Key extends string, Leaf extends string, Name extends string, Text extends string> = Kind extends `"${"percpu_hash" | "percpu_array" | "lru_percpu_hash" | "percpu_cgroup_storage"}${string}`
  ? PerCpuTable<CType<Key, Text>, CType<Leaf, Text>>
  : Kind extends `"${"perf_output" | "ringbuf" | "perf_array"}${string}`
    ? EventTable<FindEvent<Name, Text>>
    : Kind extends `"stacktrace${string}`
      ? StackTraceTable
      : Kind extends `"${"queue" | "stack"}${string}`
        ? QueueStackTable<CType<Leaf, Text>>
        : Kind extends `"${"hash" | "array"}_of_maps${string}`
          ? Table<CType<Key, Text>, number>
          : Table<CType<Key, Text>, CType<Leaf, Text>>;

type At<List extends string[], Index extends number, Default extends string = "u64"> = List[Index] extends infer Found extends string ? Found : Default;
