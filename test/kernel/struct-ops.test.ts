import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { endings, expectNothingLeft } from "../support/endings.ts";
import { makeNetns } from "../support/own-netns.ts";
import { makeFolder, root, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const allowed = "--allow-struct-ops";
const connections = join(root, "test/kernel/programs/congestion.py");

/** A congestion control that counts what it is asked for. Its functions begin with the given name. */
function writeControl(name: string, table = ""): string {
  return `
BPF_HASH(calls, u32, u64);
SEC("struct_ops/init")
void BPF_PROG(${name}_init, struct sock *sk) { calls.increment(1); }
SEC("struct_ops/ssthresh")
u32 BPF_PROG(${name}_ssthresh, struct sock *sk) { return max(((struct tcp_sock *)sk)->snd_cwnd >> 1U, 2U); }
SEC("struct_ops/undo_cwnd")
u32 BPF_PROG(${name}_undo, struct sock *sk) { return ((struct tcp_sock *)sk)->snd_cwnd; }
SEC("struct_ops/cong_avoid")
void BPF_PROG(${name}_avoid, struct sock *sk, u32 ack, u32 acked) {
    struct tcp_sock *tp = (struct tcp_sock *)sk;
    calls.increment(2);
    if (sk->__sk_common.skc_family != AF_INET) calls.increment(3);
    tp->snd_cwnd = 7;
}
${
  table ||
  `SEC(".struct_ops")
struct tcp_congestion_ops mine = {
    .init = (void *)${name}_init,
    .ssthresh = (void *)${name}_ssthresh,
    .undo_cwnd = (void *)${name}_undo,
    .cong_avoid = (void *)${name}_avoid,
    .name = "${name}",
};`
}
`;
}

function listControls(): string[] {
  return readFileSync("/proc/sys/net/ipv4/tcp_available_congestion_control", "utf8").trim().split(" ");
}

describe("a table of struct_ops", () => {
  it("is called by the kernel for the connections that ask for it, until it is detached", async () => {
    const netns = await makeNetns();
    spawnSync("sh", ["-c", netns.enter("ip link set lo up")]);
    const script = writeScript(
      folder,
      "control.ts",
      `import { BPF, print, sleep } from "bpfts";
const b = new BPF({ text: /* c */ \`${writeControl("bpfts_one")}\` });
b.attach_struct_ops({ map: "mine" });
print("ready");
const say = (run: () => unknown): void => { try { run(); print("nothing"); } catch (error) { const { message, hint } = error as { message: string; hint?: string }; print(message + (hint === undefined ? "" : "\\n  " + hint)); } };
say(() => b.attach_struct_ops({ map: "mine" }));
say(() => b.attach_struct_ops({ map: "min" }));
say(() => b.attach_struct_ops({ table: "mine" } as never));
say(() => b.load_func("bpfts_one_init"));
b.detach_struct_ops({ map: "mine" });
say(() => b.detach_struct_ops({ map: "mine" }));
b.attach_struct_ops({ map: "mine" });
try { sleep(60); }
finally {
  const calls = new Map([...b.tables.calls]);
  print(calls.get(1), (calls.get(2) ?? 0n) > 10n, calls.get(3));
}`,
    );
    const command = netns.enter(`python3 ${connections} bpfts_one 3`);
    const { stdout, stderr } = await runCli(["run", allowed, "-c", command, script]);
    expect(stderr).toBe("");
    expect(stdout.split("\n").filter((line) => line === "bpfts_one")).toHaveLength(3);
    expect(stdout.replaceAll("bpfts_one\n", "")).toMatchInlineSnapshot(`
      "ready
      Cannot attach "mine": it is attached already
      Cannot attach "min": the C text has no such table of struct_ops
        did you mean "mine"?
      attach_struct_ops() has no option "table"
        its options are: map; for example { map: … }
      Cannot load "bpfts_one_init": it is loaded with the table of struct_ops that has it
        attach the table: attach_struct_ops({ map: … })
      Cannot detach "mine": it is not attached
      3 true undefined
      "
    `);
    expect(listControls()).not.toContain("bpfts_one");
    const after = spawnSync("sh", ["-c", netns.enter(`python3 ${connections} bpfts_one 1`)], { encoding: "utf8" });
    expect(after.stdout).toBe("refused: No such file or directory\n");
  });

  it.each(endings)("is gone after %s", async (ending) => {
    await expectNothingLeft(
      folder,
      ending,
      "bpfts_end_init",
      `import { BPF } from "bpfts";
const b = new BPF({ text: \`${writeControl("bpfts_end")}\` });
b.attach_struct_ops({ map: "mine" });`,
      [allowed],
    );
    expect(listControls()).not.toContain("bpfts_end");
  });

  it("is refused without the user's leave, and named by a check", async () => {
    const script = writeScript(
      folder,
      "leave.ts",
      `import { BPF } from "bpfts";\nconst b = new BPF({ text: \`${writeControl("bpfts_two")}\` });\nb.attach_struct_ops({ map: "mine" });`,
    );
    const { status, stderr } = await runCli(["run", script]);
    expect(status).toBe(3);
    expect(stderr).toContain(
      "a struct_ops program, decides for the kernel: a script may do that only with --allow-struct-ops",
    );
    expect(stderr).toContain("leave.ts:");
    const check = await runCli(["check", script]);
    expect(check.status).toBe(0);
    expect(check.stdout).toContain("struct_ops tcp_congestion_ops mine");
    expect(check.stdout).toContain(
      '"bpfts_two_init", a struct_ops program, decides for the kernel at line 5: run needs --allow-struct-ops',
    );
    expect(listControls()).not.toContain("bpfts_two");
  });

  const table = (members: string): string => `SEC(".struct_ops.link") struct tcp_congestion_ops mine = { ${members} };`;
  it.each([
    ["lacks what the kernel needs", table('.init = (void *)bpfts_bad_init, .name = "bpfts_bad"')],
    [
      "has a name that is taken",
      table(
        '.ssthresh = (void *)bpfts_bad_ssthresh, .undo_cwnd = (void *)bpfts_bad_undo, .cong_avoid = (void *)bpfts_bad_avoid, .name = "reno"',
      ),
    ],
    [
      "has a function that is no program of struct_ops",
      `SEC("tp/sched/sched_switch") int other(void *ctx) { return 0; }\n${table(".init = (void *)other")}`,
    ],
    ["is hidden from the dialect", `#define PLACE ".struct_ops"\nSEC(PLACE) struct tcp_congestion_ops mine = {};`],
  ])("says what is wrong when it %s", async (_, text) => {
    const script = writeScript(
      folder,
      "wrong.ts",
      `import { BPF } from "bpfts";\nconst b = new BPF({ text: \`${writeControl("bpfts_bad", text)}\` });\nb.attach_struct_ops({ map: "mine" });`,
    );
    const { status, stderr } = await runCli(["run", allowed, script], { cwd: folder });
    expect(status).toBe(1);
    expect(stderr).toMatchSnapshot();
  });

  it("is looked at by a check although nothing attaches it", async () => {
    const text = writeControl("bpfts_check").replace("calls.increment(1)", "((struct tcp_sock *)sk)->srtt_us = 1");
    const script = writeScript(
      folder,
      "unattached.ts",
      `import { BPF } from "bpfts";\nnew BPF({ text: \`${text}\` });`,
    );
    const { status, stderr } = await runCli(["check", script]);
    expect(status).toBe(1);
    expect(stderr).toContain('The kernel\'s verifier rejects "bpfts_check_init"');
    expect(stderr).toContain("unattached.ts:5");
  });
});
