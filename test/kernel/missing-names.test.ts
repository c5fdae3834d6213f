import { describe, expect, it } from "vitest";
import { makeFolder, parseCliError, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const script = (text: string): string =>
  `import { BPF } from "bpfts";\nconst b = new BPF({\n  text: \`\n${text}\n\`,\n});\nb.close();\n`;

/** One letter wrong, in every way that a text names a place: each must be told of the name, before anything else, at its line. */
const rows: readonly [text: string, message: RegExp, hint: RegExp][] = [
  [
    "TRACEPOINT_PROBE(syscalls, sys_enter_opentat) {\n  return args->dfd;\n}",
    /no such tracepoint/,
    /"syscalls:sys_enter_openat"/,
  ],
  [
    "int tracepoint__sched__sched_swich(struct tracepoint__sched__sched_swich *args) { return args->prev_pid; }",
    /no such tracepoint/,
    /"sched:sched_switch"/,
  ],
  ["RAW_TRACEPOINT_PROBE(sched_swich) { return 0; }", /no such raw tracepoint/, /"sched_switch"/],
  ["KFUNC_PROBE(vfs_raed, struct file *file) { return 0; }", /no such kernel function/, /"vfs_read"/],
  ["KRETFUNC_PROBE(vfs_raed, struct file *file, int ret) { return 0; }", /no such kernel function/, /"vfs_read"/],
  ["LSM_PROBE(file_opne, struct file *file) { return 0; }", /no such LSM hook/, /"file_open"/],
  ["int kprobe__vfs_raed(struct pt_regs *ctx) { return 0; }", /no such kernel function/, /"vfs_read"/],
  ["int kretprobe__vfs_raed(struct pt_regs *ctx) { return 0; }", /no such kernel function/, /"vfs_read"/],
  ['SEC("kprobe/vfs_raed") int a(struct pt_regs *ctx) { return 0; }', /no such kernel function/, /"vfs_read"/],
  ['SEC("fentry/vfs_raed") int BPF_PROG(a, struct file *file) { return 0; }', /no such kernel function/, /"vfs_read"/],
  ['SEC("lsm/file_opne") int BPF_PROG(a, struct file *file) { return 0; }', /no such LSM hook/, /"file_open"/],
  [
    'SEC("tp/syscalls/sys_enter_opentat") int a(void *ctx) { return 0; }',
    /no such tracepoint/,
    /"syscalls:sys_enter_openat"/,
  ],
  ['SEC("raw_tp/sched_swich") int a(void *ctx) { return 0; }', /no such raw tracepoint/, /"sched_switch"/],
  ['SEC("tp_btf/sched_swich") int BPF_PROG(a, void *task) { return 0; }', /no such BTF tracepoint/, /"sched_switch"/],
];

describe("a place that this kernel has not", () => {
  it.each(rows)("%s", async (text, message, hint) => {
    const result = await runCli(["run", "--json-errors", writeScript(folder, "name.ts", script(text))]);
    const error = parseCliError(result);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
    expect(error.location?.line).toBe(4);
  });

  it("is asked about where a kernel function of another module's is called (kfunc)", async () => {
    const text =
      "extern struct task_struct *bpf_task_acquir(struct task_struct *p) __ksym;\nint kprobe__vfs_read(struct pt_regs *ctx) {\n  return (long)bpf_task_acquir((void *)bpf_get_current_task());\n}";
    const error = parseCliError(
      await runCli(["check", "--json-errors", writeScript(folder, "kfunc.ts", script(text))]),
    );
    expect(error.message).toMatch(/has no function "bpf_task_acquir"/);
    expect(error.hint).toBe('did you mean "bpf_task_acquire"?');
    expect(error.location?.line).toBe(6);
    expect(error.exitCode).toBe(3);
  });
});
