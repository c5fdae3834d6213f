import { describe, expectTypeOf, it } from "vitest";
import { BPF } from "../../../sdk/bpf.ts";
import type { EventOf, TableName, TableOf } from "../../../sdk/table-types.ts";
import type { EventTable } from "../../../sdk/table-ring.ts";
import type { PerCpuTable } from "../../../sdk/table-percpu.ts";
import type { QueueStackTable } from "../../../sdk/table-queue.ts";
import type { StackTraceTable } from "../../../sdk/table-stack-trace.ts";
import type { Table } from "../../../sdk/table.ts";

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
      "counts" | "start" | "plain" | "totals" | "each_cpu" | "dist" | "by_key" | "stacks" | "events" | "ring" | "queue" | "lru"
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
      expectTypeOf(b.get_table<number, bigint>("counts").get).returns.toEqualTypeOf<bigint | undefined>();
      expectTypeOf(b.get_table("counts").get).returns.toEqualTypeOf<unknown>();
      b.get_table<never, { pid: number }>("events").open_perf_buffer((event) => expectTypeOf(event).toEqualTypeOf<{ pid: number }>());
    };
    expectTypeOf(use).returns.toBeVoid();
  });
});
