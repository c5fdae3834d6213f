import { describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { needFeature } from "../support/need-feature.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const port = openAddon();

const filter = "if (bpf_get_current_pid_tgid() >> 32 != ${command!.pid}) return 0;";
const asKprobes = `
int kprobe__vfs_read(struct pt_regs *ctx, struct file *file, char *buf, size_t count) {
    ${filter}
    if (count == 700) { seen.increment(1); if (file->f_mode) seen.increment(2); }
    return 0;
}
int kretprobe__vfs_read(struct pt_regs *regs) {
    ${filter}
    if (PT_REGS_RC(regs) == 700) seen.increment(3);
    return 0;
}
int kprobe__vfs_write(struct pt_regs *c) {
    ${filter}
    struct file *file = (struct file *)PT_REGS_PARM1(c);
    if (PT_REGS_PARM3(c) == 700) { seen.increment(4); if (file->f_mode) seen.increment(5); }
    return 0;
}`;
const asFentry = `
KFUNC_PROBE(vfs_read, struct file *file, char *buf, size_t count) {
    ${filter}
    if (count == 700) { seen.increment(1); if (file->f_mode) seen.increment(2); }
    return 0;
}
KRETFUNC_PROBE(vfs_read, struct file *file, char *buf, size_t count, loff_t *pos, ssize_t ret) {
    ${filter}
    if (ret == 700) seen.increment(3);
    return 0;
}
KFUNC_PROBE(vfs_write, struct file *file, char *buf, size_t count) {
    ${filter}
    if (count == 700) { seen.increment(4); if (file->f_mode) seen.increment(5); }
    return 0;
}`;

describe("--prefer", () => {
  it.for([
    ["kprobes by fentry", asKprobes, "fentry"],
    ["fentry by kprobes", asFentry, "kprobe"],
  ] as const)("counts the same with %s", async ([name, text, preference], context) => {
    needFeature(context, port, "kprobe");
    needFeature(context, port, "fentry");
    const script = writeScript(
      folder,
      `${name.replaceAll(" ", "-")}.ts`,
      `import { BPF, command, print, sleep } from "bpfts";
const b = new BPF({ text: \`BPF_HASH(seen, u32, u64);${text}\` });
try { sleep(60); } finally { print(b.num_open_kprobes(), [...b.tables.seen].sort(([x], [y]) => x - y).map(String).join(" ")); }`,
    );
    const command = "dd if=/dev/zero of=/dev/null bs=700 count=5 status=none";
    const counts = "1,5 2,5 3,5 4,5 5,5\n";
    const plain = await runCli(["run", "-c", command, script]);
    expect(plain).toMatchObject({ stderr: "", stdout: `${preference === "fentry" ? 3 : 0} ${counts}` });
    const preferred = await runCli(["run", "--prefer", preference, "-c", command, script]);
    expect(preferred).toMatchObject({ stderr: "", stdout: `${preference === "fentry" ? 0 : 3} ${counts}` });
  });

  it("says that a kernel cannot have it so, and goes on as the text says", async (context) => {
    const have = await runCli(["run", "--prefer", "kprobes", "none.ts"]);
    expect(have.status).toBe(2);
    expect(have.stderr).toContain("fentry, kprobe");
    const script = writeScript(
      folder,
      "registers.ts",
      `import { BPF } from "bpfts";
new BPF({ text: \`int kprobe__vfs_read(struct pt_regs *ctx) { return ctx->di == 12345; }\` });`,
    );
    needFeature(context, port, "kprobe");
    const { status, stderr } = await runCli(["run", "--prefer", "fentry", script]);
    expect(status).toBe(0);
    expect(stderr).toContain('--prefer fentry: "kprobe__vfs_read" stays as it is: it reads registers');
  });
});
