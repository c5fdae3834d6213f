import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BpftsError } from "../../../runtime/base/errors.ts";
import { renderError } from "../../../runtime/cli/render-error.ts";
import { readMachine } from "../../../runtime/kernel/machine/machine.ts";
import { btfFolder } from "../../../runtime/kernel/machine/module-types.ts";
import type { KernelSource } from "../../../runtime/session/build/open-builder.ts";
import { readOneLiner } from "../../../runtime/session/one-liner/read-one-liner.ts";
import type { OneLinerRequest } from "../../../runtime/session/one-liner/read-one-liner.ts";
import { noGrants } from "../../../runtime/script/file-scope.ts";

const formats = new URL("formats/", import.meta.url);

/** This machine, with tracepoints that are written down: only root may read the kernel's own. */
const kernel: KernelSource = {
  machine: readMachine(),
  btfFolder,
  readTracepointFormat(category, event) {
    const file = new URL(`${category}.${event}`, formats);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  },
  listTracepoints: () => readdirSync(formats).map((name) => name.replace(".", ":")),
};

const log = { info: () => undefined, warn: () => undefined };

function translate(text: string, options: Partial<OneLinerRequest> = {}): string {
  const request = { text, missing: "error", grants: noGrants, log, kernel, environment: process.env } as const;
  return readOneLiner({ ...request, ...options }).text;
}

/** What a user is told of a text that is wrong. */
function refuse(text: string, options: Partial<OneLinerRequest> = {}): string {
  try {
    translate(text, options);
  } catch (error) {
    if (!(error instanceof BpftsError)) throw error;
    return renderError(error, { verbose: false });
  }
  return "nothing\n";
}

/** A name, a text, and options: what each becomes stands in `cases/`. */
const cases: readonly (readonly [name: string, text: string, options?: Partial<OneLinerRequest>])[] = [
  ["tracepoint", 'tracepoint:syscalls:sys_enter_openat { print("%s %s\\n", comm, str(args->filename)); }'],
  ["tracepoint-glob", "t:syscalls:sys_enter_open* { count(comm); }"],
  ["two-probes", "tracepoint:syscalls:sys_enter_openat, tracepoint:syscalls:sys_enter_openat2 { count(comm); }"],
  ["two-blocks", "t:sched:sched_switch { count(cpu); } t:sched:sched_switch { total.count(); }"],
  ["rawtracepoint", "rawtracepoint:sys_enter { count(comm, ctx->args[1]); r.sum(arg2, tid); }"],
  [
    "kprobe",
    "kprobe:vfs_read { s.set(tid, nsecs); } kretprobe:vfs_read if (s.has(tid)) { hist(nsecs - s.take(tid), comm); }",
  ],
  ["kprobe-glob", "kprobe:vfs_* { count(arg1 != 0); }"],
  ["kretprobe", "kretprobe:vfs_read { lhist(retval, 0, 2000, 200); }"],
  ["narrow", "kprobe:filename_lookup { count(arg1, arg2); } fexit:filename_lookup { r.count(retval); }"],
  ["fentry", "fentry:vfs_read { bytes.sum(arg3, pid); } fexit:vfs_read { hist(retval); }"],
  [
    "uprobe",
    'uprobe:c:malloc { hist(arg1); } uretprobe:/bin/bash:readline { print("%d %s\\n", pid, str(retval, 80)); }',
    { pid: 4711 },
  ],
  [
    "prototypes",
    `int parse(const char *text, unsigned char depth, long, short int pid, ...); extern unsigned walk(enum order o, u16);
ssize_t take(struct key k); size_t put(void);
uprobe:x:parse { count(str(arg1), arg2, arg3, arg4, arg5, pid); } uretprobe:x:parse { r.count(retval); }
p:x:walk { w.count(arg1, arg2); } r:x:walk { sum(retval); } uprobe:x:take { t.count(arg1); } uretprobe:x:put { p.sum(retval); }`,
  ],
  ["uprobe-glob", "uprobe:c:str* { count(); } uprobe:c:0x1234 { at.count(); }"],
  ["usdt", "usdt:/usr/lib/libx.so:prov:name { sum(arg2, str(arg1)); } u:c:setjmp { count(); }"],
  [
    "perf-events",
    "profile:hz:99 { count(kstack); } software:page_faults:1 { f.count(comm, pid); } hardware:cache-misses:1000 { m.count(cpu); } interval:s:1 { ticks.count(); }",
  ],
  [
    "bcc-words",
    "p::vfs_read { r.count(pid); } r::vfs_read { v.sum(retval, pid); } p:c:malloc { m.hist(arg1); } t:sched:sched_switch { c.count(); }",
  ],
  [
    "words",
    "t:syscalls:sys_enter_read { a.count(pid, tid, uid, gid); b1.count(comm, cpu, cgroup, ppid); c.count(walltime); stacks.count(ustack, kstack); e.max(nsecs); f.count(cpid); }",
  ],
  [
    "aggregates",
    "t:syscalls:sys_exit_read { count(comm); sum(args->ret, comm); min(args->ret); max(args->ret, comm); avg(args->ret, comm); hist(args->ret, comm); lhist(args->ret, 0, 100, 10, comm); }",
  ],
  [
    "tables-by-value",
    "t:syscalls:sys_enter_read { seen.set(pid, args->fd, nsecs); if (seen.get(pid, args->fd) > 5) count(seen.has(pid, args->fd)); }",
  ],
  [
    "table-types",
    "t:syscalls:sys_exit_read { x.set(tid, (u8)cpu); x.set(tid, 1000); y.set(tid, z.get(tid)); z.set(tid, x.get(tid)); k.count(pid); k.count(args->ret > 0 ? -1 : 1); t.set(tid, 0); t.set(tid, nsecs); n.set(tid, n.get(tid) + 1); l.lhist(cpu, -9, -3, 3); }",
  ],
  [
    "enumerators",
    "enum sign { NEG = -1 }; enum wide { WIDE = 1ULL << 40 }; t:syscalls:sys_exit_read { enum sign s = NEG; enum wide w = WIDE; a.count(s); b.count(w); }",
  ],
  ["large-key", "t:syscalls:sys_enter_openat { count(str(args->filename), comm); }"],
  [
    "two-prints",
    'kprobe:vfs_read { print("a %d\\n", arg1); if (arg2) { print("\\033[1m%s\\n", kstack); } else print("none\\n"); }',
  ],
  [
    "own-names",
    "t:syscalls:sys_enter_read { u32 pid = args->fd; struct { u32 comm; } x = { .comm = 1 }; count(pid, x.comm); struct task_struct *task = (void *)bpf_get_current_task(); p.count(task->pid); }",
  ],
  [
    "declarations",
    "#define LIMIT 10\nBPF_HASH(mine, u32, u64);\nstatic u32 twice(u32 n) { return n * 2; }\nt:syscalls:sys_enter_read {\n  // only small ones\n  if (args->fd < LIMIT) {\n    mine.increment(args->fd);\n    mine.count(twice(args->fd));\n  }\n}",
  ],
  [
    "statements",
    't:syscalls:sys_enter_read { for (int i = 0; i < 3; i++) sum(i); if (comm != "bash") return; else if (cpu) count(cpu); char text[] = "pid { comm; }"; print("%s `${x}` \\\\ 100%%\\n", text); }',
  ],
  [
    "texts",
    't:sched:sched_process_exit { u64 printed = 1; if (args->comm == "a\'\\\\b" || "\\303\\251" != args->comm) print("C:\\\\a\\1" "2 %d\\x25" "d\\n", printed, printed); }',
  ],
  [
    "options",
    "t:syscalls:sys_enter_read { count(pid); }",
    { pid: 12, duration: 5, interval: 1, keep: true, top: 3, sort: "key", json: true, js: "print(count.size)" },
  ],
];

describe("a one-liner becomes a script", () => {
  for (const [name, text, options] of cases) {
    it(name, async () => {
      await expect(translate(text, options)).toMatchFileSnapshot(`cases/${name}.out`);
    });
  }
});

const refusals: readonly (readonly [text: string, options?: Partial<OneLinerRequest>])[] = [
  [""],
  ["count(comm)"],
  ["BPF_HASH(x);"],
  ["BEGIN { count(); }"],
  ["tracepont:sched:sched_switch { count(); }"],
  ["nonsense:x { count(); }"],
  ["tracepoint:sched_switch { count(); }"],
  ["kprobe: { count(); }"],
  ["profile:s:99 { count(); }"],
  ["profile:hz:many { count(); }"],
  ["software:nothing:1 { count(); }"],
  ["interval:min:1 { count(); }"],
  ["int parse(const char *text); uprobe:x:parse { count(arg2); }"],
  ["void parse(void); r:x:parse { count(retval); }"],
  ["t:syscalls:sys_enter_openat count(comm);"],
  ["t:syscalls:sys_enter_openat { count(args); }"],
  ["rawtracepoint:sys_enter { n.set(pid, ctx); }"],
  ['t:syscalls:sys_enter_openat { print("%s\\n", args); }'],
  ['t:syscalls:sys_enter_openat { print("%d\\n", comm); }'],
  ["fentry:vfs_* { count(); }"],
  ["fentry:vfs_read { count(); } fentry:vfs_read { count(); }"],
  ["kprobe:vfs_read /pid == 1/ { count(); }"],
  ["kprobe:vfs_read if pid == 1 { count(); }"],
  ["kprobe:vfs_read if () { count(); }"],
  ["kprobe:vfs_read count();"],
  ["kprobe:vfs_read { count(comm);"],
  ["kprobe:vfs_read { count(comm; }"],
  ["kprobe:vfs_read, { count(comm); }"],
  ["kprobe:vfs_read { count(arg0); }"],
  ["kprobe:vfs_read { count(arg7); }"],
  ["kprobe:vfs_read { count(retval); }"],
  ["kretprobe:vfs_read { count(arg1); }"],
  ["kprobe:vfs_read { count(arg5); }"],
  ["profile:hz:99 { stack_traces.count(kstack); }"],
  ["kprobe:__x64_sys_read { count(arg2); }"],
  ["kretprobe:schedule { count(retval); }"],
  ['t:sched:sched_process_exit if (args->comm == "systemd-journald") { count(); }'],
  ['t:syscalls:sys_exit_read { if ((char *)args == "x") count(); }'],
  ["t:syscalls:sys_exit_read { hist(args.ret); }"],
  ["t:syscalls:sys_exit_read { hist(retval); }"],
  ["t:syscalls:sys_exit_read { hist(arg1); }"],
  ["t:syscalls:sys_exit_read { hist(args->nope); }"],
  ["t:syscalls:sys_exit_read { count(pidd); }"],
  ["t:syscalls:sys_exit_read { @[comm] = count(); }"],
  ["t:syscalls:sys_exit_read { u64 x = count(comm); }"],
  ["t:syscalls:sys_exit_read { count(count(comm)); }"],
  ["t:syscalls:sys_exit_read { hist(); }"],
  ["t:syscalls:sys_exit_read { count(comm) hist(cpu); }"],
  ["t:syscalls:sys_exit_read { x.set(pid); }"],
  ["t:syscalls:sys_exit_read { x.get(pid); }"],
  ["t:syscalls:sys_exit_read { x.counts(pid); }"],
  ["t:syscalls:sys_exit_read { x.set(pid, comm); }"],
  ["t:syscalls:sys_exit_read { x.count(pid); } t:syscalls:sys_enter_read { x.count(comm); }"],
  ["t:syscalls:sys_exit_read { x.count(pid); x.hist(pid); }"],
  ["t:syscalls:sys_exit_read { x.count(pid); x.count(pid, tid); }"],
  ["t:syscalls:sys_exit_read { x.lhist(pid, 0, 10, 1); x.lhist(pid, 0, 20, 1); }"],
  ["t:syscalls:sys_exit_read { x.count(pid); x.count(kstack); }"],
  ["t:syscalls:sys_exit_read { x.count(cgroup); x.count(args->ret); }"],
  ["t:syscalls:sys_exit_read { hist(nsecs); hist(args->ret); }"],
  ["t:syscalls:sys_exit_read { x.set(tid, args->ret); } t:syscalls:sys_enter_read { x.set(tid, nsecs + 1); }"],
  ["t:syscalls:sys_exit_read { lhist(pid, 0, cpu, 1); }"],
  ["t:syscalls:sys_exit_read { lhist(pid, 10, 0, 1); }"],
  ["t:syscalls:sys_exit_read { lhist(args->ret, 0, 9223372036854775807, 9223372036854775); }"],
  ["t:syscalls:sys_enter_openat { count(args->filename); }"],
  ['t:syscalls:sys_enter_openat { print("%s\\n", args->filename); }'],
  ['t:syscalls:sys_enter_openat { print("%s %d\\n", comm); }'],
  ['t:syscalls:sys_enter_openat { print("100% done\\n"); }'],
  ["t:syscalls:sys_enter_openat { print(comm); }"],
  ['t:syscalls:sys_enter_openat { printf("%s\\n", comm); }'],
  ["t:syscalls:sys_enter_openat { count(str(args->filename, 600)); }"],
  ["t:syscalls:sys_enter_openat { count(str(args->filename, 1)); }"],
  ['t:syscalls:sys_enter_openat { if (str(args->filename) == "x") count(); }'],
  ["t:syscalls:sys_enter_openat { hist(walltime - nsecs); }"],
  ["t:syscalls:sys_enter_openat { count(*args); }"],
  ["t:syscalls:sys_enter_openat { count(nsecs()); }"],
  ["BPF_HASH(x, u32, u64); t:syscalls:sys_enter_openat { x.hist(pid); }"],
  ["interval:s:1 { count(); }", { pid: 1 }],
  ["t:irq:softirq_entry { count(); }", { pid: 1 }],
];

it("says what is wrong with a text, at its place", async () => {
  const told = refusals.map(([text, options]) => `== ${text}\n${refuse(text, options)}`).join("\n");
  expect(told).not.toContain("\nnothing\n");
  await expect(told).toMatchFileSnapshot("cases/refusals.out");
});

it("understands each example of the manual", () => {
  const manual = readFileSync(new URL("../../../sdk/one-liners.md", import.meta.url), "utf8");
  const texts = [...manual.matchAll(/^bpfts -e '(.*?)'/gm)].map(([, text]) => text!);
  expect(texts).toHaveLength(20);
  for (const text of texts) expect(translate(text)).toContain("new BPF(");
});

it("leaves out what does not exist when it may", () => {
  const warnings: string[] = [];
  const told = { ...log, warn: (message: string) => void warnings.push(message) };
  const script = translate("t:no:such { count(); } t:sched:sched_switch { count(); }", { missing: "warn", log: told });
  expect(warnings).toEqual(['There is no tracepoint "no:such": its block is left out']);
  expect(script).not.toContain("TRACEPOINT_PROBE(no, such)");
  expect(script).toContain("TRACEPOINT_PROBE(sched, sched_switch)");
});
