import type { AfterLast, Clean, Simplify, Trim } from "../ctypes/c-text.ts";
import type { CType } from "../ctypes/c-types.ts";
import type { FindEvent } from "../ctypes/event-types.ts";
import type { BpfFunction } from "../tables/bpf-function.ts";
import type { BloomFilterTable } from "../tables/table-bloom.ts";
import type { PerCpuTable } from "../tables/table-percpu.ts";
import type { LpmTable } from "../tables/table-lpm.ts";
import type { QueueStackTable } from "../tables/table-queue.ts";
import type { MapOfMapsTable } from "../tables/table-of-maps.ts";
import type { ReferenceTable, SocketReference } from "../tables/table-reference.ts";
import type { EventTable } from "../events/table-ring.ts";
import type { BuildIdStackTable, StackTraceTable } from "../tables/table-stack-trace.ts";
import type { StorageTable } from "../tables/table-storage.ts";
import type { Table } from "../tables/table.ts";
import type { UserRingTable } from "../tables/table-user-ring.ts";
import type { DynamicTable, EventIn, NameIn, PerfArrayTable, TableIn, UnknownTables } from "./table-choice.ts";

/**
 * Every table of a C text by its name, as `BPF` takes it.
 *
 * @example
 * import { BPF, print, type TablesOf } from "bpfts";
 * const text = `BPF_HASH(counts, u32, u64);`;
 * const count = (b: BPF<TablesOf<typeof text>>): number => b.tables.counts.size;
 * print(count(new BPF({ text }))); // 0
 */
export type TablesOf<Text extends string> = string extends Text
  ? UnknownTables
  : ReadTables<Simplify<Text>, Simplify<Text>> & ReadMaps<Simplify<Text>, Simplify<Text>> extends infer Found
    ? { [Name in keyof Found]: Found[Name] }
    : never;

/**
 * The names of the tables that a C text declares; any name where the text is not known.
 *
 * @example
 * import { print, type TableName } from "bpfts";
 * const text = `BPF_HASH(counts, u32, u64); BPF_ARRAY(totals, u64, 1);`;
 * const name: TableName<typeof text> = "totals";
 * print(name); // totals
 */
export type TableName<Text extends string> = NameIn<TablesOf<Text>>;

/**
 * The table of that name.
 *
 * @example
 * import { print, type TableOf } from "bpfts";
 * const text = `BPF_HASH(counts, u32, u64);`;
 * const first = (counts: TableOf<typeof text, "counts">): bigint | undefined => counts.get(1);
 * print(typeof first); // function
 */
export type TableOf<Text extends string, Name extends string> = TableIn<TablesOf<Text>, Name>;

/**
 * What a buffer of that name carries.
 *
 * @example
 * import { print, type EventOf } from "bpfts";
 * const text = `
 * struct event_t { u32 pid; u64 ns; };
 * BPF_PERF_OUTPUT(events);
 * int on_read(void *ctx) { struct event_t event = {}; events.perf_submit(ctx, &event, sizeof(event)); return 0; }
 * `;
 * const show = ({ pid, ns }: EventOf<typeof text, "events">): string => `${pid} ${ns}`;
 * print(show({ pid: 1, ns: 2n })); // 1 2
 */
export type EventOf<Text extends string, Name extends string> = EventIn<TablesOf<Text>, Name>;

type ReadTables<Rest extends string, Text extends string, Found = unknown> = Rest extends `${string}BPF_${infer After}`
  ? After extends `${infer Macro}(${infer Tail}`
    ? Trim<Macro> extends TableMacro
      ? Tail extends `${infer Arguments})${infer More}`
        ? ReadTables<More, Text, Found & DeclareTable<Trim<Macro>, SplitArguments<Arguments>, Text>>
        : Found
      : ReadTables<After, Text, Found>
    : Found
  : Found;

/** The maps that libbpf's way declares: `struct { __uint(type, …); … } name SEC(".maps");`. */
type ReadMaps<
  Rest extends string,
  Text extends string,
  Found = unknown,
> = Rest extends `${infer Before}SEC(".maps")${infer More}`
  ? ReadMaps<
      More,
      Text,
      Found &
        (AfterLast<Before, "{"> extends `${infer Fields}}${infer Name}`
          ? DeclareMap<Fields, Trim<Name>, Text>
          : unknown)
    >
  : Found;

type DeclareMap<Fields extends string, Name extends string, Text extends string> =
  MapField<Fields, "uint", "type"> extends `BPF_MAP_TYPE_${infer Kind}`
    ? {
        [N in Name]: KindTable<
          MapKind<Lowercase<Kind>>,
          MapField<Fields, "type", "key">,
          MapField<Fields, "type", "value">,
          N,
          Text
        >;
      }
    : unknown;

type MapField<
  Fields extends string,
  Macro extends string,
  Field extends string,
> = Fields extends `${string}__${Macro}(${Field},${infer Value})${string}` ? Clean<Value> : "void";

/** BCC's word for one of the kernel's kinds. */
type MapKind<Kind extends string> = Kind extends keyof MapKinds ? MapKinds[Kind] : Kind;
interface MapKinds {
  perf_event_array: "perf_output";
  stack_trace: "stacktrace";
  prog_array: "prog";
  reuseport_sockarray: "reuseport_array";
}

type SplitArguments<S extends string, Done extends string[] = []> = S extends `${infer First},${infer Rest}`
  ? SplitArguments<Rest, [...Done, Clean<First>]>
  : [...Done, Clean<S>];

type GenericMacro = "TABLE" | "F_TABLE" | "TABLE_PUBLIC" | "TABLE_SHARED" | "TABLE_PINNED";
type QueueStackMacro = "QUEUESTACK" | "QUEUESTACK_PUBLIC" | "QUEUESTACK_SHARED" | "QUEUESTACK_PINNED";
type TableMacro = keyof MacroTables<"", "", []> | GenericMacro | QueueStackMacro;

/** One macro's table under its name. Arguments that are left out have BCC's defaults. */
type DeclareTable<Macro, Arguments extends string[], Text extends string> = Macro extends GenericMacro
  ? Arguments extends [
      infer Kind extends string,
      infer Key extends string,
      infer Leaf extends string,
      infer Name extends string,
      ...string[],
    ]
    ? { [N in Name]: GenericTable<Kind, Key, Leaf, N, Text> }
    : unknown
  : Macro extends QueueStackMacro
    ? Arguments extends [string, infer Name extends string, infer Leaf extends string, ...string[]]
      ? { [N in Name]: QueueStackTable<CType<Leaf, Text>> }
      : unknown
    : Arguments extends [infer Name extends string, ...infer More extends string[]]
      ? { [N in Name]: MacroTable<Macro, N, Text, More> }
      : unknown;

type MacroTable<
  Macro,
  Name extends string,
  Text extends string,
  More extends string[],
> = Macro extends keyof MacroTables<Name, Text, More> ? MacroTables<Name, Text, More>[Macro] : never;

/** What each macro declares. `More` are the arguments behind the name. */
interface MacroTables<Name extends string, Text extends string, More extends string[]> {
  HASH: Table<CType<At<More, 0>, Text>, CType<At<More, 1>, Text>> & AddressKeys<At<More, 0>, CType<At<More, 1>, Text>>;
  LRU_HASH: Table<CType<At<More, 0>, Text>, CType<At<More, 1>, Text>> &
    AddressKeys<At<More, 0>, CType<At<More, 1>, Text>>;
  LPM_TRIE: LpmTable<CType<At<More, 0>, Text>, CType<At<More, 1>, Text>>;
  PERCPU_HASH: PerCpuTable<CType<At<More, 0>, Text>, CType<At<More, 1>, Text>>;
  ARRAY: Table<number, CType<At<More, 0>, Text>>;
  PERCPU_ARRAY: PerCpuTable<number, CType<At<More, 0>, Text>>;
  HISTOGRAM: Table<CType<At<More, 0, "int">, Text>, bigint>;
  STACK_TRACE: StackTraceTable;
  STACK_TRACE_BUILDID: BuildIdStackTable;
  PERF_OUTPUT: EventTable<FindEvent<Name, Text>>;
  RINGBUF_OUTPUT: EventTable<FindEvent<Name, Text>>;
  PERF_ARRAY: PerfArrayTable;
  QUEUE: QueueStackTable<CType<At<More, 0>, Text>>;
  STACK: QueueStackTable<CType<At<More, 0>, Text>>;
  BLOOM_FILTER: BloomFilterTable<CType<At<More, 0>, Text>>;
  PROG_ARRAY: ReferenceTable<number, BpfFunction>;
  CGROUP_ARRAY: ReferenceTable<number, string>;
  ARRAY_OF_MAPS: MapOfMapsTable<number, InnerTable<At<More, 0>, Text>>;
  HASH_OF_MAPS: More extends [string, infer Inner extends string, ...string[]]
    ? MapOfMapsTable<CType<At<More, 0>, Text>, InnerTable<Inner, Text>>
    : MapOfMapsTable<number, InnerTable<At<More, 0>, Text>>;
  SOCKMAP: ReferenceTable<number, SocketReference>;
  SOCKHASH: ReferenceTable<CType<At<More, 0, "u32">, Text>, SocketReference>;
  XSKMAP: ReferenceTable<number, SocketReference>;
  REUSEPORT_ARRAY: ReferenceTable<number, SocketReference>;
  DEVMAP: Table<number, number>;
  DEVMAP_HASH: Table<number, number>;
  CPUMAP: Table<number, number>;
  TASK_STORAGE: StorageTable<number, CType<At<More, 0>, Text>>;
  SK_STORAGE: StorageTable<SocketReference, CType<At<More, 0>, Text>>;
  INODE_STORAGE: StorageTable<string, CType<At<More, 0>, Text>>;
  CGRP_STORAGE: StorageTable<string, CType<At<More, 0>, Text>>;
  USER_RINGBUF: UserRingTable<
    More extends [string, infer Value extends string, ...string[]] ? CType<Value, Text> : Uint8Array
  >;
  ARENA: DynamicTable;
  CGROUP_STORAGE: Table<CgroupStorageKey, CType<At<More, 0>, Text>>;
  PERCPU_CGROUP_STORAGE: PerCpuTable<CgroupStorageKey, CType<At<More, 0>, Text>>;
}

/**
 * Source: struct bpf_cgroup_storage_key of linux/bpf.h.
 *
 * @example
 * import { print, type CgroupStorageKey } from "bpfts";
 * const key: CgroupStorageKey = { cgroup_inode_id: 4200n, attach_type: 0 };
 * print(key.cgroup_inode_id); // 4200
 */
export interface CgroupStorageKey {
  /** The cgroup's inode number, as `stat` tells it. */
  cgroup_inode_id: bigint;
  /** The kind of place that the program was attached to. */
  attach_type: number;
}

/** The table that a map of maps names as the example of those that lie in it. */
type InnerTable<Inner extends string, Text extends string> =
  TableIn<TablesOf<Text>, Inner extends `"${infer Name}"` ? Name : Inner> extends infer Found
    ? [Found] extends [never]
      ? DynamicTable
      : Found
    : never;

type GenericTable<
  Kind,
  Key extends string,
  Leaf extends string,
  Name extends string,
  Text extends string,
> = Kind extends `"${"array" | "hash"}_of_maps$${infer Inner}"`
  ? MapOfMapsTable<CType<Key, Text>, InnerTable<Inner, Text>>
  : Kind extends `"${infer Plain}"`
    ? KindTable<BareKind<Plain>, Key, Leaf, Name, Text>
    : never;

/** A kind string without the path or the inner map behind it. */
type BareKind<Kind extends string> = Kind extends `${infer Bare}:${string}`
  ? BareKind<Bare>
  : Kind extends `${infer Bare}$${string}`
    ? Bare
    : Kind;

type KindTable<
  Kind extends string,
  Key extends string,
  Leaf extends string,
  Name extends string,
  Text extends string,
> = Kind extends "lru_percpu_hash" | "percpu_hash" | "percpu_array" | "percpu_cgroup_storage"
  ? PerCpuTable<CType<Key, Text>, CType<Leaf, Text>>
  : Kind extends keyof ValueKinds
    ? ReferenceTable<CType<Key, Text>, ValueKinds[Kind]>
    : Kind extends "array_of_maps" | "hash_of_maps"
      ? MapOfMapsTable<CType<Key, Text>, DynamicTable>
      : Kind extends keyof OwnerKinds
        ? StorageTable<OwnerKinds[Kind], CType<Leaf, Text>>
        : Kind extends keyof KeylessKinds<CType<Leaf, Text>, Name, Text>
          ? KeylessKinds<CType<Leaf, Text>, Name, Text>[Kind]
          : Kind extends "lpm_trie"
            ? LpmTable<CType<Key, Text>, CType<Leaf, Text>>
            : Table<CType<Key, Text>, CType<Leaf, Text>> & AddressKeys<Key, CType<Leaf, Text>>;

/** A table whose keys are addresses takes them as text, too; it answers them as they were. */
type AddressKeys<Key, Leaf> = Key extends "__be32" | "struct in6_addr" ? AddressKeyed<Leaf> : unknown;

/**
 * What a table whose keys are addresses takes beside its own keys.
 *
 * @example
 * import { print, type AddressKeyed } from "bpfts";
 * const allow = (table: AddressKeyed<number>, addresses: readonly string[]): unknown => addresses.map((each) => table.set(each, 1));
 * print(typeof allow); // function
 */
export interface AddressKeyed<Leaf> {
  /** As with the address's number or bytes. */
  get(key: string): Leaf | undefined;
  /** As with the address's number or bytes. */
  set(key: string, leaf: Leaf, flags?: number): this;
  /** As with the address's number or bytes. */
  has(key: string): boolean;
  /** As with the address's number or bytes. */
  delete(key: string): boolean;
}

interface ValueKinds {
  prog: BpfFunction;
  cgroup_array: string;
  sockmap: SocketReference;
  sockhash: SocketReference;
  xskmap: SocketReference;
  reuseport_array: SocketReference;
}

interface OwnerKinds {
  task_storage: number;
  sk_storage: SocketReference;
  inode_storage: string;
  cgrp_storage: string;
}

interface KeylessKinds<Leaf, Name extends string, Text extends string> {
  perf_output: EventTable<FindEvent<Name, Text>>;
  ringbuf: EventTable<FindEvent<Name, Text>>;
  perf_array: PerfArrayTable;
  stacktrace: StackTraceTable;
  queue: QueueStackTable<Leaf>;
  stack: QueueStackTable<Leaf>;
  bloom_filter: BloomFilterTable<Leaf>;
  user_ringbuf: UserRingTable<unknown extends Leaf ? Uint8Array : Leaf>;
}

type At<
  List extends string[],
  Index extends number,
  Default extends string = "u64",
> = List[Index] extends infer Found extends string ? Found : Default;
