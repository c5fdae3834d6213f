import { describe, expect, it } from "vitest";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";

const folder = makeFolder();

/** A shell that changes its directory 100 times, each a system call of its own and of its own pid. */
const command = "i=0; while [ $i -lt 50 ]; do cd /; cd /tmp; i=$((i+1)); done";

/** Runs C that sees each of those calls in `on_call`, and TypeScript when they are over. */
async function runCounted(
  name: string,
  maps: string,
  onCall: string,
  before: string,
  after: string,
): Promise<CliResult> {
  const script = writeScript(
    folder,
    `${name}.ts`,
    `import { BPF, Interrupt, command, print, printf, sleep } from "bpfts";
void printf;
const b = new BPF({ text: \`
struct event_t { u64 ts; u32 pid; u32 seq; char comm[TASK_COMM_LEN]; };
struct key_t { u32 pid; u32 slot; };
BPF_ARRAY(seq, u32, 1);
${maps}
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    if (pid != ONLY_PID) return 0;
    int zero = 0;
    u32 *count = seq.lookup(&zero);
    if (!count) return 0;
    u32 n = (*count)++;
    ${onCall}
    return 0;
}
\`, cflags: [\`-DONLY_PID=\${command!.root_pid}\`] });
const pid = command!.root_pid;
const json = (value: unknown) => print(JSON.stringify(value, (_, item) => (typeof item === "bigint" ? \`\${item}n\` : item)));
${before}
try { for (;;) WAIT; } catch (error) { if (!(error instanceof Interrupt)) throw error; }
${after}
`.replace(
      "WAIT",
      before.includes("perf_buffer")
        ? "b.perf_buffer_poll()"
        : before.includes("open_ring") || before.includes(".printf(")
          ? "b.ring_buffer_poll()"
          : "sleep(1)",
    ),
  );
  return runCli(["run", "-c", command, script]);
}

/** What the script printed as JSON, one value a line. */
function readJson(result: CliResult): unknown[] {
  expect(result).toMatchObject({ status: 0, stderr: "" });
  return result.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

describe("tables on this kernel", () => {
  it("histograms come out in BCC's layout, and by the same call as JSON", async () => {
    const result = await runCounted(
      "layout",
      `BPF_HISTOGRAM(dist); BPF_HISTOGRAM(linear);`,
      `dist.increment(bpf_log2l(n)); linear.increment(n % 3);`,
      "",
      `b.get_table("dist").print_log2_hist("n"); b.get_table("linear").print_linear_hist("rest");
       (await import("bpfts")).json_output();
       b.get_table("dist").print_log2_hist("n"); b.get_table("linear").print_linear_hist("rest");`,
    );
    expect(result.stderr).toBe("");
    const lines = result.stdout.trimEnd().split("\n");
    expect(lines.slice(0, 12)).toEqual([
      "     n                   : count     distribution",
      "         0 -> 1          : 2        |**                                      |",
      "         2 -> 3          : 2        |**                                      |",
      "         4 -> 7          : 4        |****                                    |",
      "         8 -> 15         : 8        |********                                |",
      "        16 -> 31         : 16       |*****************                       |",
      "        32 -> 63         : 32       |***********************************     |",
      "        64 -> 127        : 36       |****************************************|",
      "     rest          : count     distribution",
      "        0          : 34       |****************************************|",
      "        1          : 33       |**************************************  |",
      "        2          : 33       |**************************************  |",
    ]);
    const [log, linear] = lines.slice(12).map((line) => JSON.parse(line) as { val_type: string; data: object[] });
    expect(log).toMatchObject({ val_type: "n" });
    expect(log!.data.slice(0, 2)).toEqual([
      { "interval-start": 0, "interval-end": 1, count: 2 },
      { "interval-start": 2, "interval-end": 3, count: 2 },
    ]);
    expect(linear!.data).toEqual(
      [34, 33, 33].map((count, slot) => ({ "interval-start": slot, "interval-end": slot, count })),
    );
  });

  it("hash, LRU and histogram count what happened", async () => {
    const result = await runCounted(
      "hash",
      `BPF_HASH(counts, u32, u64); BPF_TABLE("lru_hash", struct key_t, u32, lru, 64); BPF_HISTOGRAM(dist); BPF_HISTOGRAM(by_key, struct key_t);`,
      `counts.increment(pid);
       struct key_t key = { .pid = pid, .slot = n % 4 };
       lru.update(&key, &n);
       dist.increment(bpf_log2l(n));
       by_key.increment(key);`,
      "",
      `json([...b.get_table("counts")].filter(([key]) => key === pid).map(([, count]) => count));
       json([...b.get_table("lru")].map(([key, n]) => [key.pid === pid, key.slot, n]).sort((x, y) => Number(x[2]) - Number(y[2])));
       json([...b.get_table("dist").values()].slice(0, 9));
       json([...b.get_table("by_key").values()]);
       b.get_table("dist").print_json_hist("n");`,
    );
    expect(readJson(result)).toEqual([
      ["100n"],
      [
        [true, 0, 96],
        [true, 1, 97],
        [true, 2, 98],
        [true, 3, 99],
      ],
      ["0n", "2n", "2n", "4n", "8n", "16n", "32n", "36n", "0n"],
      ["25n", "25n", "25n", "25n"],
      expect.objectContaining({ val_type: "n" }),
    ]);
  });

  it("histograms have a slot for every number of 64 bits", async () => {
    const script = writeScript(
      folder,
      "slots.ts",
      `import { BPF, print } from "bpfts";
using b = new BPF({ text: \`BPF_HISTOGRAM(dist);
SEC("syscall") int fill(void *ctx) { u64 below = -5LL; dist.atomic_increment(bpf_log2l(below)); dist.increment(bpf_log2l(1ULL << 63)); dist.increment(bpf_log2l(0)); return 0; }\` });
b.prog_run("fill");
print([...b.tables.dist.entries()].filter(([, count]) => count > 0n).map(([slot, count]) => \`\${slot}:\${count}\`).join(" "));
`,
    );
    expect(await runCli(["run", script])).toMatchObject({ status: 0, stderr: "", stdout: "1:1 64:2\n" });
  });

  it("per-CPU tables hold a value for each CPU, whose sum is exact", async () => {
    const result = await runCounted(
      "percpu",
      `BPF_PERCPU_ARRAY(each, u64, 2); BPF_PERCPU_HASH(narrow, u32, u32);`,
      `u64 *value = each.lookup(&zero); if (value) (*value)++;
       u32 one = 1; u32 *narrowed = narrow.lookup_or_try_init(&pid, &one); if (narrowed) (*narrowed)++;`,
      "",
      `const each = b.get_table("each");
       json([each.sum(0), each.max(0) <= 100n, each.average(0) * each.get(0)!.length, each.sum(1)]);
       const narrow = b.get_table("narrow");
       json([narrow.size, narrow.sum(pid) >= 101]);
       each.set(1, each.get(1)!.map((_, cpu) => BigInt(cpu)));
       json(each.get(1)!.every((value, cpu) => value === BigInt(cpu)));
       each.clear();
       json(each.sum(0));`,
    );
    expect(readJson(result)).toEqual([["100n", true, 100, "0n"], [1, true], true, "0n"]);
  });

  it("queues, stacks and tries hand over what was put in", async () => {
    const result = await runCounted(
      "queue",
      `BPF_QUEUE(queue, u32, 8); BPF_STACK(stack, u32, 8); struct prefix_t { u32 bits; u32 address; }; BPF_LPM_TRIE(trie, struct prefix_t, u32, 16);`,
      `if (n < 3) { queue.push(&n, 0); stack.push(&n, 0); }
       struct prefix_t prefix = { .bits = 32, .address = 0x0100000a }; u32 *found = trie.lookup(&prefix); if (found) (*found)++;`,
      `b.get_table("trie").set({ bits: 8, address: 0x0000000a }, 0);`,
      `json([...b.get_table("queue").values()]);
       json([b.get_table("stack").peek(), ...b.get_table("stack").values()]);
       json([...b.get_table("trie")]);
       const queue = b.get_table("queue");
       for (let i = 0; i < 8; i++) queue.push(i);
       try { queue.push(9); } catch (error) { json((error as Error).message); }
       queue.push(9, 2);
       json(queue.pop());`,
    );
    expect(readJson(result)).toEqual([
      [0, 1, 2],
      [2, 2, 1, 0],
      [[{ bits: 8, address: 10 }, 100]],
      'Cannot write to "queue": it is full, it holds 8 entries',
      1,
    ]);
  });

  it.each([
    ["BCC's macro", "BPF_STACK_TRACE(stacks, 64);", "stacks.get_stackid(ctx, 0)"],
    [
      "libbpf's declaration",
      'struct { __uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(max_entries, 64); __uint(key_size, 4); __uint(value_size, 127 * sizeof(u64)); } stacks SEC(".maps");',
      "bpf_get_stackid(ctx, &stacks, 0)",
    ],
  ])("stack traces walk to functions that the kernel has: %s", async (_, map, getStack) => {
    // The tracepoint of one system call knows the user's registers alone on older kernels, and from them leads no way to the kernel's stack.
    const onEnter = `RAW_TRACEPOINT_PROBE(sys_enter) {
    if (bpf_get_current_pid_tgid() >> 32 != ONLY_PID || ctx->args[1] != ${process.arch === "arm64" ? 49 : 80}) return 0;
    int id = ${getStack};
    ids.increment(id);
    return 0;
}`;
    const result = await runCounted(
      "stacks",
      `${map} BPF_HASH(ids, int, u64);\n${onEnter}`,
      "",
      "",
      `for (const [id] of b.get_table("ids")) json([id >= 0, b.get_table("stacks").walk(id, (address) => BPF.ksym(address)).some((name) => name.includes("syscall"))]);
       try { b.get_table("stacks").walk(63 ^ [...b.get_table("ids").keys()][0]!); } catch (error) { json((error as Error).message.includes("there is no such stack")); }`,
    );
    expect(readJson(result)).toEqual([[true, true], true]);
  });

  it.each([
    ["perf buffer", "BPF_PERF_OUTPUT(events);", "events.perf_submit(args, &event, sizeof(event));", "open_perf_buffer"],
    [
      "ring buffer",
      "BPF_RINGBUF_OUTPUT(events, 16);",
      "events.ringbuf_output(&event, sizeof(event), 0);",
      "open_ring_buffer",
    ],
  ])("a %s delivers every event once, in order and whole", async (name, map, submit, open) => {
    const result = await runCounted(
      name.replace(" ", "-"),
      map,
      `struct event_t event = { .ts = bpf_ktime_get_ns(), .pid = pid, .seq = n }; bpf_get_current_comm(&event.comm, sizeof(event.comm)); ${submit}`,
      `const seen: [number, string, number, bigint][] = []; b.get_table("events").${open}((e) => seen.push([e.seq, e.comm, e.pid, e.ts]));`,
      `seen.sort((x, y) => x[0] - y[0]);
       json([seen.length, seen.every(([seq], index) => seq === index), seen.every(([, comm, of]) => comm === "sh" && of === pid), seen.every(([, , , ts], index) => index === 0 || ts > seen[index - 1]![3])]);`,
    );
    expect(readJson(result)).toEqual([[100, true, true, true]]);
  });

  it("rows are written by the host exactly as a callback would write them", async () => {
    const submit = `struct event_t event = { .pid = pid, .seq = n }; bpf_get_current_comm(&event.comm, sizeof(event.comm)); events.ringbuf_output(&event, sizeof(event), 0);`;
    const own = await runCounted(
      "rows",
      "BPF_RINGBUF_OUTPUT(events, 16);",
      submit,
      `b.get_table("events").printf("%-4d|%8s|\\n", "seq", "comm");`,
      "",
    );
    const called = await runCounted(
      "calls",
      "BPF_RINGBUF_OUTPUT(events, 16);",
      submit,
      `b.get_table("events").open_ring_buffer((e) => printf("%-4d|%8s|\\n", e.seq, e.comm));`,
      "",
    );
    expect(own).toMatchObject({ status: 0, stderr: "" });
    expect(own.stdout.split("\n")).toHaveLength(101);
    expect(own.stdout).toBe(called.stdout);
  });
});

describe("a million entries", () => {
  it("are written, read and summed in batches", async () => {
    const script = writeScript(
      folder,
      "million.ts",
      `import { BPF, print } from "bpfts";
const b = new BPF({ text: \`BPF_HASH(big, u32, u64, 1048576);\` });
const big = b.get_table("big");
for (let base = 0; base < 1000000; base += 100000) {
  const keys = Array.from({ length: 100000 }, (_, index) => base + index);
  big.items_update_batch(keys, keys.map(BigInt));
}
let sum = 0n;
let count = 0;
for (const value of big.values()) { sum += value; count++; }
print(count, sum, big.items_delete_batch(), big.size);
`,
    );
    expect(await runCli(["run", script])).toMatchObject({
      status: 0,
      stderr: "",
      stdout: "1000000 499999500000 1000000 0\n",
    });
  }, 240_000);
});
