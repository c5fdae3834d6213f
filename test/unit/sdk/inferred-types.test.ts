import { describe, expect, expectTypeOf, it } from "vitest";
import { BPF } from "../../../sdk/program/bpf.ts";
import type { BpfFunction } from "../../../sdk/tables/bpf-function.ts";
import type { BloomFilterTable } from "../../../sdk/tables/table-bloom.ts";
import type { LpmTable } from "../../../sdk/tables/table-lpm.ts";
import type { MapOfMapsTable } from "../../../sdk/tables/table-of-maps.ts";
import type { ReferenceTable, SocketReference } from "../../../sdk/tables/table-reference.ts";
import type { StorageTable } from "../../../sdk/tables/table-storage.ts";
import type { PerfArrayTable } from "../../../sdk/program/table-choice.ts";
import type { ContextOf } from "../../../sdk/ctypes/context-types.ts";
import type { RecordOf } from "../../../sdk/ctypes/record-types.ts";
import type { EventOf, TableName, TableOf } from "../../../sdk/program/table-types.ts";
import type { EventTable } from "../../../sdk/events/table-ring.ts";
import type { PerCpuTable } from "../../../sdk/tables/table-percpu.ts";
import type { QueueStackTable } from "../../../sdk/tables/table-queue.ts";
import type { BuildIdStackTable, StackTraceTable } from "../../../sdk/tables/table-stack-trace.ts";
import type { UserRingTable } from "../../../sdk/tables/table-user-ring.ts";
import type { Table } from "../../../sdk/tables/table.ts";

const text = `
#include <linux/sched.h>
#define NAME_LEN 64

enum kind { A, B };
// BPF_HASH(in_a_comment, u32);
/* struct key_t { u8 wrong; } */
typedef struct {
    u32 lo, hi;
    unsigned long long when;
} span_t;
typedef u32 tid_t;

struct inner_t {
    s16 x;
    bool flag;
};
struct data_t {
    u64 ts;             // when
    u32 pid;
    unsigned int cpu;
    char comm[TASK_COMM_LEN];
    char fname[NAME_LEN];
    u8 addr[16];
    u32 ports[2];
    struct inner_t inner;
    struct sock *sk;
    enum kind kind;
    u32 low:4, high:28;
    tid_t tid;
    span_t span;
    union {
        u32 v4;
        unsigned __int128 v6;
    };
    struct {
        u8 a;
    } named[2];
    char names[3][8];
};
struct key_t { u32 pid; u64 slot; };

BPF_HASH(counts, u32);
BPF_HASH(start, struct key_t, struct data_t, 1024);
BPF_HASH(plain);
BPF_ARRAY(totals, u64, 1);
BPF_PERCPU_ARRAY(each_cpu, u32, 4);
BPF_HISTOGRAM(dist);
BPF_HISTOGRAM(by_key, struct key_t);
BPF_STACK_TRACE(stacks, 1024);
BPF_PERF_OUTPUT(events);
BPF_RINGBUF_OUTPUT(ring, 8);
BPF_QUEUE(queue, u64, 10);
BPF_TABLE("lru_hash", u32, struct inner_t, lru, 100);

int f(struct pt_regs *ctx) {
    struct data_t data = {};
    struct key_t *reserved = ring.ringbuf_reserve(sizeof(struct key_t));
    bpf_probe_read(&data, BPF_F_CURRENT_CPU, 0);
    events.perf_submit(ctx, &data, sizeof(data));
    ring.ringbuf_submit(reserved, 0);
    return 0;
}
`;
type Text = typeof text;

describe("types from the C text", () => {
  it("finds the tables' names", () => {
    expectTypeOf<TableName<Text>>().toEqualTypeOf<
      | "counts"
      | "start"
      | "plain"
      | "totals"
      | "each_cpu"
      | "dist"
      | "by_key"
      | "stacks"
      | "events"
      | "ring"
      | "queue"
      | "lru"
    >();
  });

  it("finds kinds, keys and leaves, and BCC's defaults", () => {
    expectTypeOf<TableOf<Text, "counts">>().toEqualTypeOf<Table<number, bigint>>();
    expectTypeOf<TableOf<Text, "plain">>().toEqualTypeOf<Table<bigint, bigint>>();
    expectTypeOf<TableOf<Text, "totals">>().toEqualTypeOf<Table<number, bigint>>();
    expectTypeOf<TableOf<Text, "each_cpu">>().toEqualTypeOf<PerCpuTable<number, number>>();
    expectTypeOf<TableOf<Text, "dist">>().toEqualTypeOf<Table<number, bigint>>();
    expectTypeOf<TableOf<Text, "by_key">>().toEqualTypeOf<Table<{ pid: number; slot: bigint }, bigint>>();
    expectTypeOf<TableOf<Text, "stacks">>().toEqualTypeOf<StackTraceTable>();
    expectTypeOf<TableOf<Text, "queue">>().toEqualTypeOf<QueueStackTable<bigint>>();
    expectTypeOf<TableOf<Text, "lru">>().toEqualTypeOf<Table<number, { x: number; flag: boolean }>>();
  });

  it("reads every kind of member", () => {
    expectTypeOf<EventOf<Text, "events">>().toEqualTypeOf<{
      ts: bigint;
      pid: number;
      cpu: number;
      comm: string;
      fname: string;
      addr: Uint8Array;
      ports: number[];
      inner: { x: number; flag: boolean };
      sk: bigint;
      kind: number;
      low: number;
      high: number;
      tid: number;
      span: { lo: number; hi: number; when: bigint };
      v4: number;
      v6: bigint;
      named: { a: number }[];
      names: string[];
    }>();
  });

  it("finds what a buffer carries through the variable that is submitted", () => {
    expectTypeOf<TableOf<Text, "ring">>().toEqualTypeOf<EventTable<{ pid: number; slot: bigint }>>();
  });

  it("types a program's tables, and refuses a name that is not there", () => {
    const use = (): void => {
      const b = new BPF({ text: `BPF_HASH(counts, u32, u64);` });
      expectTypeOf(b.get_table("counts")).toEqualTypeOf<Table<number, bigint>>();
      expectTypeOf(b.get_table).toBeCallableWith("counts");
      // @ts-expect-error no such table
      b.get_table("count");
    };
    expectTypeOf(use).returns.toBeVoid();
  });

  it("takes types by hand where the text is not known", () => {
    const use = (source: string): void => {
      const b = new BPF({ text: source });
      expectTypeOf(b.table<number, bigint>("counts").get).returns.toEqualTypeOf<bigint | undefined>();
      expectTypeOf(b.get_table("counts").get).returns.toEqualTypeOf<unknown>();
      b.table<never, { pid: number }>("events").open_perf_buffer((event) =>
        expectTypeOf(event).toEqualTypeOf<{ pid: number }>(),
      );
    };
    expectTypeOf(use).returns.toBeVoid();
  });

  it("knows every macro that declares a table", () => {
    type Leaf = { x: number };
    expectTypeOf<TableName<Macros>>().toEqualTypeOf<
      | "hash"
      | "per_hash"
      | "lru"
      | "trie"
      | "array"
      | "per_array"
      | "prog"
      | "cgroups"
      | "devs"
      | "dev_hash"
      | "cpus"
      | "xsk"
      | "maps"
      | "hash_maps"
      | "key_maps"
      | "queue"
      | "stack"
      | "any_queue"
      | "pinned_queue"
      | "bloom"
      | "socks"
      | "sock_hash"
      | "sk"
      | "inode"
      | "task"
      | "cgrp"
      | "cgroup"
      | "per_cgroup"
      | "ports"
      | "build_ids"
      | "perf_counts"
      | "f_table"
      | "public"
      | "shared"
      | "pinned"
      | "commands"
      | "orders"
      | "shared_memory"
    >();
    expectTypeOf<TableOf<Macros, "hash">>().toEqualTypeOf<Table<number, Leaf>>();
    expectTypeOf<TableOf<Macros, "per_hash">>().toEqualTypeOf<PerCpuTable<number, Leaf>>();
    expectTypeOf<TableOf<Macros, "lru">>().toEqualTypeOf<Table<number, Leaf>>();
    expectTypeOf<TableOf<Macros, "trie">>().toEqualTypeOf<LpmTable<Leaf, bigint>>();
    expectTypeOf<TableOf<Macros, "array">>().toEqualTypeOf<Table<number, Leaf>>();
    expectTypeOf<TableOf<Macros, "per_array">>().toEqualTypeOf<PerCpuTable<number, Leaf>>();
    for (const name of ["devs", "dev_hash", "cpus"] as const) {
      expectTypeOf<TableOf<Macros, typeof name>>().toEqualTypeOf<Table<number, number>>();
      expect(macros).toContain(name);
    }
    expectTypeOf<TableOf<Macros, "prog">>().toEqualTypeOf<ReferenceTable<number, BpfFunction>>();
    expectTypeOf<TableOf<Macros, "cgroups">>().toEqualTypeOf<ReferenceTable<number, string>>();
    expectTypeOf<TableOf<Macros, "maps" | "hash_maps">>().toEqualTypeOf<MapOfMapsTable<number, Table<number, Leaf>>>();
    expectTypeOf<TableOf<Macros, "key_maps">>().toEqualTypeOf<MapOfMapsTable<bigint, Table<number, Leaf>>>();
    expectTypeOf<TableOf<Macros, "socks" | "xsk" | "ports">>().toEqualTypeOf<ReferenceTable<number, SocketReference>>();
    expectTypeOf<TableOf<Macros, "bloom">>().toEqualTypeOf<BloomFilterTable<number>>();
    expectTypeOf<TableOf<Macros, "queue" | "stack" | "any_queue" | "pinned_queue">>().toEqualTypeOf<
      QueueStackTable<Leaf>
    >();
    expectTypeOf<TableOf<Macros, "sock_hash">>().toEqualTypeOf<ReferenceTable<Leaf, SocketReference>>();
    expectTypeOf<TableOf<Macros, "sk">>().toEqualTypeOf<StorageTable<SocketReference, Leaf>>();
    expectTypeOf<TableOf<Macros, "inode" | "cgrp">>().toEqualTypeOf<StorageTable<string, Leaf>>();
    expectTypeOf<TableOf<Macros, "task">>().toEqualTypeOf<StorageTable<number, Leaf>>();
    expectTypeOf<TableOf<Macros, "cgroup">>().toEqualTypeOf<
      Table<{ cgroup_inode_id: bigint; attach_type: number }, Leaf>
    >();
    expectTypeOf<TableOf<Macros, "per_cgroup">>().toEqualTypeOf<
      PerCpuTable<{ cgroup_inode_id: bigint; attach_type: number }, Leaf>
    >();
    expectTypeOf<TableOf<Macros, "build_ids">>().toEqualTypeOf<BuildIdStackTable>();
    expectTypeOf<TableOf<Macros, "commands">>().toEqualTypeOf<UserRingTable<Uint8Array>>();
    expectTypeOf<TableOf<Macros, "orders">>().toEqualTypeOf<UserRingTable<Leaf>>();
    expectTypeOf<TableOf<Macros, "perf_counts">>().toEqualTypeOf<PerfArrayTable>();
    expectTypeOf<TableOf<Macros, "f_table" | "public" | "shared">>().toEqualTypeOf<Table<number, Leaf>>();
    expectTypeOf<TableOf<Macros, "pinned">>().toEqualTypeOf<PerCpuTable<number, Leaf>>();
  });

  it("reads unusual declarations", () => {
    expectTypeOf<EventOf<Unusual, "events">>().toEqualTypeOf<{
      handler: bigint;
      bytes: Uint8Array;
      grid: Uint8Array[];
      signs: number[];
      state: number;
      key: bigint;
      after: number;
      next: bigint;
      pair: { a: number; b: number };
      pointer: bigint;
      many: { a: number; b: number }[];
      owner: { val: number };
      flags: boolean[];
      far: unknown;
      words: number[];
      size?: bigint | undefined;
      unused?: bigint | undefined;
      last: number;
    }>();
  });

  it("reads what stands behind defines, typedefs and forward declarations, in every place of a macro", () => {
    type Node = { next: bigint; v: bigint };
    type Key = { pid: number; name: string };
    type Value = {
      key: Key;
      times: bigint[];
      last: bigint;
      ops: number[];
      path: bigint;
      buf: string;
      addr: { v4: number; v6: Uint8Array };
      x: number;
      node: Node;
      up: boolean;
      down: boolean;
      tail: { z: number }[];
    };
    expectTypeOf<TableOf<Indirect, "counts">>().toEqualTypeOf<Table<number, bigint>>();
    expectTypeOf<TableOf<Indirect, "by_key">>().toEqualTypeOf<Table<Key, Value>>();
    expectTypeOf<TableOf<Indirect, "by_op">>().toEqualTypeOf<Table<number, Node>>();
    expectTypeOf<TableOf<Indirect, "pointers">>().toEqualTypeOf<PerCpuTable<bigint, bigint>>();
    expectTypeOf<TableOf<Indirect, "lru">>().toEqualTypeOf<Table<Key, bigint>>();
    expectTypeOf<TableOf<Indirect, "pinned">>().toEqualTypeOf<QueueStackTable<Node>>();
    expectTypeOf<TableOf<Indirect, "orders">>().toEqualTypeOf<UserRingTable<Key>>();
    expectTypeOf<EventOf<Indirect, "events">>().toEqualTypeOf<Value>();
    expectTypeOf<EventOf<Indirect, "ring">>().toEqualTypeOf<Node>();
  });

  it("takes the declaration that is nearest to the call", () => {
    expectTypeOf<EventOf<Nearest, "first">>().toEqualTypeOf<{ one: number }>();
    expectTypeOf<EventOf<Nearest, "second">>().toEqualTypeOf<{ two: number }>();
    expectTypeOf<EventOf<Nearest, "my_second">>().toEqualTypeOf<{ one: number }>();
    expectTypeOf<EventOf<Nearest, "third">>().toEqualTypeOf<{ three: number }>();
    expectTypeOf<EventOf<Nearest, "number">>().toEqualTypeOf<bigint>();
    expectTypeOf<EventOf<Nearest, "packets">>().toEqualTypeOf<{ two: number }>();
    expectTypeOf<EventOf<Nearest, "untold">>().toEqualTypeOf<unknown>();
  });
});

const macros = `
struct leaf_t { u32 x; };
BPF_HASH(hash, u32, struct leaf_t);
BPF_PERCPU_HASH(per_hash, u32, struct leaf_t);
BPF_LRU_HASH(lru, u32, struct leaf_t, 10);
BPF_LPM_TRIE(trie, struct leaf_t);
BPF_ARRAY(array, struct leaf_t);
BPF_PERCPU_ARRAY(per_array, struct leaf_t);
BPF_PROG_ARRAY(prog, 4);
BPF_CGROUP_ARRAY(cgroups, 1);
BPF_DEVMAP(devs, 4);
BPF_DEVMAP_HASH(dev_hash, 4);
BPF_CPUMAP(cpus, 4);
BPF_XSKMAP(xsk, 4);
BPF_ARRAY_OF_MAPS(maps, "hash", 4);
BPF_HASH_OF_MAPS(hash_maps, "hash");
BPF_HASH_OF_MAPS(key_maps, u64, "hash", 10);
BPF_QUEUE(queue, struct leaf_t, 10);
BPF_STACK(stack, struct leaf_t, 10);
BPF_QUEUESTACK("queue", any_queue, struct leaf_t, 10, 0);
BPF_QUEUESTACK_PINNED("stack", pinned_queue, struct leaf_t, 10, 0, "/sys/fs/bpf/x");
BPF_BLOOM_FILTER(bloom, u32, 10);
BPF_SOCKMAP(socks, 10);
BPF_SOCKHASH(sock_hash, struct leaf_t);
BPF_SK_STORAGE(sk, struct leaf_t);
BPF_INODE_STORAGE(inode, struct leaf_t);
BPF_TASK_STORAGE(task, struct leaf_t);
BPF_CGRP_STORAGE(cgrp, struct leaf_t);
BPF_CGROUP_STORAGE(cgroup, struct leaf_t);
BPF_PERCPU_CGROUP_STORAGE(per_cgroup, struct leaf_t);
BPF_REUSEPORT_ARRAY(ports, 10);
BPF_STACK_TRACE_BUILDID(build_ids, 64);
BPF_PERF_ARRAY(perf_counts, 4);
BPF_F_TABLE("hash", u32, struct leaf_t, f_table, 10, BPF_F_NO_PREALLOC);
BPF_TABLE_PUBLIC("lru_hash", u32, struct leaf_t, public, 10);
BPF_TABLE_SHARED("hash", u32, struct leaf_t, shared, 10);
BPF_TABLE_PINNED("percpu_hash", u32, struct leaf_t, pinned, 10, "/sys/fs/bpf/y");
BPF_USER_RINGBUF(commands, 1);
BPF_USER_RINGBUF(orders, 1, struct leaf_t);
BPF_ARENA(shared_memory, 1);
` as const;
type Macros = typeof macros;

type Unusual = `
#define KEY u64
typedef u8 byte_t;
typedef enum { IDLE, BUSY } state_t;
typedef struct pair { u32 a, b; } pair_t;
typedef u32 words_t[4];
struct unusual_t   // a comment between
{
    void (*handler)(int, void *);
    byte_t bytes[6];
    u8 grid[2][6];
    s8 signs[4];
    state_t state;
    KEY key;
    enum { ON, OFF } after;
    struct unusual_t *next;
    pair_t pair, *pointer, many[2];
    kuid_t owner;
    bool flags[3];
    struct of_the_kernel far;
    words_t words;
#ifdef WITH_SIZE
    u64 size;
#else
    u64 unused;
#endif
    u32 last;
} __attribute__((packed));
BPF_PERF_OUTPUT ( events );
int f(void *ctx) {
    struct unusual_t *e = lookup();
    if (e) events.perf_submit(ctx, e, sizeof(*e));
    return 0;
}
`;

type Indirect = `
#include <uapi/linux/ptrace.h>
#define MAXN 10
#define PATH_LEN (64 + 1)
#define KEY struct key_t
enum op { IN, OUT = 5, };
typedef enum op op_t;
typedef struct node node_t;
struct node { node_t *next; u64 v; };
typedef unsigned long long ns_t;
struct key_t {
    u32 pid; /* of whom, and when */
    char name[MAXN];
};
typedef struct {
    struct key_t key;
    ns_t times[MAXN], last;
    op_t ops[2];
    const char *path;
    char buf[PATH_LEN];
    union { u32 v4; u8 v6[16]; } addr;
    struct { u32 x; } __attribute__((packed));
    node_t node;
    bool up, down;
    struct list { u32 z; } tail[3];
} val_t;
BPF_HASH(counts,
         u32,
         u64); // one, two
BPF_HASH(by_key, KEY, val_t, MAXN);
BPF_HASH(by_op, op_t, struct node);
BPF_PERCPU_HASH(pointers, u64, val_t *);
BPF_LRU_HASH(lru, KEY, ns_t, 100);
BPF_QUEUESTACK_PINNED("stack", pinned, node_t, MAXN, 0, "/sys/fs/bpf/x");
BPF_USER_RINGBUF(orders, 1, KEY);
BPF_PERF_OUTPUT(events);
BPF_RINGBUF_OUTPUT(ring, 8);
int f(struct pt_regs *ctx) {
    val_t v = {};
    val_t *p = &v;
    events.perf_submit(ctx, p, sizeof(*p));
    struct node *n;
    n = ring.ringbuf_reserve(sizeof(struct node));
    if (!n) return 0;
    ring.ringbuf_submit(n, 0);
    return 0;
}
`;

type Nearest = `
struct one_t { u32 one; };
struct two_t { u32 two; };
static struct three_t { u32 three; } unused;
BPF_PERF_OUTPUT(first);
BPF_PERF_OUTPUT(my_second);
BPF_PERF_OUTPUT(second);
BPF_PERF_OUTPUT(third);
BPF_PERF_OUTPUT(number);
BPF_PERF_OUTPUT(packets);
BPF_RINGBUF_OUTPUT(untold, 8);
int f(void *ctx) {
    struct one_t data = {};
    first.perf_submit(ctx, &data, sizeof(data));
    my_second.perf_submit(ctx, &data, sizeof(data));
    return 0;
}
int g(void *ctx) {
#ifdef NEVER
    if (ctx) {
#endif // NEVER
    struct two_t data_before = {}, other;
#ifdef NEVER
#endif
    struct two_t data = {};
    data.two = 1;
    second.perf_submit(ctx, (void *)&data, sizeof(data));
    return 0;
}
static void send(void *ctx, struct three_t *data)
{
    u64 plain = 1;
    third.perf_submit(ctx, data, sizeof(*data));
    number.perf_submit(ctx, &plain, sizeof(plain));
}
int h(struct __sk_buff *skb) {
    struct two_t meta = {};
    packets.perf_submit_skb(skb, skb->len, &meta, sizeof(meta));
    untold.ringbuf_output(&(*elsewhere), sizeof(*elsewhere), 0);
    return 0;
}
`;

describe("what iterators write", () => {
  const iterators = `
struct task_row { u32 pid; u64 start; char comm[16]; };
typedef struct { u8 a; } small;
static void put(struct seq_file *seq) { u64 x = 1; bpf_seq_write(seq, &x, sizeof(x)); }
BPF_ITER(task) {
    struct task_row row = { .pid = 1 };
    bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
    return 0;
}
SEC("iter/tcp")
int dump_tcp(struct bpf_iter__tcp *ctx) {
    small row = {};
    bpf_seq_write(ctx->meta->seq, &row, sizeof row);
    return 0;
}
SEC("iter/udp")
int BPF_PROG(dump_udp, struct bpf_iter_meta *meta) {
    struct task_row *row = find();
    bpf_seq_write(meta->seq, row, sizeof(*row));
    return 0;
}
SEC("iter/task")
int by_helper(struct bpf_iter__task *ctx) {
    put(ctx->meta->seq);
    return 0;
}
`;
  type Iterators = typeof iterators;
  interface Row {
    pid: number;
    start: bigint;
    comm: string;
  }

  it("is known by the function", () => {
    expectTypeOf<RecordOf<Iterators, "bpf_iter__task">>().toEqualTypeOf<Row>();
    expectTypeOf<RecordOf<Iterators, "dump_tcp">>().toEqualTypeOf<{ a: number }>();
    expectTypeOf<RecordOf<Iterators, "dump_udp">>().toEqualTypeOf<Row>();
  });

  it("is text where nothing writes records, and unknown where it cannot be told", () => {
    expectTypeOf<RecordOf<'SEC("iter/task") int f(void *ctx) { return 0; }', "f">>().toEqualTypeOf<string>();
    expectTypeOf<RecordOf<Iterators, "by_helper">>().toEqualTypeOf<unknown>();
    expectTypeOf<RecordOf<string, "f">>().toEqualTypeOf<unknown>();
  });

  it("is what a loop over it goes through", () => {
    const read = (b: BPF<unknown, { readonly fn_name: "dump_tcp"; readonly text: Iterators }>): { a: number }[] => [
      ...b.read_iter("dump_tcp"),
    ];
    expect(read).toBeTypeOf("function");
  });
});

describe("what system call programs take", () => {
  type Text = `
struct arguments { u32 key; u64 value; };
static int helper(struct arguments *ctx) { return 0; }
SEC("syscall")
int set_limit(struct arguments *ctx) { return helper(ctx); }
SEC("syscall")
int plain(void *ctx) { return 0; }
`;

  it("is the type of the parameter", () => {
    expectTypeOf<ContextOf<Text, "set_limit">>().toEqualTypeOf<{ key: number; value: bigint }>();
    expectTypeOf<ContextOf<Text, "plain">>().toEqualTypeOf<unknown>();
    expectTypeOf<ContextOf<string, "plain">>().toEqualTypeOf<unknown>();
  });
});
