import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildProgram } from "../support/own-program.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const symbols = readFileSync("/proc/kallsyms", "latin1");
let scripts = 0;

/** What a script of these expressions prints, each as JSON with bigints as text. */
async function ask(...expressions: readonly string[]): Promise<unknown[]> {
  const rows = expressions.map(
    (expression) =>
      `print(JSON.stringify(${expression}, (_, value) => (typeof value === "bigint" ? value.toString() : value)));`,
  );
  const { stdout, stderr } = await runCli([
    "run",
    writeScript(folder, `ask-${++scripts}.ts`, `import { BPF, print } from "bpfts";\n${rows.join("\n")}\n`),
  ]);
  expect(stderr).toBe("");
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

const haveSymbol = (name: string): boolean => new RegExp(` ${name}$`, "m").test(symbols);
const findAddress = (name: string): bigint =>
  BigInt(`0x${new RegExp(`^([0-9a-f]+) \\w ${name}$`, "m").exec(symbols)![1]!}`);

describe("system calls", () => {
  it("have the prefix of this kernel, whatever prefix they came with", async () => {
    const prefix = ["__x64_sys_", "__arm64_sys_", "sys_"].find((candidate) => haveSymbol(`${candidate}bpf`))!;
    const [found, openat, ...fixed] = await ask(
      "BPF.get_syscall_prefix()",
      'BPF.get_syscall_fnname("openat")',
      ...["sys_openat", "__x64_sys_openat", "__ia32_compat_sys_openat", "vfs_read"].map(
        (name) => `BPF.fix_syscall_fnname("${name}")`,
      ),
    );
    expect([found, openat]).toEqual([prefix, `${prefix}openat`]);
    expect(fixed).toEqual([`${prefix}openat`, `${prefix}openat`, `${prefix}openat`, "vfs_read"]);
    expect(haveSymbol(String(openat))).toBe(true);
  });
});

describe("kernel functions", () => {
  it("are found by patterns for their whole names", async () => {
    const [both, part, expression, none] = await ask(
      'BPF.get_kprobe_functions("vfs_(read|write)")',
      'BPF.get_kprobe_functions("vfs_rea")',
      "BPF.get_kprobe_functions(/tcp_v4_conn.ct/)",
      'BPF.get_kprobe_functions("no_such_function.*")',
    );
    expect(both).toEqual(["vfs_read", "vfs_write"]);
    expect(part).toEqual([]);
    expect(expression).toEqual(["tcp_v4_connect"]);
    expect(none).toEqual([]);
  });

  it("are not those that only ran at boot, that enter from interrupts, or that are parts of others", async () => {
    expect(symbols).toMatch(/^\S+ [tT] start_kernel$/m);
    const [boot, all] = (await ask(
      'BPF.get_kprobe_functions("start_kernel|asm_common_interrupt")',
      'BPF.get_kprobe_functions(".*")',
    )) as [string[], string[]];
    expect(boot).toEqual([]);
    expect(all.length).toBeGreaterThan(10_000);
    expect(all.filter((name) => /\.cold|^__pfx_|^perf_|^bpf_prog_/.test(name))).toEqual([]);
    expect(new Set(all).size).toBe(all.length);
  });

  it("are named by address, and found by name", async () => {
    const address = findAddress("vfs_read");
    const [byName, missing, noName, plain, offset, outside] = await ask(
      'BPF.ksymname("vfs_read")',
      'BPF.ksymname("no_such_function")',
      'BPF.ksymname("no(such")',
      `BPF.ksym(${address}n)`,
      `BPF.ksym(${address + 5n}n, { show_offset: true, show_module: true })`,
      "BPF.ksym(12n)",
    );
    expect(byName).toBe(address.toString());
    expect([missing, noName, plain, offset, outside]).toEqual([
      "-1",
      "-1",
      "vfs_read",
      "vfs_read+0x5 [kernel]",
      "[unknown]",
    ]);
    expect(await ask(`BPF.sym(${address}n, -1)`)).toEqual(["vfs_read"]);
  });
});

describe("tracepoints", () => {
  it("are listed by the start of their names", async () => {
    const here = readdirSync("/sys/kernel/tracing/events/sched")
      .filter((name) => name.startsWith("sched_process_e"))
      .map((name) => `sched:${name}`);
    const [some, flagged, exact, there, wrongEvent, wrongCategory] = await ask(
      'BPF.get_tracepoints("sched:sched_process_e")',
      "BPF.get_tracepoints(/SCHED:sched_process_E/gi)",
      'BPF.get_tracepoints("sched:sched_switch$")',
      'BPF.tracepoint_exists("sched", "sched_switch")',
      'BPF.tracepoint_exists("sched", "sched_swich")',
      'BPF.tracepoint_exists("shed", "sched_switch")',
    );
    expect((some as string[]).sort()).toEqual(here.sort());
    expect((flagged as string[]).sort()).toEqual(here.sort());
    expect([exact, there, wrongEvent, wrongCategory]).toEqual([["sched:sched_switch"], true, false, false]);
  });
});

describe("the kernel's types", () => {
  it("have the fields that they have, in unions without a name, too", async () => {
    const asked = [
      ["task_struct", "pid"],
      ["task_struct", "no_such_field"],
      ["no_such_struct", "pid"],
      ["sk_buff", "next"],
      ["bpf_map_ops", "map_lookup_batch"],
    ];
    expect(
      await ask(...asked.map(([struct, field]) => `BPF.kernel_struct_has_field("${struct}", "${field}")`)),
    ).toEqual([1, 0, -1, 1, 1]);
  });

  it("have what programs of some kinds need", async () => {
    const [kfunc, raw] = await ask("BPF.support_kfunc()", "BPF.support_raw_tracepoint()");
    expect(raw).toBe(true);
    expect(kfunc).toBe(await haveFentry());
  });
});

/** Whether an fentry program loads here. */
async function haveFentry(): Promise<boolean> {
  const script = writeScript(
    folder,
    "fentry.ts",
    'import { BPF } from "bpfts";\nnew BPF({ text: "KFUNC_PROBE(vfs_read, void *file) { return 0; }" });\n',
  );
  return (await runCli(["check", script])).status === 0;
}

describe("what is attached", () => {
  it("is counted by its kind, until it is detached", async () => {
    buildProgram("places.c", join(folder, "places"));
    const script = writeScript(
      folder,
      "count.ts",
      `import { BPF, print } from "bpfts";
const b = new BPF({ text: "TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) { return 0; } int on_exec(void *ctx) { return 0; } int on_call(void *ctx) { return 0; }" });
const count = () => print(b.num_open_tracepoints(), b.num_open_kprobes(), b.num_open_uprobes());
count();
b.attach_tracepoint({ tp: "sched:sched_process_exec", fn_name: "on_exec" });
count();
b.attach_uprobe({ name: ${JSON.stringify(join(folder, "places"))}, sym: "outer", fn_name: "on_call" });
count();
b.detach_tracepoint({ tp: "sched:sched_process_exec" });
count();
b.close();
count();
`,
    );
    const { stdout, stderr } = await runCli(["run", script]);
    expect(stderr).toBe("");
    expect(stdout).toBe("1 0 0\n2 0 0\n2 0 1\n1 0 1\n0 0 0\n");
  });
});
