import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const env = { BPFTS_CACHE: join(folder, "cache") };
const calls = writeScript(folder, "calls.py", "import os\nfor _ in range(5): os.sched_yield()\n");

/** Counts calls of one process, with a function that is loaded by its name and one that is attached later, from the same object again. */
const script = writeScript(
  folder,
  "constants.ts",
  `import { argv, BPF, command, on_exit, sleep } from "bpfts";
const b = new BPF({ text: \`
const volatile u32 wanted_pid = 0x\${command.pid.toString(16).padStart(8, "0")};
static const volatile u64 wide = \${argv[0]};
BPF_ARRAY(seen, u64, 3);
static inline int count(int at, u64 step) {
    if (bpf_get_current_pid_tgid() >> 32 == wanted_pid)
        seen.increment(at, step);
    return 0;
}
TRACEPOINT_PROBE(syscalls, sys_enter_sched_yield) { return count(0, 1); }
int later(void *ctx) { return count(1, wide); }
\` });
b.attach_tracepoint({ tp: "syscalls:sys_exit_sched_yield", fn_name: "later" });
on_exit(() => console.log([...b.tables.seen.values()].join(" ")));
sleep(60);
`,
);

describe("const volatile numbers of a text", () => {
  const run = async (wide: string): Promise<string> => {
    const { stdout, stderr, status } = await runCli(["run", "-c", `python3 ${calls}`, script, wide], { env });
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    return stdout;
  };

  it("are the kernel's, while texts that differ in them are one object", async () => {
    expect(await run("1000000")).toBe("5 5000000 0\n");
    expect(await run("3000000")).toBe("5 15000000 0\n");
    expect(readdirSync(join(env.BPFTS_CACHE, "object"))).toHaveLength(1);
  });

  it("reach a function whose text only looks as if it had them", async () => {
    const odd = writeScript(
      folder,
      "odd.ts",
      `import { BPF, command, on_exit, sleep } from "bpfts";
const b = new BPF({ text: \`
#define seven renamed
const volatile u32 seven = 7;
static const volatile u32 unused = 8;
BPF_ARRAY(seen, u64, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_sched_yield) {
    int first = 0;
    u64 value = renamed;
    if (bpf_get_current_pid_tgid() >> 32 == \${command.pid}) seen.update(&first, &value);
    return 0;
}
\` });
on_exit(() => console.log([...b.tables.seen.values()].join(" ")));
sleep(60);
`,
    );
    const { stdout, stderr } = await runCli(["run", "-c", `python3 ${calls}`, odd], { env });
    expect({ stdout, stderr }).toEqual({ stdout: "7\n", stderr: "" });
  });
});
