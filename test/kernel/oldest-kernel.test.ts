import { describe, expect, it } from "vitest";
import type { OldestKernel } from "../../runtime/inspect/oldest-kernel.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

describe("the oldest kernel that a check tells", () => {
  const script = writeScript(
    folder,
    "newer.ts",
    `import { BPF } from "bpfts";
new BPF({ text: \`
BPF_HASH(starts, u32, u64);
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    u32 key = 1;
    u64 now = bpf_ktime_get_coarse_ns();
    starts.update(&key, &now);
    return 0;
}\` });
`,
  );

  it("comes with the line and the reason", async () => {
    const { status, stdout, stderr } = await runCli(["check", "--no-load", script]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(
      /\n {2}kernel {4}Linux 5\.11 or newer\n {12}5\.11 for bpf_ktime_get_coarse_ns\(\) at line 6\n$/,
    );
    const { oldestKernel } = JSON.parse((await runCli(["check", "--no-load", "--json", script])).stdout) as {
      oldestKernel: OldestKernel;
    };
    expect(oldestKernel).toEqual({
      version: "5.11",
      unknown: [],
      needs: [
        {
          since: "5.11",
          what: "bpf_ktime_get_coarse_ns()",
          location: expect.objectContaining({ file: script, line: 6 }) as object,
        },
      ],
    });
  });

  it("is not that of atomic operations for a constant 0 that is added", async () => {
    const sums = (n: string): string =>
      writeScript(
        folder,
        "sums.ts",
        `import { BPF } from "bpfts";
new BPF({ text: \`
struct sum_t { u32 narrow; u64 wide; };
BPF_HASH(sums, u32, struct sum_t);
BPF_HASH(counts, u32, u64);
static inline void add(struct sum_t *sum, u64 n) {
    lock_xadd(&sum->narrow, n);
    lock_xadd(&sum->wide, n);
}
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    u32 key = 1;
    struct sum_t *sum = sums.lookup(&key);
    counts.atomic_increment(key, ${n});
    if (sum) add(sum, ${n});
    return 0;
}\` });
`,
      );
    for (const n of ["0", "3", "args->mode"]) {
      const { oldestKernel } = JSON.parse((await runCli(["check", "--no-load", "--json", sums(n)])).stdout) as {
        oldestKernel: OldestKernel;
      };
      expect([n, oldestKernel.needs]).toEqual([n, []]);
    }
  });

  it("is told by the members that a script reads of the kernel's structs", async () => {
    const members = writeScript(
      folder,
      "members.ts",
      `import { BPF } from "bpfts";
new BPF({ text: \`
RAW_TRACEPOINT_PROBE(sched_wakeup) {
    struct task_struct *task = (struct task_struct *)ctx->args[0];
    if (task->pid == 1) return 0;
    return task->bpf_storage != 0;
}\` });
`,
    );
    const { stdout, stderr } = await runCli(["check", "--no-load", members]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(
      /\n {2}kernel {4}Linux 5\.11 or newer\n {12}5\.11 for task_struct\.bpf_storage at line 6\n {12}bpfts cannot tell since when there is each other member of the kernel's structs .*\n$/,
    );
  });

  it("is silent where nothing is newer than bpfts itself needs", async () => {
    const plain = writeScript(
      folder,
      "plain.ts",
      `import { BPF } from "bpfts";\nnew BPF({ text: "TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) { return 0; }" });\n`,
    );
    expect((await runCli(["check", "--no-load", plain])).stdout).not.toContain("kernel");
  });
});
