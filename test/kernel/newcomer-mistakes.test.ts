import { describe, expect, it } from "vitest";
import { makeFolder, parseCliError, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
/** The C text begins in line 3 of the script. */
const script = (text: string, end = "b.load_func('f', BPF.KPROBE);\n"): string =>
  `import { BPF } from "bpfts";\nconst b = new BPF({ text: \`\n${text}\n\` });\n${end}`;
const program = (body: string): string => `int f(struct pt_regs *ctx) {\n${body}\n  return 0;\n}`;

/** What people type who come from BCC's examples, or from C: the line of the C text, what they are told, and what to do. */
const rows: readonly [text: string, line: number, message: RegExp, hint?: RegExp][] = [
  [program("  u64 a = 1"), 2, /expected ';'/],
  [program('  printk("hello");'), 2, /printk/, /bpf_trace_printk/],
  [program("  return undefined;"), 2, /says "undefined"/, /no value/],
  [program("  return current->pid;"), 2, /current/, /bpf_get_current_task/],
  [program("  return jiffies;"), 2, /jiffies/, /bpf_jiffies64/],
  [
    program(
      "  struct task_struct *task = (void *)bpf_get_current_task();\n  struct upid *last = &task->thread_pid->numbers[1];\n  return last[-1].nr;",
    ),
    3,
    /index below zero/,
    /p -= 1; p->member/,
  ],
  [program("  int n = 0;\n  while (bpf_get_prandom_u32()) n++;"), 3, /too large|infinite/, /constant bound/],
  [`BPF_HASH(start, u32);\n${program("  u32 k = 1;\n  return *start.lookup(&k);")}`, 4, /or_null/, /if \(!ptr\)/],
  [
    `BPF_HASH(start);\n${program("  u32 k = 1;\n  u64 t = 1;\n  start.update(&k, &t);")}`,
    5,
    /stack/,
    /BPF_HASH\(start, u32\)/,
  ],
  [`BPF_HASH(start, u32);\n${program("  u32 k = 1;\n  u64 t = 1;\n  start.update(k, t);")}`, 5, /R2/, /as &key/],
  [`BPF_HASH(counts, u32);\n${program("  counts[5]++;")}`, 3, /subscripted/, /counts\.increment/],
  [`BPF_HASH(counts, u32);\n${program("  counts->increment(5);")}`, 3, /not a pointer/, /behind a dot/],
  [`BPF_HASH(counts, u32);\n${program("  counts.incremnt(5);")}`, 3, /incremnt/, /increment/],
  [
    `struct d { char a[600]; };\nBPF_PERF_OUTPUT(events);\n${program("  struct d d = {};\n  events.perf_submit(ctx, &d, sizeof(d));")}`,
    4,
    /512 bytes of stack/,
    /BPF_PERCPU_ARRAY/,
  ],
  [
    `struct d { u64 a, b, c; };\nstruct d f(struct pt_regs *ctx) {\n  struct d d = {};\n  return d;\n}`,
    2,
    /struct d/,
    /returns a number/,
  ],
  [
    `BPF_PERF_OUTPUT(events);\n${program("  u64 a = 1;\n  events.perf_submit(&a, sizeof(a));")}`,
    4,
    /3 arguments/,
    /perf_submit\(ctx/,
  ],
  [
    `BPF_RINGBUF_OUTPUT(r, 8);\n${program("  u64 *d = r.ringbuf_reserve(8);\n  if (!d) return 0;")}`,
    6,
    /leak|reference/,
    /ringbuf_discard/,
  ],
  [
    "TRACEPOINT_PROBE(sched, sched_process_exec) {\n  char to[16];\n  bpf_probe_read_kernel_str(to, 16, args->filename);\n  return 0;\n}",
    3,
    /filename/,
    /TP_DATA_LOC_READ_STR\(&to, filename, sizeof\(to\)\)/,
  ],
  ["TRACEPOINT_PROBE(raw_syscalls, sys_enter) {\n  return args->id == SYS_openat;\n}", 2, /SYS_openat/, /__NR_openat/],
  ["BPF_RINGBUF_OUTPUT(r, 0);", 1, /no pages/, /power of two/],
  ["BPF_RINGBUF_OUTPUT(r, 1048577);", 1, /4294967295/],
  ["BPF_USER_RINGBUF(r, 0);", 1, /no pages/, /power of two/],
  ["BPF_HASH(h, u32, u64, 0);", 1, /no entries/, /number of entries/],
  ["BPF_ARRAY(h, u64, 0);", 1, /no entries/, /number of entries/],
  ["BPF_QUEUE(q, u64, 0);", 1, /no entries/, /number of entries/],
  ["BPF_PROG_ARRAY(p, 0);", 1, /no entries/, /number of entries/],
  ["BPF_HASH(h, u32, u64, 4294967297);", 1, /4294967295/],
  [
    "BPF_ARRAY(h, u64, -1);",
    1,
    /^C: static assertion failed: the size of a table is a number from 1 to 4294967295, of entries or bytes$/,
  ],
  ["struct d { char a[40000]; };\nBPF_PERCPU_ARRAY(p, struct d, 1);", 2, /32768/, /bpf_get_smp_processor_id/],
  [
    `struct d { char a[5000]; };\nBPF_ARRAY(s, struct d, 1);\nBPF_RINGBUF_OUTPUT(r, 1);\n${program("  int z = 0;\n  struct d *d = s.lookup(&z);\n  if (d) r.ringbuf_output(d, sizeof(*d), 0);")}`,
    3,
    /5000 bytes \("d"\) does not fit/,
    /BPF_RINGBUF_OUTPUT\(r, 8\)/,
  ],
  [
    `struct d { char a[70000]; };\nBPF_ARRAY(s, struct d, 1);\nBPF_PERF_OUTPUT(e);\n${program("  int z = 0;\n  struct d *d = s.lookup(&z);\n  if (d) e.perf_submit(ctx, d, sizeof(*d));")}`,
    3,
    /70000 bytes/,
    /BPF_RINGBUF_OUTPUT/,
  ],
];

describe("what a newcomer types", () => {
  it.each(rows)("%s", async (text, line, message, hint) => {
    const end = text.includes("int f(") ? undefined : "";
    const result = await runCli(["check", "--json-errors", writeScript(folder, "mistake.ts", script(text, end))]);
    const error = parseCliError(result);
    expect(error.message).toMatch(message);
    if (hint !== undefined) expect(error.hint).toMatch(hint);
    expect(error.location?.line).toBe(line + 2);
    expect(error.exitCode).toBe(1);
  });

  it("a pointer in a number is warned of", async () => {
    const text = `BPF_HASH(start, u32);\n${program("  u32 k = 1;\n  u64 t = start.lookup(&k);\n  return t > 5;")}`;
    const { stderr, status } = await runCli([
      "check",
      "--no-load",
      writeScript(folder, "pointer.ts", script(text, "")),
    ]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/line 6: incompatible pointer to integer .*lookup answers a pointer/);
  });

  it("a perf buffer with too few pages for an event is told when it is opened", async () => {
    const text = `struct d { char a[5000]; };\nBPF_ARRAY(s, struct d, 1);\nBPF_PERF_OUTPUT(e);\n${program("  int z = 0;\n  struct d *d = s.lookup(&z);\n  if (d) e.perf_submit(ctx, d, sizeof(*d));")}`;
    const open = (pages: number): string =>
      `b.table("e").open_perf_buffer(() => undefined, { page_cnt: ${pages} });\nb.close();\n`;
    const error = parseCliError(
      await runCli(["run", "--json-errors", writeScript(folder, "pages.ts", script(text, open(1)))]),
    );
    expect(error.message).toMatch(/5000 bytes and never fits into 1 page/);
    expect(error.hint).toMatch(/page_cnt: 8/);
    const { status, stderr } = await runCli(["run", writeScript(folder, "pages.ts", script(text, open(8)))]);
    expect([status, stderr]).toEqual([0, ""]);
  });

  it("counts zeros and finds bits where clang has no code for it", async () => {
    const text = `BPF_ARRAY(out, u64, 8);\nstatic void put(int slot, u64 value) { out.update(&slot, &value); }
RAW_TRACEPOINT_PROBE(sys_enter) {
  if (bpf_get_current_pid_tgid() >> 32 != TRACED) return 0;
  u64 zero = bpf_ktime_get_ns() & 0, n = zero + (1ULL << 40) + 48;
  put(0, __builtin_clzll(n)); put(1, __builtin_ctzll(n)); put(2, __builtin_clz((u32)n)); put(3, __builtin_ctz((u32)n));
  put(4, __builtin_ffsll(n) * 100 + __builtin_ffs(zero)); put(5, fls(n)); put(6, __builtin_popcountll(n)); put(7, roundup_pow_of_two(n));
  return 0;
}`;
    const path = writeScript(
      folder,
      "bits.ts",
      `import { BPF, Interrupt, command, print, sleep } from "bpfts";\nconst b = new BPF({ text: \`${text}\`.replace("TRACED", String(command!.pid)) });\ntry { sleep(60); } catch (error) { if (!(error instanceof Interrupt)) throw error; }\nprint([...b.table("out").values()].map(String).join(" "));\n`,
    );
    const { stdout, stderr } = await runCli(["run", "-c", "true", path]);
    expect([stdout, stderr]).toEqual([`23 4 26 4 500 6 3 ${2 ** 41}\n`, ""]);
  });
});
