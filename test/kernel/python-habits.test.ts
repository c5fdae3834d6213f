import { join } from "node:path";
import { expect, it } from "vitest";
import { makeJsonScript, readJson } from "../support/json-script.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";

const folder = makeFolder();

const program = `
struct data_t { u32 pid; };
BPF_HASH(counts, u32, u64);
BPF_HISTOGRAM(dist);
BPF_QUEUE(queue, u64, 4);
BPF_PERF_OUTPUT(events);
int on_call(struct pt_regs *ctx) {
    struct data_t data = {};
    events.perf_submit(ctx, &data, sizeof(data));
    return 0;
}`;

/** What somebody types who knows BCC: each says by its message, with the hint behind it, what it is here. */
const habits: readonly (readonly [call: string, error: string])[] = [
  [
    "b['counts']",
    'This BPF program has no "counts"; a table is asked for by its name: b.tables.counts, or b.get_table("counts")',
  ],
  [
    "b['events'].open_perf_buffer(print)",
    'The call events() has no "open_perf_buffer"; a table is asked for by its name: b.tables.events, or b.get_table("events")',
  ],
  ["b.kprobe_poll()", 'This BPF program has no "kprobe_poll"; use perf_buffer_poll()'],
  [
    "b.attach_xdp('lo', 1)",
    'attach_xdp() takes its options as an object, got "lo"; its options are: dev, mode, frags, fn_name, fn, netns; for example { dev: … }',
  ],
  [
    "b.attach_tc({ dev: 'lo', direction: 'ingress', fn_name: 'on_call', via: 'clsact', order: 'first' })",
    'attach_tc() takes order for tcx alone, and via: "clsact" makes a classic filter; priority says where it stands among others: lower ones come first',
  ],
  [
    "b.attach_tc({ dev: 'lo', direction: 'ingress', fn_name: 'on_call', via: 'tcx', priority: 1 })",
    'attach_tc() takes priority for classic filters alone, and via: "tcx" makes none; order: "first" puts the program before those that sit there',
  ],
  ["BPF.monotonic_time()", 'BPF has no "monotonic_time"; monotonic_ns() of "bpfts" is that clock'],
  ["counts[1]", 'Table "counts" has no "1"; an entry is read with get(key) and written with set(key, value)'],
  ["counts[1] = 2n", 'Table "counts" has no "1"; an entry is read with get(key) and written with set(key, value)'],
  ["1 in counts", 'Cannot look for "1" in a table with "in"; has(key) says whether a table has a key'],
  ["counts.items()", 'Table "counts" has no "items"; use entries()'],
  ["counts.length", 'Table "counts" has no "length"; use size'],
  ["counts.increment(1)", 'Table "counts" has no "increment"; set(key, (get(key) ?? 0n) + 1n)'],
  ["queue.items()", 'Table "queue" has no "items"; push(value), pop() and peek() are its calls'],
  [
    "events.get(0)",
    'Table "events" has no "get"; open_perf_buffer(callback) hands its events over, and so does: for (const event of b.events("events"))',
  ],
  [
    "events.event(0)",
    'Cannot read an event of "events": it takes bytes (Uint8Array); a callback gets the event itself: (event, cpu, size) => …',
  ],
  [
    "events.open_perf_buffer(print, 64)",
    "open_perf_buffer() takes its options as an object, got 64; its options are: page_cnt, lost_cb, by_time; for example { page_cnt: … }",
  ],
  [
    "events.open_perf_buffer(print, { lostcb: print })",
    'open_perf_buffer() has no option "lostcb"; its options are: page_cnt, lost_cb, by_time; for example { page_cnt: … }',
  ],
  ["events.open_perf_buffer(print, { lost_cb: 1 })", "open_perf_buffer() takes lost_cb as a function, got 1"],
  ["events.open_perf_buffer()", "open_perf_buffer() takes the callback as a function, got undefined"],
  [
    "b.events('events', true)[Symbol.iterator]().next()",
    "events() takes its options as an object, got true; its options are: by_time, fields, reuse, signal, timeout_ms, u64; for example { by_time: … }",
  ],
  [
    "b.perf_buffer_poll({ timeout: 100 })",
    "perf_buffer_poll() takes its milliseconds as a number, got { timeout: 100 }",
  ],
  ["b.ring_buffer_poll('100')", 'ring_buffer_poll() takes its milliseconds as a number, got "100"'],
  [
    "b.trace_fields(true)",
    "trace_fields() takes its options as an object, got true; its options are: nonblocking, pid; for example { nonblocking: … }",
  ],
  [
    "b.trace_print({ format: '{1}' })",
    'trace_print() has no option "format"; its options are: fmt, nonblocking, pid; for example { fmt: … }',
  ],
  [
    "b.trace_readline(true)",
    "trace_readline() takes its options as an object, got true; its options are: nonblocking; for example { nonblocking: … }",
  ],
  [
    "dist.print_log2_hist({ val_type: 'us' })",
    'print_log2_hist() takes val_type, its first argument, as a text, got { val_type: "us" }',
  ],
  [
    "dist.print_linear_hist('us', 'disk', true)",
    "print_linear_hist() takes its options as an object, got true; its options are: section_print_fn, bucket_fn, bucket_sort_fn, strip_leading_zero, take; for example { section_print_fn: … }",
  ],
  [
    "b.attach_kprobe({ event: 'vfs_read', fn: 'on_call' })",
    'A kprobe has no option "fn"; its options are: event, event_re, fn_name, event_off, limit, session; for example { event: … }',
  ],
  [
    "b.attach_tracepoint('sched:sched_switch', 'on_call')",
    'A tracepoint takes its options as an object, got "sched:sched_switch"; its options are: tp, tp_re, fn_name, limit; for example { tp: … }',
  ],
  [
    "b.load_func({ fn_name: 'on_call' })",
    'load_func() takes the function\'s name as a text, got { fn_name: "on_call" }',
  ],
  [
    "BPF.ksym(1n, true)",
    "A symbol's name takes its options as an object, got true; its options are: show_module, show_offset, demangle; for example { show_module: … }",
  ],
  [
    "new BPF('int x;')",
    'new BPF() takes its options as an object, got "int x;"; its options are: text, src_file, cflags, debug, pins, usdt_contexts, attach_usdt_ignore_pid; for example { text: … }',
  ],
  [
    "new BPF({ text: 'int x;', cflags: '-DX' })",
    'new BPF() takes cflags as a list of texts; for example cflags: ["-DMAX=3"]',
  ],
  ["sleep()", "sleep() takes seconds as a number, got undefined"],
  [
    "BPF.ksym(({} as any).ip)",
    "BPF.ksym() takes an address as a bigint or a whole number, got undefined; a member that an event or a table's value does not have is undefined",
  ],
  ["BPF.sym('0x10', 1)", 'BPF.sym() takes an address as a bigint or a whole number, got "0x10"'],
  ["BPF.sym({} as any, 1)", "BPF.sym() takes the build_id of a frame as a text, got undefined"],
  ["BPF.ksymname(undefined as any)", "BPF.ksymname() takes a symbol as a text, got undefined"],
  ["BPF.find_library(0 as any)", "BPF.find_library() takes a library as a text, got 0"],
  ["BPF.find_exe(null as any)", "BPF.find_exe() takes a command as a text, got null"],
  ["BPF.add_module([] as any)", "BPF.add_module() takes a path as a text, got []"],
  ["BPF.get_tracepoints(0 as any)", "BPF.get_tracepoints() takes a pattern as a text or a RegExp, got 0"],
  ["BPF.get_user_functions(1 as any, '.*')", "BPF.get_user_functions() takes a program or library as a text, got 1"],
  ["bpfts.read_file({} as any)", "read_file() takes a path as a text, got {}"],
  [
    "counts.set(1, 1n, 'any')",
    'set() takes its flags, the third argument, as a whole number from 0 to 4294967295, got "any"',
  ],
  [
    "queue.push(1n, true)",
    "push() takes its flags, the second argument, as a whole number from 0 to 4294967295, got true",
  ],
  [
    "events.open_perf_event(1, undefined)",
    "open_perf_event() takes ev_config as a bigint or a whole number, got undefined; a member that an event or a table's value does not have is undefined",
  ],
];

it("says that six names got a line each, where Python takes the fields of one apart", async () => {
  const run = (body: string): Promise<CliResult> =>
    runCli([
      "run",
      "-c",
      `mkdir -p ${Array.from({ length: 8 }, (_, i) => join(folder, `made${i}`)).join(" ")}`,
      writeScript(
        folder,
        "fields.ts",
        `import { BPF, command, print } from "bpfts";
const b = new BPF({ text: \`TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
  if (bpf_get_current_pid_tgid() >> 32 == ONLY_PID) bpf_trace_printk("made\\\\n");
  return 0;
}\`, cflags: [\`-DONLY_PID=\${command!.pid}\`] });
const options = { pid: command!.pid };
let n = 0;
${body}`,
      ),
    ]);
  const wrong = await run(
    "const [task, pid, cpu, flags, ts, msg] = b.trace_fields(options); print([task, pid, cpu, flags, ts, msg].length);",
  );
  expect([wrong.status, wrong.stdout, wrong.stderr]).toEqual([
    0,
    "6\n",
    expect.stringContaining("const [task, pid, cpu, flags, ts, msg] = b.trace_fields().read()"),
  ]);
  for (const right of [
    "const [task, , , , , msg] = b.trace_fields(options).read()!; print(task, msg);",
    "for (const [task, , , , , msg] of b.trace_fields(options)) { if (++n === 6) { print(task, msg); break; } }",
    "for (const fields of b.trace_fields(options)) { if (++n > 2) { print(fields[0], fields[5]); break; } }",
  ])
    expect(await run(right)).toMatchObject({ status: 0, stdout: "mkdir made\n", stderr: "" });
});

it("what BCC has by another name is an error with the next step", async () => {
  const [told, entries] = readJson(
    await runCli([
      "run",
      makeJsonScript(
        folder,
        "habits",
        program,
        `
const [counts, dist, queue, events] = (["counts", "dist", "queue", "events"] as const).map((name) => b.table<any, any>(name)) as any[];
void [counts, dist, queue, events];
const tell = (run: () => unknown) => { try { return \`no error but \${String(run())}\`; } catch (error: any) { return [error.message, error.hint].filter(Boolean).join("; "); } };
json([${habits.map(([call]) => `tell(() => ${call.includes(" = ") ? `{ ${call}; }` : `(${call})`})`).join(",\n")}]);
json([...counts].length);
`,
      ),
    ]),
  );
  expect(told).toEqual(habits.map(([, error]) => error));
  expect(entries).toBe(0);
});

it("a table and a program are still objects as JavaScript knows them", async () => {
  const rows = readJson(
    await runCli([
      "run",
      makeJsonScript(
        folder,
        "objects",
        program,
        `
const counts = b.get_table("counts");
json([counts instanceof bpfts.Table, b instanceof BPF, counts instanceof Object, String(counts), String(b), "get" in counts, typeof BPF.name, typeof b.events.bind]);
void Promise.all([counts, b]).then(([table, program]) => json([table === counts, (program as unknown) === b]));
`,
      ),
    ]),
  );
  expect(rows).toEqual([
    [true, true, true, 'Table "counts"', "[object Object]", true, "string", "function"],
    [true, true],
  ]);
});
