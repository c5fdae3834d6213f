import { availableParallelism } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeJsonScript, readJson } from "../support/json-script.ts";
import { makeFolder, root, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const turns = 300;
const command = `python3 ${join(root, "test/kernel/programs/ping_pong.py")} ${turns}`;

/** Numbers the calls of the command and of its child in their true order: each call wakes the next. */
const text = `struct event_t { u32 seq; u32 cpu; char pad[8]; };
BPF_ARRAY(seq, u32, 1);
BPF_PERF_OUTPUT(events);
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    if (pid != ONLY_PID && task->real_parent->tgid != ONLY_PID) return 0;
    // Python changes its directory on occasions of its own.
    char first = 1; bpf_probe_read_user(&first, 1, args->filename); if (first) return 0;
    int zero = 0; u32 *n = seq.lookup(&zero); if (!n) return 0;
    struct event_t event = { .seq = (*n)++, .cpu = bpf_get_smp_processor_id() };
    events.perf_submit(args, &event, sizeof(event));
    return 0;
}`;

const report = `json([seen.length, seen.every((seq, index) => index === 0 || seq > seen[index - 1]!), [...seen].sort((x, y) => x - y).every((seq, index) => seq === index), cpus.size]);`;
/** So that each batch has events of both. */
const pollRarely = `for (;;) { b.perf_buffer_poll(50); const until = Date.now() + 20; while (Date.now() < until); }`;

describe("events of several CPUs", () => {
  it.each([
    [
      "a callback",
      `const seen: number[] = []; const cpus = new Set<number>();
      b.get_table("events").open_perf_buffer((event, cpu) => { seen.push(event.seq); cpus.add(cpu); if (cpu !== event.cpu) throw new Error("wrong CPU"); }, { by_time: true });
      try { ${pollRarely} } catch (error) { if (!(error instanceof Interrupt)) throw error; }`,
    ],
    [
      "an iterator",
      `const seen: number[] = []; const cpus = new Set<number>();
      try { for (const event of b.events("events", { by_time: true })) { seen.push(event.seq); cpus.add(event.cpu); } } catch (error) { if (!(error instanceof Interrupt)) throw error; }`,
    ],
    [
      "an async iterator",
      `const seen: number[] = []; const cpus = new Set<number>();
      try { for await (const event of b.events("events", { by_time: true })) { seen.push(event.seq); cpus.add(event.cpu); } } catch (error) { if (!(error instanceof Interrupt)) throw error; }`,
    ],
  ])("come to %s in the order of their times when that is asked for, and none is lost", async (name, lines) => {
    const rows = readJson(
      await runCli([
        "run",
        "-c",
        command,
        makeJsonScript(folder, name.replaceAll(" ", "-"), text, `${lines}\n${report}`),
      ]),
    );
    expect(rows).toEqual([[2 * turns, true, true, Math.min(2, availableParallelism())]]);
  });

  it("come in the order of each CPU alone when it is not", async () => {
    const rows = readJson(
      await runCli([
        "run",
        "-c",
        command,
        makeJsonScript(
          folder,
          "plain",
          text,
          `const seen: number[] = []; const cpus = new Set<number>(); const last = new Map<number, number>(); let fell = 0;
      b.get_table("events").open_perf_buffer((event, cpu) => { if ((last.get(cpu) ?? -1) > event.seq) fell++; last.set(cpu, event.seq); seen.push(event.seq); cpus.add(cpu); });
      try { ${pollRarely} } catch (error) { if (!(error instanceof Interrupt)) throw error; }
      ${report} json(fell);`,
        ),
      ]),
    );
    // What one small batch brings is in order all the same.
    const isOrdered: unknown = expect.any(Boolean);
    expect(rows).toEqual([[2 * turns, isOrdered, true, Math.min(2, availableParallelism())], 0]);
  });
});

describe("overload", () => {
  const emitter =
    "exec python3 -c 'import ctypes\nlibc = ctypes.CDLL(None)\nempty = ctypes.c_char_p(b\"\")\nfor _ in range(20000): libc.chdir(empty)'";
  const c = (map: string, submit: string): string => `struct event_t { u64 n; char pad[56]; };
BPF_ARRAY(emitted, u64, 1);
${map}
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    if (bpf_get_current_pid_tgid() >> 32 != ONLY_PID) return 0;
    char first = 1; bpf_probe_read_user(&first, 1, args->filename); if (first) return 0;
    int zero = 0; u64 *n = emitted.lookup(&zero); if (!n) return 0;
    u64 value = (*n)++;
    ${submit}
    return 0;
}`;
  const output = "struct event_t event = { .n = value }; ";

  it.each([
    [
      "perf",
      "BPF_PERF_OUTPUT(events);",
      `${output}events.perf_submit(args, &event, sizeof(event));`,
      "open_perf_buffer(each, { page_cnt: 1, lost_cb: (n) => { told += n; } })",
      "perf_buffer_poll",
    ],
    [
      "perf by time",
      "BPF_PERF_OUTPUT(events);",
      `${output}events.perf_submit(args, &event, sizeof(event));`,
      "open_perf_buffer(each, { page_cnt: 1, by_time: true, lost_cb: (n) => { told += n; } })",
      "perf_buffer_poll",
    ],
    [
      "ring output",
      "BPF_RINGBUF_OUTPUT(events, 1);",
      `${output}events.ringbuf_output(&event, sizeof(event), 0);`,
      "open_ring_buffer(each)",
      "ring_buffer_poll",
    ],
    [
      "ring reserve",
      "BPF_RINGBUF_OUTPUT(events, 1);",
      `struct event_t *event = events.ringbuf_reserve(sizeof(struct event_t)); if (!event) return 0; event->n = value; events.ringbuf_submit(event, 0);`,
      "open_ring_buffer(each)",
      "ring_buffer_poll",
    ],
  ])(
    "of a small %s buffer: what was emitted is what was delivered and what was lost",
    async (name, map, submit, open, poll) => {
      const lines = `let delivered = 0, told = 0, fell = 0, last = -1n;
const events = b.get_table("events");
const each = (event: { n: bigint }) => { delivered++; if (event.n <= last) fell++; last = event.n; };
events.${open};
const count = () => Number(b.get_table("emitted").get(0));
// Between two polls more is emitted than the buffer holds.
try { for (;;) { b.${poll}(); const goal = count() + 500, until = Date.now() + 1000; while (count() < goal && Date.now() < until); } } catch (error) { if (!(error instanceof Interrupt)) throw error; }
const lost = events.lost;
json([count(), delivered + lost, lost, told, fell]);`;
      const result = await runCli([
        "run",
        "-c",
        emitter,
        makeJsonScript(folder, name.replaceAll(" ", "-"), c(map, submit), lines),
      ]);
      const [emitted, sum, lost, told, fell] = JSON.parse(result.stdout) as number[];
      expect([emitted, sum]).toEqual([20000, 20000]);
      expect(lost).toBeGreaterThan(0);
      if (name.startsWith("perf")) expect(told).toBe(lost);
      expect(result.stderr).toContain(`Lost ${lost} events of "events"`);
      // The command may move between CPUs, whose buffers are read one after the other.
      if (name !== "perf") expect(fell).toBe(0);
    },
  );
});

describe("poll_events", () => {
  it("stops at once where no buffer is open, which could never end it", async () => {
    const script = writeScript(folder, "nothing.ts", 'import { poll_events } from "bpfts";\npoll_events();\n');
    const { status, stderr } = await runCli(["run", script]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/no buffer is open\n {2}--> .*nothing\.ts:2:1\n[^]*hint: open one before/);
  });
});

describe("events of several buffers and CPUs that come singly", () => {
  const tables = `struct event { u64 n; };
BPF_PERF_OUTPUT(made);
BPF_PERF_OUTPUT(removed);
BPF_ARRAY(count, u64, 1);
static u64 next(void) { int zero = 0; u64 *n = count.lookup(&zero); return n ? (*n)++ : 0; }
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) { if (bpf_get_current_pid_tgid() >> 32 != ONLY_PID) return 0; struct event e = { next() }; made.perf_submit(args, &e, sizeof e); return 0; }
TRACEPOINT_PROBE(syscalls, sys_enter_rmdir) { if (bpf_get_current_pid_tgid() >> 32 != ONLY_PID) return 0; struct event e = { next() }; removed.perf_submit(args, &e, sizeof e); return 0; }
`;
  // Two calls on one CPU, two on the next one, a few at a time.
  const caller = `exec python3 -c 'import os, time
for i in range(24):
    os.sched_setaffinity(0, {i // 2 % os.cpu_count()})
    try: (os.mkdir if i % 2 else os.rmdir)("/nowhere/at/all")
    except OSError: pass
    time.sleep(0.01)'`;

  it.each([
    ["one poll", "{}", "sleep(0.15); b.perf_buffer_poll(0);"],
    ["a merger by time", "{ by_time: true }", "b.perf_buffer_poll(50);"],
  ])("are handed over in the order of their times by %s", async (name, options, step) => {
    const lines = `const seen: number[] = [];
for (const name of ["removed", "made"] as const) b.get_table(name).open_perf_buffer((e: { n: bigint }) => seen.push(Number(e.n)), ${options});
try { for (;;) { ${step} } } catch (error) { if (!(error instanceof Interrupt)) throw error; }
for (let i = 0; i < 5; i++) b.perf_buffer_poll(5);
json(seen);`;
    const script = makeJsonScript(folder, `order-${name.replaceAll(" ", "-")}`, tables, lines);
    const result = await runCli(["run", "-c", caller, script]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(result.stdout)).toEqual(Array.from({ length: 24 }, (_, i) => i));
  });
});
