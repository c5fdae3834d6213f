import { describe, expectTypeOf, it } from "vitest";
import type { EventOf, TableName, TableOf } from "../../../sdk/program/table-types.ts";
import type { PerCpuTable } from "../../../sdk/tables/table-percpu.ts";
import type { QueueStackTable } from "../../../sdk/tables/table-queue.ts";
import type { DynamicTable } from "../../../sdk/program/table-choice.ts";
import type { MapOfMapsTable } from "../../../sdk/tables/table-of-maps.ts";
import type { EventTable } from "../../../sdk/events/table-ring.ts";
import type { StackTraceTable } from "../../../sdk/tables/table-stack-trace.ts";
import type { Table } from "../../../sdk/tables/table.ts";
import type { UserRingTable } from "../../../sdk/tables/table-user-ring.ts";

/** The value of a hash of the text. */
type ValueOf<Text extends string, Name extends string> =
  TableOf<Text, Name> extends Table<number, infer Value> ? Value : never;

describe("types from C that is written in an unusual way", () => {
  it("passes comments over wherever they stand, and marks of comments in them", () => {
    expectTypeOf<TableName<Comments>>().toEqualTypeOf<"paths" | "urls" | "last">();
    expectTypeOf<TableOf<Comments, "paths">>().toEqualTypeOf<Table<{ a: number; b: bigint; name: string }, bigint>>();
  });

  it("reads attributes and qualifiers in every place, and lines that a backslash continues", () => {
    type Packed = { a: number; b: bigint };
    expectTypeOf<TableOf<Attributes, "packed">>().toEqualTypeOf<Table<Packed, { x: number; y: number }>>();
    expectTypeOf<ValueOf<Attributes, "aligned">>().toEqualTypeOf<{
      a: number;
      b: bigint;
      c: number;
      d: number;
      e: number[];
      f: Uint8Array;
      g: number;
    }>();
    expectTypeOf<TableOf<Attributes, "qualified">>().toEqualTypeOf<Table<number, Packed>>();
  });

  it("finds names before lengths and widths of any form", () => {
    expectTypeOf<ValueOf<Lengths, "lengths">>().toEqualTypeOf<{
      address: Uint8Array;
      spaced: string;
      grid: number[][];
      sum: string;
      wide: bigint;
      state: number;
      after: number;
    }>();
  });

  it("reads typedefs of arrays, of functions, and of several names", () => {
    expectTypeOf<ValueOf<Typedefs, "typedefs">>().toEqualTypeOf<{
      names: string[];
      letters: string;
      macs: Uint8Array[];
      call: bigint;
      one: bigint;
      two: bigint;
      pair: { x: number };
      pairs: { x: number }[];
      at: bigint;
      mode: number;
    }>();
  });

  it("gives a member that two branches declare the type of either", () => {
    expectTypeOf<ValueOf<Branches, "branches">>().toEqualTypeOf<{
      a: number;
      name?: string | bigint | undefined;
      extra?: number | undefined;
      last: boolean;
    }>();
  });

  it("knows maps that are declared in libbpf's way", () => {
    type Value = { a: number; b: bigint };
    expectTypeOf<TableName<Libbpf>>().toEqualTypeOf<
      "hash" | "cpus" | "ring" | "perf" | "stacks" | "queue" | "inner" | "outer" | "sized" | "orders" | "bcc"
    >();
    expectTypeOf<TableOf<Libbpf, "hash">>().toEqualTypeOf<Table<number, Value>>();
    expectTypeOf<TableOf<Libbpf, "cpus">>().toEqualTypeOf<PerCpuTable<Value, bigint>>();
    expectTypeOf<TableOf<Libbpf, "ring" | "perf">>().toEqualTypeOf<EventTable<unknown>>();
    expectTypeOf<TableOf<Libbpf, "stacks">>().toEqualTypeOf<StackTraceTable>();
    expectTypeOf<TableOf<Libbpf, "queue">>().toEqualTypeOf<QueueStackTable<Value>>();
    expectTypeOf<TableOf<Libbpf, "inner">>().toEqualTypeOf<Table<number, bigint>>();
    expectTypeOf<TableOf<Libbpf, "outer">>().toEqualTypeOf<MapOfMapsTable<number, DynamicTable>>();
    expectTypeOf<TableOf<Libbpf, "sized">>().toEqualTypeOf<Table<unknown, unknown>>();
    expectTypeOf<TableOf<Libbpf, "orders">>().toEqualTypeOf<UserRingTable<Uint8Array>>();
    expectTypeOf<TableOf<Libbpf, "bcc">>().toEqualTypeOf<Table<number, number>>();
  });

  it("takes a variable that is called as its struct, and no array for one of its elements", () => {
    expectTypeOf<EventOf<Events, "same">>().toEqualTypeOf<{ ts: bigint }>();
    expectTypeOf<EventOf<Events, "array">>().toEqualTypeOf<unknown>();
  });
});

type Comments = `
// matches /proc/*/fd
struct /* a */ odd_t /* b */ { u32 /* c */ a /* d */ ; // e ; }
  u64 b; /* two
  lines } ; */ char name[/* sixteen */ 16]; };
BPF_HASH(paths, struct odd_t, // the value ), (
         u64 /* here */);
/* see http://example.org/ // */ BPF_HASH(urls); // and /* this
/* BPF_HASH(none); //*/ BPF_HASH(last);
`;

type Attributes = `
struct __attribute__((packed)) one_t { u8 a; u64 b; };
typedef struct { u8 x; u32 y; } __attribute__((packed, aligned(8))) two_t;
struct three_t {
    u8 a __attribute__((aligned(8)));
    u64 b;
    __attribute__((aligned(16))) u32 c;
    unsigned const d;
    u32 const e[2];
    u8 const f[3];
    short unsigned g;
};
BPF_HASH(packed, struct one_t, two_t);
BPF_HASH(aligned, u32, struct three_t);
#define VALUE struct \\
    one_t
BPF_HASH(qualified, u32 const, \\
         VALUE);
`;

type Lengths = `
struct lengths_t {
    u8 address[sizeof(struct in6_addr)];
    char spaced[ N ];
    u16 grid[N][(1 << 2) + 1];
    char sum[N * sizeof(u64)];
    u64 wide : 20;
    unsigned int : 4, : 0;
    enum { ON, OFF } state:2;
    u16 :0;
    u16 after;
};
BPF_HASH(lengths, u32, struct lengths_t);
`;

type Typedefs = `
typedef char name_t[16];
typedef char letter_t;
typedef u8 mac_t[6];
typedef int (*call_t)(void *, int);
typedef unsigned long first_t, *second_t;
typedef struct { u32 x; } pair_t, *at_t, pairs_t[2];
typedef enum { IDLE, BUSY } other_t, mode_t2;
struct typedefs_t { name_t names[2]; letter_t letters[4]; mac_t macs[2]; call_t call; first_t one; second_t two; pair_t pair; pairs_t pairs; at_t at; mode_t2 mode; };
BPF_HASH(typedefs, u32, struct typedefs_t);
`;

type Branches = `
struct branches_t {
    u32 a;
#ifdef FULL
    char name[64];
    u32 extra;
#else
    u64 name;
#endif
    bool last;
};
BPF_HASH(branches, u32, struct branches_t);
`;

type Libbpf = `
struct value { u32 a; u64 b; };
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 10);
    __type(key, u32);
    __type(value, struct value);
} hash SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_HASH); __uint(max_entries, 2); __type(key, struct value); __type(value, u64); } cpus SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } perf SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(max_entries, 2); __uint(key_size, 4); __uint(value_size, 127 * 8); } stacks SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 2); __type(value, struct value); } queue SEC(".maps");
struct inner_map { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, u32); __type(value, u64); } inner SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 2); __type(key, u32); __array(values, struct inner_map); } outer SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 2); __uint(key_size, 4); __uint(value_size, 16); } sized SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_USER_RINGBUF); __uint(max_entries, 4096); } orders SEC(".maps");
BPF_HASH(bcc, u32, u32);
`;

type Events = `
struct event { u64 ts; };
BPF_PERF_OUTPUT(same);
BPF_RINGBUF_OUTPUT(array, 8);
int f(void *ctx) {
    struct event event = {};
    same.perf_submit(ctx, &event, sizeof(event));
    u32 numbers[4] = {};
    array.ringbuf_output(numbers, sizeof(numbers), 0);
    return 0;
}
`;
