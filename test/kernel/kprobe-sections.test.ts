import { describe, expect, it } from "vitest";
import type { TestContext } from "vitest";
import { readMachine } from "../../runtime/kernel/machine/machine.ts";
import { port } from "../support/live-object.ts";
import { needFeature } from "../support/need-feature.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
let scripts = 0;
const write = (text: string, finish: string, setup = ""): string =>
  writeScript(
    folder,
    `sections-${++scripts}.ts`,
    `import { BPF, Interrupt, command, print, sleep } from "bpfts";
const b = new BPF({ text: \`
BPF_HASH(seen, u64, u64);
static int is_traced(void) { return bpf_get_current_pid_tgid() >> 32 == \${command.pid}; }
${text}\` });
${setup}
try { for (;;) sleep(1); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
${finish}
`,
  );
const numbers =
  'print([...b.tables.seen].sort(([a], [c]) => Number(a - c)).map(([slot, count]) => slot + "=" + count).join(" "));';

const needSessions = (context: TestContext): void => {
  needFeature(context, port, "kprobe_multi");
  if (readMachine().versionCode < 0x60a00) context.skip("needs sessions of kprobes, which came with Linux 6.10");
};

/** Seven directories made and removed, of which two cannot be made again; and three getsid calls. */
const calls = writeScript(
  folder,
  "calls.py",
  `import os
for turn in range(7): os.mkdir("${folder}/m%d" % turn, 0o700 + turn % 2)
for turn in range(2):
    try: os.mkdir("${folder}/m0")
    except FileExistsError: pass
for turn in range(7): os.rmdir("${folder}/m%d" % turn)
for turn in range(3): os.getsid(0)
`,
);
const traced = ["run", "-c", `python3 ${calls}`];

describe("sections of kernel functions", () => {
  it("ksyscall and kretsyscall name a system call, whatever its function is called here", async (context) => {
    needFeature(context, port, "kprobe");
    const script = write(
      `
SEC("ksyscall/mkdir")
int BPF_KSYSCALL(on_mkdir, const char *path, int mode) { if (is_traced()) seen.increment(mode); return 0; }
SEC("kretsyscall/mkdir")
int BPF_KRETPROBE(off_mkdir, int ret) { if (is_traced()) seen.increment(10000 - ret); return 0; }
SEC("kprobe/security_path_rmdir")
int BPF_KPROBE(on_rmdir) { if (is_traced()) seen.increment(20000); return 0; }
SEC("kprobe/security_path_rmdir+0")
int BPF_KPROBE(on_rmdir_again) { if (is_traced()) seen.increment(20001); return 0; }
SEC("kretprobe/security_path_rmdir")
int BPF_KRETPROBE(off_rmdir, int ret) { if (is_traced()) seen.increment(30000 - ret); return 0; }
`,
      numbers,
    );
    const { stdout, stderr } = await runCli([...traced, script], { cwd: folder });
    expect(stderr).toBe("");
    // Modes 0700, 0701 and 0777; answers 0 and -EEXIST.
    expect(stdout).toBe("448=4 449=3 511=2 10000=7 10017=2 20000=7 20001=7 30000=7\n");
  });

  it("kprobe.multi takes a pattern, and tells which function was hit", async (context) => {
    needFeature(context, port, "kprobe");
    const script = write(
      `
SEC("kprobe.multi/*_sys_?kdir")
int on_call(struct pt_regs *ctx) { if (is_traced()) seen.increment(bpf_get_attach_cookie(ctx)); return 0; }
SEC("kretprobe.multi/*_sys_gets?d")
int on_return(struct pt_regs *ctx) { if (is_traced()) seen.increment(bpf_get_attach_cookie(ctx)); return 0; }
`,
      `print([...b.tables.seen].map(([cookie, count]) => b.attached_name(cookie).replace(/^__\\w+?_sys_/, "") + "=" + count).sort().join(" "));`,
    );
    const { stdout, stderr } = await runCli([...traced, script], { cwd: folder });
    expect(stderr).toBe("");
    expect(stdout).toBe("getsid=3 mkdir=9\n");
  });

  it("kprobe.session sees entry and return, unless the entry says no", async (context) => {
    needSessions(context);
    // Later kernels hand the context to it.
    const text = (parameter: string, argument: string): string => `
BPF_HASH(seen, u64, u64);
extern bool bpf_session_is_return(${parameter}) __ksym;
static int is_traced(void) { return bpf_get_current_pid_tgid() >> 32 == TRACED; }
SEC("kprobe.session/*_sys_mkdir")
int on_both(struct pt_regs *ctx) { if (is_traced()) seen.increment(bpf_session_is_return(${argument})); return 0; }
SEC("kprobe.session/*_sys_rmdir")
int on_entry(struct pt_regs *ctx) { if (is_traced()) seen.increment(10 + bpf_session_is_return(${argument})); return 1; }
int by_hand(struct pt_regs *ctx) { if (is_traced()) seen.increment(20 + bpf_session_is_return(${argument})); return 0; }
`;
    const script = writeScript(
      folder,
      "session.ts",
      `import { BPF, Interrupt, command, print, sleep } from "bpfts";
const make = (text: string) => new BPF<{ seen: import("bpfts").Table<bigint, bigint> }, any>({ text: text.replace("TRACED", String(command.pid)) } as any);
const messages: string[] = [];
let b: any;
for (const text of ${JSON.stringify([text("void", ""), text("void *", "ctx")])})
  try { b ??= make(text); } catch (error) { messages.push((error as Error).message); }
if (b === undefined) throw new Error(messages.join());
if (messages.length > 0) print(messages.join());
b.attach_kprobe({ event: b.get_syscall_fnname("getsid"), fn_name: "by_hand", session: true });
try { for (;;) sleep(1); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
print([...b.tables.seen].sort(([a], [c]) => Number(a - c)).map(([slot, count]) => slot + "=" + count).join(" "));`,
    );
    const { stdout, stderr } = await runCli([...traced, script], { cwd: folder });
    expect(stderr).toBe("");
    expect(stdout.split("\n").at(-2)).toBe("0=9 1=9 10=7 20=3 21=3");
    expect(stdout.replace(/^.*21=3\n/m, "")).toMatch(
      /^(?:The C text declares the kernel function "bpf_session_is_return" otherwise than this kernel has it\n)?$/,
    );
  });

  it("more than ten thousand functions are attached, named and left", async (context) => {
    needFeature(context, port, "kprobe_multi");
    const script = writeScript(
      folder,
      "thousands.ts",
      `import { BPF, command, print, sleep, Interrupt } from "bpfts";
const b = new BPF({ text: \`
BPF_HASH(seen, u64, u64, 65536);
int on_call(struct pt_regs *ctx) {
    u64 cookie = bpf_get_attach_cookie(ctx);
    if (bpf_get_current_pid_tgid() >> 32 == \${command.pid}) seen.increment(cookie);
    return 0;
}\` });
const event_re = "(__x64_sys_|[c-i]).*";
const begin = Date.now();
b.attach_kprobe({ event_re, fn_name: "on_call" });
const attached = Date.now();
const count = b.num_open_kprobes();
try { for (;;) sleep(1); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
const before = Date.now();
b.detach_kprobe({ event_re });
print("left", b.num_open_kprobes(), "ms", attached - begin, Date.now() - before);
const counts = new Map([...b.tables.seen].map(([cookie, times]) => [b.attached_name(cookie), times]));
print(count, BPF.get_kprobe_functions(event_re).length, [...counts.keys()].includes("[unknown]"));
for (const name of ["mkdir", "rmdir", "getsid"]) print(name, counts.get(b.get_syscall_fnname(name)));`,
    );
    const { stdout, stderr } = await runCli([...traced, script], { cwd: folder });
    expect(stderr).toBe("");
    const [left, sizes, ...calls] = stdout.trimEnd().split("\n");
    console.log(left, sizes);
    expect(left).toMatch(/^left 0 ms /);
    const [, attached, known] = /^(\d+) (\d+) false$/.exec(sizes!)!;
    expect(Number(attached)).toBeGreaterThan(10_000);
    expect(Number(attached)).toBeLessThanOrEqual(Number(known));
    expect(calls).toEqual(["mkdir 9", "rmdir 7", "getsid 3"]);
  });
});
