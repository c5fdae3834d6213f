import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readMachine } from "../../runtime/kernel/machine/machine.ts";
import { needFeature } from "../support/need-feature.ts";
import { runTool } from "../support/own-program.ts";
import { port } from "../support/live-object.ts";
import { makeFolder, parseCliError, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const program = join(folder, "many");
const FUNCTIONS = 500;
/** How often the program calls a function. */
const countCalls = (index: number): number => (index % 5) + 1;

beforeAll(() => {
  const numbers = Array.from({ length: FUNCTIONS }, (_, index) => index);
  const source = writeScript(
    folder,
    "many.c",
    `#include <pthread.h>
${numbers.map((index) => `__attribute__((noinline)) int work_${index}(int x) { asm volatile(""); return x + ${index}; }`).join("\n")}
__attribute__((noinline)) int other(int x) { asm volatile(""); return x; }
static void *run(void *unused) {
${numbers.map((index) => `  for (int i = 0; i < ${countCalls(index)}; i++) work_${index}(i);`).join("\n")}
  other(1);
  return 0;
}
int main(void) {
  pthread_t thread;
  pthread_create(&thread, 0, run, 0);
  pthread_join(thread, 0);
  return 0;
}
`,
  );
  runTool("gcc", "-O1", "-fno-ipa-icf", "-pthread", "-o", program, source);
});

let scripts = 0;
function write(text: string): string {
  return writeScript(
    folder,
    `many-${++scripts}.ts`,
    `import { BPF, Interrupt, command, print, sleep } from "bpfts";\n${text}`,
  );
}

const counting = `
const b = new BPF({ text: \`
BPF_HASH(counts, u64, u64);
int on_call(struct pt_regs *ctx) {
    u64 cookie = bpf_get_attach_cookie(ctx);
    counts.increment(cookie);
    return 0;
}
\` });
const name = ${JSON.stringify("PROGRAM")};
`;

const finish = `
try { for (;;) sleep(1); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
for (const [cookie, count] of b.tables.counts.entries()) print("count", b.attached_name(cookie), count);
`;

const text = (body: string): string => counting.replace("PROGRAM", program) + body;

function readCounts(stdout: string): Record<string, number> {
  return Object.fromEntries(
    [...stdout.matchAll(/^count (\S+) (\d+)$/gm)].map(([, name, count]) => [name!, Number(count)]),
  );
}

describe("many places", () => {
  it("are counted exactly by one function, which is told the name of each", async (context) => {
    needFeature(context, port, "uprobe");
    const script = write(
      text(`const before = Date.now();
b.attach_uprobe({ name, sym_re: "work_", fn_name: "on_call" });
print("attached", b.num_open_uprobes(), Date.now() - before);
${finish}`),
    );
    const { stdout, stderr, status } = await runCli(["run", "-c", program, script], { cwd: folder });
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    const [, places, ms] = /^attached (\d+) (\d+)$/m.exec(stdout)!;
    expect(Number(places)).toBe(FUNCTIONS);
    expect(readCounts(stdout)).toEqual(
      Object.fromEntries(Array.from({ length: FUNCTIONS }, (_, index) => [`work_${index}`, countCalls(index)])),
    );
    // A binary's symbols, the program's load and the link. Where BPFTS_REQUIRE is set the processor is emulated.
    const limit = process.env["BPFTS_REQUIRE"] === undefined ? 1000 : 10_000;
    if (readMachine().versionCode >= 0x60600) expect(Number(ms)).toBeLessThan(limit);
  });

  it("of one process are seen in all of its threads", async () => {
    const script = write(
      text(`b.attach_uprobe({ name, sym_re: "work_1\\\\d*$", pid: command.pid, fn_name: "on_call" });\n${finish}`),
    );
    const { stdout, stderr } = await runCli(["run", "-c", program, script], { cwd: folder });
    expect(stderr).toBe("");
    const wanted = Array.from({ length: FUNCTIONS }, (_, index) => index).filter((index) =>
      String(index).startsWith("1"),
    );
    expect(readCounts(stdout)).toEqual(Object.fromEntries(wanted.map((index) => [`work_${index}`, countCalls(index)])));
  });

  it("are counted at their returns, too", async () => {
    const script = write(text(`b.attach_uretprobe({ name, sym_re: "work_4[0-4]?$", fn_name: "on_call" });\n${finish}`));
    const { stdout, stderr } = await runCli(["run", "-c", program, script], { cwd: folder });
    expect(stderr).toBe("");
    const wanted = [4, 40, 41, 42, 43, 44];
    expect(readCounts(stdout)).toEqual(Object.fromEntries(wanted.map((index) => [`work_${index}`, countCalls(index)])));
  });

  it("are left one by one or together", async () => {
    const script = write(
      text(`b.attach_uprobe({ name, sym_re: "work_", fn_name: "on_call" });
b.attach_uprobe({ name, sym: "other", fn_name: "on_call" });
print("open", b.num_open_uprobes());
b.detach_uprobe({ name, sym: "work_7" });
print("open", b.num_open_uprobes());
b.detach_uprobe({ name, sym_re: "work_[0-9]$" });
print("open", b.num_open_uprobes());
${finish}`),
    );
    const { stdout, stderr } = await runCli(["run", "-c", program, script], { cwd: folder });
    expect(stderr).toBe("");
    expect([...stdout.matchAll(/^open (\d+)$/gm)].map(([, count]) => Number(count))).toEqual([501, 500, 491]);
    const counts = readCounts(stdout);
    expect(Object.keys(counts)).toHaveLength(491);
    expect(counts).toMatchObject({ other: 1, work_10: 1, work_499: 5 });
    expect(counts).not.toHaveProperty("work_7");
  });

  it("are as many as the limit allows", async () => {
    const script = write(text(`b.attach_uprobe({ name, sym_re: "work_", fn_name: "on_call", limit: 499 });`));
    const result = await runCli(["run", "--json-errors", script], { cwd: folder });
    expect(parseCliError(result)).toMatchObject({
      message: "Cannot attach: the pattern fits 500 places, which is more than the limit of 499",
      hint: "write a narrower pattern, or raise the option limit",
    });
  });

  it("that are tracepoints are told by category and event", async () => {
    const script = write(
      `const b = new BPF({ text: \`
BPF_HASH(counts, u64, u64);
int on_call(void *ctx) {
    u64 cookie = bpf_get_attach_cookie(ctx);
    if (bpf_get_current_pid_tgid() >> 32 == \${command.pid}) counts.increment(cookie);
    return 0;
}
\` });
b.attach_tracepoint({ tp_re: "syscalls:sys_(enter|exit)_(clone3|exit_group|execve)", fn_name: "on_call" });
${finish}`,
    );
    const { stdout, stderr } = await runCli(["run", "-c", program, script], { cwd: folder });
    expect(stderr).toBe("");
    expect(readCounts(stdout)).toEqual({
      "syscalls:sys_enter_execve": 1,
      "syscalls:sys_exit_execve": 1,
      "syscalls:sys_enter_clone3": 1,
      // Both threads come back from it.
      "syscalls:sys_exit_clone3": 2,
      "syscalls:sys_enter_exit_group": 1,
    });
  });
});

describe("many kernel functions", () => {
  it("are counted exactly by one function", async (context) => {
    needFeature(context, port, "kprobe");
    const script = write(
      `const b = new BPF({ text: \`
BPF_HASH(counts, u64, u64);
int on_call(struct pt_regs *ctx) {
    u64 cookie = bpf_get_attach_cookie(ctx);
    if (bpf_get_current_pid_tgid() >> 32 == \${command.pid}) counts.increment(cookie);
    return 0;
}
\` });
b.attach_kprobe({ event_re: "__(x64|arm64)_sys_(mkdir|rmdir|getsid|chdir)", fn_name: "on_call" });
print("attached", b.num_open_kprobes());
${finish}`,
    );
    const calls = writeScript(
      folder,
      "calls.py",
      `import os
for turn in range(7): os.mkdir("${folder}/m%d" % turn)
for turn in range(7): os.rmdir("${folder}/m%d" % turn)
for turn in range(3): os.getsid(0)
for turn in range(2): os.chdir("/")
`,
    );
    const { stdout, stderr } = await runCli(["run", "-c", `python3 ${calls}`, script], { cwd: folder });
    expect(stderr).toBe("");
    const counts = Object.fromEntries(
      Object.entries(readCounts(stdout)).map(([name, count]) => [name.replace(/^__\w+?_sys_/, ""), count]),
    );
    expect(counts).toEqual({ mkdir: 7, rmdir: 7, getsid: 3, chdir: 2 });
    expect(stdout).toContain("attached 4\n");
  });

  it("that a compiler made copies of are all attached, and refused ones passed over", async (context) => {
    needFeature(context, port, "kprobe");
    const script = write(
      `const b = new BPF({ text: "int on_call(struct pt_regs *ctx) { return 0; }" });
const before = Date.now();
b.attach_kprobe({ event_re: "tcp_.*", fn_name: "on_call" });
print("attached", b.num_open_kprobes(), BPF.get_kprobe_functions("tcp_.*").length, Date.now() - before);`,
    );
    const { stdout, stderr } = await runCli(["run", script], { cwd: folder });
    expect(stderr).toBe("");
    const [, attached, known] = /^attached (\d+) (\d+)/m.exec(stdout)!;
    expect(Number(attached)).toBeGreaterThan(100);
    expect(Number(attached)).toBeLessThanOrEqual(Number(known));
  });
});
