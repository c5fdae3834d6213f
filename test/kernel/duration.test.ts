import { describe, expect, it } from "vitest";
import { makeFolder, parseCliError, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const counting = writeScript(
  folder,
  "counting.ts",
  `import { BPF, on_exit, print, sleep } from "bpfts";
const b = new BPF({ text: /* c */ \`TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) { return 0; }\` });
on_exit(() => print("bye"));
print("ready");
for (;;) sleep(0.05);
void b;
`,
);

describe("run --duration", () => {
  it("ends a script like Ctrl-C when its time is over", async () => {
    const { status, stdout, stderr, durationMs } = await runCli(["run", "--duration", "0.7", counting]);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "ready\nbye\n", stderr: "" });
    expect(durationMs).toBeGreaterThan(700);
  });

  it("ends the command of -c with it", async () => {
    const { status, durationMs } = await runCli(["run", "--duration", "0.5", "-c", "sleep 60", counting]);
    expect([status, durationMs < 30_000]).toEqual([0, true]);
  });

  it("does nothing to a script that ends before", async () => {
    const quick = writeScript(folder, "quick.ts", `import { print, sleep } from "bpfts"; sleep(0.01); print("done");`);
    const { status, stdout, durationMs } = await runCli(["run", "--duration", "50", quick]);
    expect([status, stdout, durationMs < 30_000]).toEqual([0, "done\n", true]);
  });

  it("is no second signal while an end handler runs", async () => {
    const slow = writeScript(
      folder,
      "slow.ts",
      `import { exit, on_exit, print, sleep } from "bpfts";
on_exit(() => { sleep(0.4); print("bye"); });
sleep(0.1);
exit(3);`,
    );
    expect(await runCli(["run", "--duration", "0.3", slow])).toMatchObject({ status: 3, stdout: "bye\n" });
  });

  it.each([
    ["abc", "give seconds, such as 5 or 0.5"],
    ["0", "give seconds, such as 5 or 0.5"],
    ["-1", "give seconds, such as 5 or 0.5"],
    ["3000000", "give at most 2000000 seconds"],
  ])("refuses %s", async (value, message) => {
    const result = await runCli(["run", "--json-errors", `--duration=${value}`, counting]);
    expect(result.status).toBe(2);
    expect(parseCliError(result).message).toContain(message);
  });
});
