import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { btfFolder } from "../../runtime/kernel/machine/module-types.ts";
import { port } from "../support/live-object.ts";
import { needFeature } from "../support/need-feature.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

/** A script that counts what the traced command does, and prints its table `seen` by slot when the command has ended. */
function writeCounter(name: string, text: string, more = ""): string {
  return writeScript(
    folder,
    `${name}.ts`,
    `import { BPF, Interrupt, command, print, sleep } from "bpfts";
const b = new BPF({ text: \`
BPF_HASH(seen, u32, long);
static int is_mine(struct task_struct *task) { return task->tgid == TRACED || task->real_parent->tgid == TRACED; }
static int is_traced(void) { struct task_struct *task = (struct task_struct *)bpf_get_current_task(); return is_mine(task); }
static void put(u32 slot, long value) { seen.update(&slot, &value); }
static void count(u32 slot) { seen.atomic_increment(slot); }
${text}\`.replaceAll("TRACED", String(command!.root_pid)) });
${more}
try { sleep(60); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
print([...b.get_table("seen").entries()].sort(([a], [c]) => Number(a) - Number(c)).map(([slot, value]) => slot + "=" + value).join(" "));
`,
  );
}

describe("LSM programs", () => {
  it("see a hook's arguments, and their answer is the kernel's", async (context) => {
    needFeature(context, port, "lsm");
    const script = writeCounter(
      "lsm",
      `
LSM_PROBE(task_setnice, struct task_struct *p, int nice) {
  if (!is_mine(p)) return 0;
  count(nice);
  put(0, p->comm[0]);
  return nice == 8 ? -EPERM : 0;
}
SEC("lsm/task_kill")
int BPF_PROG(on_kill, struct task_struct *p, struct kernel_siginfo *info, int sig, const struct cred *cred, int ret) {
  if (!is_traced()) return ret;
  put(100 + sig, p->tgid == TRACED);
  return sig == 23 ? -EPERM : ret;
}
SEC("lsm.s/bprm_committed_creds")
int BPF_PROG(on_exec, struct linux_binprm *bprm) {
  if (is_traced()) count(200 + bprm->argc);
  return 0;
}
`,
    );
    // Words of what is executed: sh -c and its command; nice and what it runs, three times.
    const executed = "201=2 203=1 204=3 207=1";
    const result = await runCli(
      [
        "run",
        "--allow-override",
        "-c",
        "nice -n 7 true; nice -n 8 true; kill -0 $$ && kill -URG $$ || nice -n 7 true a b c",
        script,
      ],
      { env: { LC_ALL: "C" } },
    );
    expect(result).toMatchObject({ status: 0, stdout: `0=${"n".charCodeAt(0)} 7=2 8=1 100=1 123=1 ${executed}\n` });
    expect(result.stderr).toContain("nice: cannot set niceness");
  }, 300_000);

  it("are told at their head that they may not sleep", async (context) => {
    needFeature(context, port, "lsm");
    const result = await runCli([
      "run",
      "-c",
      "true",
      writeCounter("sleeping", '\nSEC("lsm.s/task_kill")\nint BPF_PROG(on_kill, struct task_struct *p) { return 0; }'),
    ]);
    expect(result.stderr).toContain('The kernel\'s verifier rejects "on_kill": bpf_lsm_task_kill is not sleepable');
    expect(result.stderr).toMatch(/\n *\d+ \| .*BPF_PROG\(on_kill[^]*hint: this hook may not sleep on this kernel/);
  }, 300_000);
});

describe("BPF_PROG under a section of fentry and fexit", () => {
  it("sees arguments and result, beside BCC's heads", async (context) => {
    needFeature(context, port, "fentry");
    const script = writeCounter(
      "sections",
      `
SEC("fentry/security_task_setnice")
int BPF_PROG(entered, struct task_struct *p, int nice) { if (is_mine(p)) count(nice); return 0; }
SEC("fexit/security_task_setnice")
int BPF_PROG(left, struct task_struct *p, int nice, int ret) { if (is_mine(p)) put(20 + nice, ret); return 0; }
int BPF_PROG(kfunc__vmlinux__security_task_setnice, struct task_struct *p, int nice) { if (is_mine(p)) count(40 + nice); return 0; }
KRETFUNC_PROBE(security_task_setnice, struct task_struct *p, int nice, int ret) { if (is_mine(p)) put(60 + nice, ret + 1); return 0; }
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm) { if (is_mine(p)) put(80, bprm->argc); return 0; }
`,
    );
    const result = await runCli(["run", "-c", "nice -n 5 true; nice -n 6 true one two", script]);
    expect(result).toMatchObject({ status: 0, stderr: "", stdout: "5=1 6=1 25=0 26=0 45=1 46=1 65=1 66=1 80=3\n" });
  }, 300_000);
});

describe("MODULE_KFUNC_PROBE and MODULE_KRETFUNC_PROBE", () => {
  it("see a module's function", async (context) => {
    // A guest's root is an overlay, whose file system is a module there.
    const mount = /^\S+ (\S+) overlay /m.exec(readFileSync("/proc/mounts", "utf8"))?.[1];
    if (!existsSync(`${btfFolder}/overlay`) || mount === undefined)
      return context.skip("needs a module with types at work: this test knows overlay, and a mount of it");
    needFeature(context, port, "fentry");
    const script = writeCounter(
      "modules",
      `
#include <linux/statfs.h>
MODULE_KFUNC_PROBE(overlay, ovl_statfs, struct dentry *dentry, struct kstatfs *buf) {
  if (is_traced()) { count(0); put(1, dentry->d_sb->s_magic == 0x794c7630); }
  return 0;
}
MODULE_KRETFUNC_PROBE(overlay, ovl_statfs, struct dentry *dentry, struct kstatfs *buf, int ret) {
  if (is_traced()) { put(2, ret); put(3, buf->f_type); }
  return 0;
}
`,
    );
    const result = await runCli(["run", "-c", `stat -f ${mount} && stat -f ${mount}`, script]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(result.stdout.trimEnd().split("\n").at(-1)).toBe(`0=2 1=1 2=0 3=${0x794c7630}`);
  }, 300_000);
});
