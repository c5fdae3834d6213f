import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeJsonScript, readJson } from "../support/json-script.ts";
import { startProgram } from "../support/own-program.ts";
import { makeStep } from "../support/own-step.ts";
import { makeFolder, root, runCli, startCli } from "../support/run-cli.ts";

const folder = makeFolder();
const lastCpu = Number(readFileSync("/sys/devices/system/cpu/possible", "utf8").trim().split("-").at(-1));

/** Keeps the count of page faults at each chdir of the process, by perf_read and by perf_counter_value. */
const text = `BPF_PERF_ARRAY(faults, ${lastCpu + 1});
BPF_HASH(plain, u32, u64);
BPF_HASH(whole, u32, struct bpf_perf_event_value);
BPF_ARRAY(turn, u32, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    if (bpf_get_current_pid_tgid() >> 32 != TARGET) return 0;
    int zero = 0; u32 *n = turn.lookup(&zero); if (!n) return 0;
    u32 index = (*n)++;
    u64 count = faults.perf_read(bpf_get_smp_processor_id());
    plain.update(&index, &count);
    struct bpf_perf_event_value value = {};
    if (faults.perf_counter_value(bpf_get_smp_processor_id(), &value, sizeof(value)) == 0) whole.update(&index, &value);
    return 0;
}`;

describe("a perf array", () => {
  it("gives the program the counters of each CPU, and none any more once they are closed", async () => {
    const target = await startProgram("python3", [join(root, "test/kernel/programs/page_faults.py")]);
    const script = makeJsonScript(
      folder,
      "faults",
      text.replace("TARGET", String(target.pid)),
      `
const faults = b.get_table("faults"), plain = b.get_table("plain"), whole = b.get_table("whole");
const { PerfType, PerfSWConfig } = bpfts;
json(faults.open_perf_event(PerfType.SOFTWARE, PerfSWConfig.PAGE_FAULTS, ${target.pid}));
print("open");
wait();
faults.close_perf_event();
faults.close_perf_event();
print("closed");
try { sleep(300); } catch {}
json([plain.get(1)! - plain.get(0)!, (whole.get(1) as { counter: bigint }).counter - (whole.get(0) as { counter: bigint }).counter, BigInt.asIntN(64, plain.get(2)!), whole.has(2)]);`,
    );
    const step = makeStep(folder, "faults-step");
    const run = startCli(["run", ...step.options, script]);
    await run.waitFor("open");
    await target.turn();
    step.take();
    await run.waitFor("closed");
    await target.turn();
    run.child.kill("SIGINT");
    const [opened, counts] = readJson(await run.ended);
    await target.end();
    expect(opened).toBeGreaterThan(0);
    const [read, value, closed, have] = counts as [string, string, string, boolean];
    // The interpreter may touch a page of its own between the two.
    for (const faults of [read, value]) expect(parseInt(faults, 10)).toBeGreaterThanOrEqual(1000);
    for (const faults of [read, value]) expect(parseInt(faults, 10)).toBeLessThan(1050);
    expect([closed, have]).toEqual(["-2n", false]);
  });

  it("replaces counters, and says what cannot be counted", async () => {
    const rows = readJson(
      await runCli([
        "run",
        makeJsonScript(
          folder,
          "refused",
          `${text.replace("TARGET", "1")} BPF_RINGBUF_OUTPUT(ring, 1);`,
          `
const faults = b.get_table("faults");
const { PerfType, PerfSWConfig } = bpfts;
json([faults.open_perf_event(PerfType.SOFTWARE, PerfSWConfig.CPU_CLOCK), faults.open_perf_event(PerfType.SOFTWARE, PerfSWConfig.PAGE_FAULTS)]);
json([fails(() => faults.open_perf_event(PerfType.SOFTWARE, 999)), fails(() => faults.open_perf_event(PerfType.SOFTWARE, PerfSWConfig.CPU_CLOCK, 4194305)), fails(() => b.get_table("ring").open_perf_event(1, 0))]);
b.close();
json([fails(() => faults.open_perf_event(1, 0)), fails(() => faults.close_perf_event())]);`,
        ),
      ]),
    );
    const [counts, refused, closed] = rows as [number[], string[], string[]];
    expect(counts[0]).toBe(counts[1]);
    expect(refused[0]).toMatch(/^Cannot count event type 1 config 999 on CPU \d+: this machine has no such event/);
    expect(refused[1]).toMatch(/^Cannot count event type 1 config 0 on CPU \d+: there is no process 4194305$/);
    expect(refused[2]).toBe('Cannot call open_perf_event() on "ring": it is a ring buffer (BPF_RINGBUF_OUTPUT)');
    expect(closed).toEqual(['Cannot open "faults": its program was closed', "no error but undefined"]);
  });
});

describe("a perf event", () => {
  it("is detached by its type and number, and can be attached again", async () => {
    const script = makeJsonScript(
      folder,
      "samples",
      `BPF_HASH(counts, u32, u64);
int on_sample(struct bpf_perf_event_data *ctx) { u32 zero = 0; counts.atomic_increment(zero); return 0; }`,
      `
const { PerfType, PerfSWConfig } = bpfts;
const event = { ev_type: PerfType.SOFTWARE, ev_config: PerfSWConfig.CPU_CLOCK };
const counts = b.get_table("counts");
const count = () => Number(counts.get(0) ?? 0n);
b.attach_perf_event({ ...event, fn_name: "on_sample", sample_freq: 99 });
sleep(0.3);
b.detach_perf_event(event);
const before = count();
sleep(0.3);
const after = count();
b.attach_perf_event({ ...event, fn_name: "on_sample", sample_freq: 99 });
sleep(0.3);
json([before > 0, after === before, count() > after]);`,
    );
    expect(readJson(await runCli(["run", script]))).toEqual([[true, true, true]]);
  });
});
