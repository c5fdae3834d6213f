import type { CType, FindStruct, StripComments, Trim } from "./c-types.ts";
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
    ? Macro extends TableMacro
      ? Tail extends `${infer Arguments})${infer More}`
        ? ReadTables<More, Text, Found & DeclareTable<Macro, SplitArguments<Arguments>, Text>>
        : Found
      : ReadTables<After, Text, Found>
    : Found
  : Found;

type SplitArguments<S extends string, Done extends string[] = []> = S extends `${infer First},${infer Rest}` ? SplitArguments<Rest, [...Done, Trim<First>]> : [...Done, Trim<S>];

type KeyLeafMacro = "HASH" | "LPM_TRIE";
type IndexMacro = "PROG_ARRAY" | "CGROUP_ARRAY" | "DEVMAP" | "CPUMAP" | "XSKMAP" | "ARRAY_OF_MAPS" | "SOCKMAP";
type StorageMacro = "SK_STORAGE" | "INODE_STORAGE" | "TASK_STORAGE" | "CGROUP_STORAGE";
type GenericMacro = "TABLE" | "F_TABLE" | "TABLE_PUBLIC" | "TABLE_SHARED" | "TABLE_PINNED";
type TableMacro =
  | KeyLeafMacro | "PERCPU_HASH" | "ARRAY" | "PERCPU_ARRAY" | "HISTOGRAM" | "STACK_TRACE" | "STACK_TRACE_BUILDID" | "PERF_OUTPUT" | "RINGBUF_OUTPUT" | "PERF_ARRAY" | "QUEUE" | "STACK"
  | "QUEUESTACK" | "HASH_OF_MAPS" | "SOCKHASH" | IndexMacro | StorageMacro | GenericMacro;

/** One macro's table under its name. Arguments that are left out have BCC's defaults. */
type DeclareTable<Macro, Arguments extends string[], Text extends string> = Macro extends GenericMacro
  ? Arguments extends [infer Kind extends string, infer Key extends string, infer Leaf extends string, infer Name extends string, ...string[]]
    ? { [N in Name]: GenericTable<Kind, Key, Leaf, N, Text> }
    : unknown
  : Macro extends "QUEUESTACK"
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
          : Macro extends "PERF_OUTPUT" | "RINGBUF_OUTPUT" | "PERF_ARRAY"
            ? EventTable<FindEvent<Name, Text>>
            : Macro extends "STACK_TRACE" | "STACK_TRACE_BUILDID"
              ? StackTraceTable
              : Macro extends "QUEUE" | "STACK"
                ? QueueStackTable<CType<At<More, 0>, Text>>
                : Macro extends "SOCKHASH"
                  ? Table<CType<At<More, 0, "u32">, Text>, number>
                  : Macro extends "HASH_OF_MAPS"
                    ? Table<More extends [string, string, ...string[]] ? CType<At<More, 0>, Text> : number, number>
                    : Macro extends StorageMacro
                      ? Table<unknown, CType<At<More, 0>, Text>>
                      : Table<number, number>;

type GenericTable<Kind, Key extends string, Leaf extends string, Name extends string, Text extends string> = Kind extends `"${"percpu_hash" | "percpu_array" | "lru_percpu_hash"}${string}"`
  ? PerCpuTable<CType<Key, Text>, CType<Leaf, Text>>
  : Kind extends `"${"perf_output" | "ringbuf" | "perf_array"}${string}"`
    ? EventTable<FindEvent<Name, Text>>
    : Kind extends `"stacktrace${string}"`
      ? StackTraceTable
      : Kind extends `"${"queue" | "stack"}${string}"`
        ? QueueStackTable<CType<Leaf, Text>>
        : Table<CType<Key, Text>, CType<Leaf, Text>>;

type At<List extends string[], Index extends number, Default extends string = "u64"> = List[Index] extends infer Found extends string ? Found : Default;

/** The struct of the variable that the text submits to a buffer. */
type FindEvent<Name extends string, Text extends string> = Text extends `${string}${Name}.perf_submit(${string},${infer Rest}`
  ? EventOfArgument<Rest, Text>
  : Text extends `${string}${Name}.ringbuf_${"output" | "submit"}(${infer Rest}`
    ? EventOfArgument<Rest, Text>
    : unknown;

type EventOfArgument<Rest extends string, Text extends string> = Rest extends `${infer Argument},${string}` ? EventOfVariable<BareName<Trim<Argument>>, Text> : unknown;

type BareName<S extends string> = S extends `(${string})${infer Rest}` ? BareName<Trim<Rest>> : S extends `&${infer Rest}` ? BareName<Trim<Rest>> : S;

type EventOfVariable<Variable extends string, Text extends string> = Text extends `${infer Before} ${"" | "*" | "* "}${Variable}${" " | ";" | "=" | ","}${string}` ? EventOfDeclaration<Before, Text> : unknown;

/** The last words before a variable are its type. */
type EventOfDeclaration<Before extends string, Text extends string> = LastStatement<Before> extends infer Words extends string
  ? Trim<Words> extends `${"struct" | "union"} ${infer Tag}`
    ? FindStruct<StripStar<Trim<Tag>>, Text>
    : Trim<Words> extends ""
      ? unknown
      : CType<StripStar<Trim<Words>>, Text>
  : unknown;

type StripStar<S extends string> = S extends `${infer Bare}*` ? Trim<Bare> : S;

type LastStatement<S extends string> = S extends `${string}${";" | "{" | "}" | ")" | "("}${infer Rest}` ? LastStatement<Rest> : S;
