import { existsSync, readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { endings, expectNothingLeft } from "../support/endings.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const state = "/sys/kernel/sched_ext/state";

const scheduler = `import { BPF, print, read_file, sleep } from "bpfts";
const b = new BPF({ text: /* c */ \`
BPF_ARRAY(calls, u64, 1);
extern void scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym;

SEC("struct_ops/enqueue")
void BPF_PROG(bpfts_enqueue, struct task_struct *p, u64 enq_flags) {
    calls.increment(0);
    scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}
SEC(".struct_ops.link")
struct sched_ext_ops mine = { .enqueue = (void *)bpfts_enqueue, .name = "bpfts_fifo" };
\` });
b.attach_struct_ops({ map: "mine" });
`;

describe("a scheduler of sched_ext", () => {
  beforeEach((context) => {
    if (existsSync(state) || (process.env["BPFTS_REQUIRE"] ?? "").split(",").includes("sched_ext")) return;
    context.skip("needs sched_ext: this kernel has no schedulers by BPF (CONFIG_SCHED_CLASS_EXT, Linux 6.12)");
  });

  it("puts the machine's threads in their order until it is detached", async () => {
    const script = writeScript(
      folder,
      "fifo.ts",
      `${scheduler}
print(read_file("${state}").trim(), read_file("/sys/kernel/sched_ext/root/ops").trim());
sleep(0.5);
b.detach_struct_ops({ map: "mine" });
const calls = b.tables.calls.get(0) ?? 0n;
print(calls > 10n, read_file("${state}").trim());
sleep(0.2);
print(b.tables.calls.get(0) === calls);
`,
    );
    expect(await runCli(["run", "--allow-struct-ops", script])).toMatchObject({
      status: 0,
      stderr: "",
      stdout: "enabled bpfts_fifo\ntrue disabled\ntrue\n",
    });
  });

  it.each(endings)("is gone after %s", async (ending) => {
    await expectNothingLeft(folder, ending, "bpfts_enqueue", scheduler, ["--allow-struct-ops"]);
    expect(readFileSync(state, "utf8")).toBe("disabled\n");
  });
});
