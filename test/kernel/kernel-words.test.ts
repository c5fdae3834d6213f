import { describe, expect, it } from "vitest";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

/** A command opens a file with flags that the kernel is asked about, and ends; the values of small functions are worked out beside it. */
const script = `import { BPF, Interrupt, command, print, sleep } from "bpfts";
const b = new BPF({ text: \`
#include <linux/fcntl.h>
BPF_HASH(seen, u32, u64);
static void put(u32 slot, u64 value) { seen.update(&slot, &value); }
RAW_TRACEPOINT_PROBE(sys_enter) {
  if (bpf_get_current_pid_tgid() >> 32 != TRACED) return 0;
  struct pt_regs *regs = (struct pt_regs *)ctx->args[0];
  if (ctx->args[1] == __NR_openat && (PT_REGS_PARM3_CORE_SYSCALL(regs) & (O_DIRECTORY | O_CLOEXEC)) == (O_DIRECTORY | O_CLOEXEC)) seen.increment(0);
  if (ctx->args[1] == __NR_exit_group) {
    u64 now = bpf_ktime_get_ns() | BIT_ULL(40);
    s64 less = -7000 - (s64)(now & 0);
    put(1, ilog2(now & GENMASK_ULL(40, 40)));
    put(2, abs(less));
    put(3, -ktime_to_us(less));
    put(4, roundup((now & 0) + 7, 5));
    put(5, is_power_of_2((now & 0) + 64) + 2 * is_power_of_2((now & 0) + 65));
    put(6, IS_ENABLED(CONFIG_BPF_SYSCALL));
    put(7, jiffies_to_msecs(HZ + (now & 0)));
  }
  return 0;
}
\`.replaceAll("TRACED", String(command!.pid)) });
try { sleep(60); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
const seen = b.table<number, bigint>("seen");
print([0, 1, 2, 3, 4, 5, 6, 7].map((slot) => String(seen.get(slot))).join(" "));
`;

describe("words of the kernel's headers", () => {
  it("mean what the kernel means by them", async () => {
    const path = writeScript(folder, "words.ts", script);
    // ls opens each folder that it is given with O_DIRECTORY | O_CLOEXEC.
    const { status, stdout, stderr } = await runCli(["run", "-c", "ls / /proc /sys", path]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("3 40 7000 7 10 1 1 1000");
  });

  // Each kernel has its own layouts of these structs; loading asks the verifier and the relocations.
  it("load on this kernel", async () => {
    const text = `
RAW_TRACEPOINT_PROBE(sched_switch) {
  struct request *rq = (struct request *)ctx->args[0];
  struct bio *bio = (struct bio *)ctx->args[0];
  struct file *file = (struct file *)ctx->args[0];
  struct task_struct *task = (struct task_struct *)ctx->args[0];
  struct sock *sk = (struct sock *)ctx->args[0];
  return req_op(rq) + bio_op(bio) + rq_data_dir(rq) + bio_data_dir(bio) + blk_rq_bytes(rq) + blk_rq_sectors(rq) + blk_rq_pos(rq) + bio_sectors(bio)
    + ktime_to_ns(rq->start_time_ns) + S_ISREG(file_inode(file)->i_mode) + task_nice(task) + sock_flag(sk, SOCK_DEAD) + op_is_write(req_op(rq));
}`;
    const path = writeScript(
      folder,
      "load.ts",
      `import { BPF } from "bpfts";\nnew BPF({ text: \`${text}\` }).close();\n`,
    );
    const { status, stderr } = await runCli(["check", path]);
    expect([status, stderr]).toEqual([0, ""]);
  });
});
