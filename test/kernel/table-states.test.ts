import { describe, expect, it } from "vitest";
import { makeJsonScript, onlyCommand, readJson } from "../support/json-script.ts";
import { makeFolder, runCli } from "../support/run-cli.ts";

const folder = makeFolder();

const tables = `BPF_HASH(hash, u32, u64, 512);
BPF_PERCPU_ARRAY(each, u64, 2);
BPF_QUEUE(queue, u32, 8);
BPF_STACK_TRACE(stacks, 16);
BPF_PROG_ARRAY(jumps, 4);
BPF_SK_STORAGE(storage, u64);
BPF_PERF_OUTPUT(events);
BPF_RINGBUF_OUTPUT(ring, 1);`;

/** Every call of each class, with arguments that are right while the program is open. */
const calls = `
const { hash, each, queue, stacks, jumps, storage, events, ring } = Object.fromEntries(b.table_names.map((name) => [name, b.table<any, any>(name as never)])) as Record<string, any>;
const drain = (items: Iterable<unknown>) => [...items].length;
const cpus = Array.from({ length: bpfts.possible_cpus }, () => 1n);
const reference = { pid: 1, fd: 0 };
const calls: Record<string, () => unknown> = {
  "hash.get": () => hash.get(1), "hash.set": () => hash.set(1, 1n), "hash.has": () => hash.has(1), "hash.delete": () => hash.delete(1), "hash.size": () => hash.size, "hash.clear": () => hash.clear(), "hash.zero": () => hash.zero(),
  "hash.keys": () => drain(hash.keys()), "hash.values": () => drain(hash.values()), "hash.entries": () => drain(hash.entries()), "hash iterated": () => drain(hash), "hash.forEach": () => hash.forEach(() => undefined),
  "hash.items_lookup_batch": () => drain(hash.items_lookup_batch()), "hash.items_lookup_and_delete_batch": () => drain(hash.items_lookup_and_delete_batch()), "hash.items_update_batch": () => hash.items_update_batch([1], [1n]),
  "hash.items_delete_batch": () => hash.items_delete_batch([1]), "hash.items_delete_batch of all": () => hash.items_delete_batch(), "hash.print_log2_hist": () => hash.print_log2_hist(), "hash.print_linear_hist": () => hash.print_linear_hist(),
  "hash.print_json_hist": () => hash.print_json_hist(),
  "each.get": () => each.get(0), "each.set": () => each.set(0, cpus), "each.sum": () => each.sum(0), "each.average": () => each.average(0), "each.min": () => each.min(0), "each.max": () => each.max(0),
  "queue.push": () => queue.push(1), "queue.pop": () => queue.pop(), "queue.peek": () => queue.peek(), "queue.values": () => drain(queue.values()), "queue iterated": () => drain(queue),
  "stacks.get": () => stacks.get(1), "stacks.clear": () => stacks.clear(),
  "jumps.set": () => jumps.set(0, jump), "jumps.get": () => jumps.get(0), "jumps.has": () => jumps.has(0), "jumps.delete": () => jumps.delete(0), "jumps.clear": () => jumps.clear(), "jumps.size": () => jumps.size, "jumps.keys": () => drain(jumps.keys()),
  "jumps.entries": () => drain(jumps.entries()), "jumps iterated": () => drain(jumps),
};
const closedCalls: Record<string, () => unknown> = {
  "stacks.walk": () => stacks.walk(1), "storage.get": () => storage.get(reference), "storage.set": () => storage.set(reference, 1n), "storage.has": () => storage.has(reference), "storage.delete": () => storage.delete(reference),
  "events.open_perf_buffer": () => events.open_perf_buffer(() => undefined), "events.open_perf_event": () => events.open_perf_event(1, 0), "events.subscribe": () => events.subscribe(() => undefined), "events.printf": () => events.printf("%d", "n"),
  "ring.open_ring_buffer": () => ring.open_ring_buffer(() => undefined),
  "b.get_table": () => b.get_table("hash"), "b.table": () => b.table<any, any>("hash"), "b.events": () => b.events("events"), "b.load_func": () => b.load_func("jump", BPF.TRACEPOINT), "b.perf_buffer_poll": () => b.perf_buffer_poll(0),
  "b.perf_buffer_consume": () => b.perf_buffer_consume(), "b.ring_buffer_poll": () => b.ring_buffer_poll(0), "b.ring_buffer_consume": () => b.ring_buffer_consume(), "b.trace_print": () => b.trace_print(), "b.trace_fields": () => b.trace_fields(),
  "b.trace_readline": () => b.trace_readline(), "b.attach_tracepoint": () => b.attach_tracepoint({ tp: "syscalls:sys_enter_chdir", fn_name: "jump" }), "b.detach_tracepoint": () => b.detach_tracepoint({ tp: "syscalls:sys_enter_chdir" }),
  "b.attach_func": () => b.attach_func({ fn_name: "jump", attach_type: 0, cgroup: "/" }),
};
const jump = b.load_func("jump", BPF.TRACEPOINT);
const codes = (list: Record<string, () => unknown>) => Object.entries(list).map(([name, run]) => { try { run(); return [name, ""]; } catch (error) { return [name, (error as { code?: string }).code ?? String(error)]; } });
void [closedCalls, codes];
`;
const program = `${tables}
int jump(void *ctx) { return 0; }
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    ${onlyCommand}
    struct { u64 n; } event = { bpf_ktime_get_ns() };
    events.perf_submit(args, &event, sizeof(event));
    ring.ringbuf_output(&event, sizeof(event), 0);
    u32 key = event.n; u64 one = 1;
    hash.update(&key, &one);
    return 0;
}`;
const command = "for i in 1 2 3 4 5 6 7 8; do cd /; done";

describe("every call of every table", () => {
  it("works while the program is open, and answers that it is closed afterwards, twice", async () => {
    const rows = readJson(
      await runCli([
        "run",
        makeJsonScript(
          folder,
          "closed",
          program,
          `${calls}
json(codes(calls));
const opened = Object.keys(calls).length + Object.keys(closedCalls).length;
b.close();
b.close();
b.cleanup();
const after = codes({ ...calls, ...closedCalls });
json(after.filter(([, code]) => code !== "BPFTS_CLOSED"));
json(after.length === opened);
json([events.lost, events.close_buffer() ?? null, events.close_perf_event() ?? null, hash.name, hash.max_entries, b.num_open_tracepoints(), b.table_names.length]);`,
        ),
      ]),
    );
    expect((rows[0] as string[][]).filter(([, code]) => code !== "")).toEqual([]);
    expect(rows.slice(1)).toEqual([[], true, [0, null, null, "hash", 512, 0, 8]]);
  });

  it.each([
    ["perf", "events", "open_perf_buffer", "perf_buffer_poll"],
    ["ring", "ring", "open_ring_buffer", "ring_buffer_poll"],
  ])("works inside the callback of a %s buffer, where more events wait", async (name, table, open, poll) => {
    const rows = readJson(
      await runCli([
        "run",
        "-c",
        command,
        makeJsonScript(
          folder,
          `inside-${name}`,
          program,
          `${calls}
let seen = 0;
const failed = new Set<string>();
${table}.${open}(() => { seen++; for (const [call, code] of codes(calls)) if (code !== "") failed.add(\`\${call}: \${code}\`); });
try { for (;;) b.${poll}(); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
json([seen, [...failed]]);`,
        ),
      ]),
    );
    expect(rows.at(-1)).toEqual([8, []]);
  });

  it("is closed by its own callback: no event comes after that, and the loop hears of it", async () => {
    const rows = readJson(
      await runCli([
        "run",
        "-c",
        command,
        makeJsonScript(
          folder,
          "close-inside",
          program,
          `${calls}
let seen = 0;
events.open_perf_buffer(() => { seen++; b.close(); });
let code = "";
try { for (;;) b.perf_buffer_poll(); } catch (error) { code = (error as { code?: string }).code ?? String(error); }
json([seen, code, codes(calls).every(([, code]) => code === "BPFTS_CLOSED")]);`,
        ),
      ]),
    );
    expect(rows.at(-1)).toEqual([1, "BPFTS_CLOSED", true]);
  });
});

describe("a table that is printed", () => {
  it("shows what is in it, and its name where that cannot be told", async () => {
    const result = await runCli([
      "run",
      makeJsonScript(
        folder,
        "printed",
        `BPF_HASH(hash, u32, struct { u64 a; char b[4]; }); BPF_PERCPU_ARRAY(each, u32, 1); BPF_QUEUE(queue, u32, 2); BPF_CGROUP_ARRAY(groups, 1); BPF_PERF_OUTPUT(events);`,
        `
b.get_table("queue").push(7);
b.table<number, { a: bigint; b: string }>("hash").set(1, { a: 2n, b: "x" });
for (const name of b.table_names) print(b.table<unknown, unknown>(name));
print([b.get_table("hash")], b.get_table("queue").pop());
b.close();
console.log(b.table_names.length);`,
      ),
    ]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const cpus = Number(/\[([^\]]*)\]/.exec(result.stdout)![1]!.split(",").length);
    expect(result.stdout.split("\n")).toEqual([
      'Table "hash" {1 => { a: 2, b: "x" }}',
      `Table "each" {0 => [${Array.from({ length: cpus }, () => 0).join(", ")}]}`,
      'Table "queue"',
      'Table "groups"',
      'Table "events"',
      '[Table "hash" {1 => { a: 2, b: "x" }}] 7',
      "5",
      "",
    ]);
  });
});

describe("a table that changes while it is iterated", () => {
  it("is seen as it was, whatever the loop deletes or adds", async () => {
    const rows = readJson(
      await runCli([
        "run",
        makeJsonScript(
          folder,
          "iterated",
          "BPF_HASH(hash, u32, u64, 1024); BPF_LPM_TRIE(trie, u64, u32, 16);",
          `
const hash = b.get_table("hash");
for (let i = 0; i < 100; i++) hash.set(i, BigInt(i));
let seen = 0, right = 0;
for (const [key, value] of hash) { seen++; if (value === BigInt(key)) right++; hash.delete(key); hash.delete((key + 1) % 100); hash.set(500 + key, 1n); }
json([seen, right, hash.size, [...hash.keys()].every((key) => key >= 500)]);
for (const key of hash.keys()) { hash.clear(); hash.set(key, 7n); }
json(hash.size);
hash.forEach((_, key, table) => { table.delete(key); });
json(hash.size);`,
        ),
      ]),
    );
    expect(rows).toEqual([[100, 100, 100, true], 1, 0]);
  });

  it("loses nothing that the kernel adds while the script takes entries out", async () => {
    const adder =
      "exec python3 -c 'import ctypes\nlibc = ctypes.CDLL(None)\nempty = ctypes.c_char_p(b\"\")\nfor _ in range(20000): libc.chdir(empty)'";
    const rows = readJson(
      await runCli([
        "run",
        "-c",
        adder,
        makeJsonScript(
          folder,
          "taken",
          `BPF_HASH(counts, u32, u64, 64); BPF_ARRAY(made, u64, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    ${onlyCommand}
    int zero = 0; u64 *n = made.lookup(&zero); if (!n) return 0;
    u32 key = (*n)++ % 16; u64 init = 0, *count = counts.lookup_or_try_init(&key, &init);
    if (count) __sync_fetch_and_add(count, 1);
    return 0;
}`,
          `
let sum = 0n, rounds = 0;
const take = () => { for (const [, count] of b.get_table("counts").items_lookup_and_delete_batch()) sum += count; rounds++; };
try { for (;;) { take(); sleep(0.001); } } catch (error) { if (!(error instanceof Interrupt)) throw error; }
take();
json([rounds > 1, Number(b.get_table("made").get(0)) - Number(sum)]);`,
        ),
      ]),
    );
    const [many, missed] = rows[0] as [boolean, number];
    expect(many).toBe(true);
    // A program that holds an entry while it is taken out adds to what is gone already: one at most for each time.
    expect(Math.abs(missed)).toBeLessThan(200);
  });
});
