import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, makeFolder, root, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const script = writeScript(
  folder,
  "probe.ts",
  `import { BPF, print } from "bpfts";
new BPF({ text: "TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) { return 0; }" });
print("loaded");
`,
);
const room = join(folder, "room");
mkdirSync(room);

/** Runs a script under shell commands that come before it. */
function runBehind(before: string, words = `run "${script}"`): { status: number | null; stderr: string } {
  const line = `${before.endsWith(";") ? `${before} exec` : before} "$NODE" "${cli}" ${words}`;
  const { status, stderr } = spawnSync("unshare", ["-m", "sh", "-c", line], {
    cwd: root,
    env: { ...process.env, NODE: process.execPath, ROOM: room },
    encoding: "utf8",
  });
  return { status, stderr };
}

describe("a machine or process without enough of something", () => {
  it.each([
    ["open files", "ulimit -n 24;", /^error: This process may not open more than 24 files.*\nhint: .*ulimit -n 1024/],
    // With 64 KiB Node itself ends at times before a line of JavaScript has run.
    ["stack", "ulimit -s 512;", /^error: The limit of the stack is 512 KiB.*\nhint: .*ulimit -s 8192/],
    ["/sys", "mount -t tmpfs none /sys;", /^error: .*nothing is mounted on \/sys[^]*\nhint: mount it/],
    [
      "disk for the cache",
      'mount -t tmpfs -o size=512k none "$ROOM"; export BPFTS_CACHE="$ROOM/cache";',
      /^error: The disk is full.*ENOSPC[^]*\nhint: make room there/,
    ],
    [
      "disk for temporary files",
      'mount -t tmpfs -o size=128k none "$ROOM"; export TMPDIR="$ROOM" BPFTS_CACHE="$ROOM/../fresh";',
      /^error: clang has no room[^]*\nhint: .*TMPDIR/,
    ],
    ["rights, in a user namespace", "exec unshare -Ur", /^error: .*user namespace only[^]*\nhint: run it outside/],
  ])("is told of too little: %s", (_name, before, sentence) => {
    const { status, stderr } = runBehind(before);
    expect(stderr).toMatch(sentence);
    expect(status).toBe(3);
  });

  it("is told which limit a table of open probes passed", async () => {
    const many = writeScript(
      folder,
      "many.ts",
      `import { BPF } from "bpfts";
const programs = Array.from({ length: 60 }, () => new BPF({ text: "TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) { return 0; }" }));
`,
    );
    // By the limit it is another file that finds no room: one of a program, a map, a link.
    for (const limit of [70, 71, 72, 73]) {
      const { status, stderr } = runBehind(`ulimit -n ${limit};`, `run "${many}"`);
      expect(stderr).toMatch(
        new RegExp(`^error: This process may not open more than ${limit} files: .*EMFILE[^]*\\nhint: .*ulimit -n`),
      );
      expect(status).toBe(3);
    }
  });

  it("is told of memory when a table is larger than the script may hold", async () => {
    const large = writeScript(
      folder,
      "large.ts",
      `import { BPF } from "bpfts";
const b = new BPF({ text: "BPF_ARRAY(values, u64, 6000000);" });
let sum = 0n;
for (const [, value] of b.get_table("values")) sum += value;
`,
    );
    const { status, stderr } = await runCli(["run", "--memory", "16", large]);
    expect(stderr).toMatch(/^error: The script used up its memory[^]*\nhint: .*--memory/);
    expect(status).toBe(1);
  });
});

describe("first runs", () => {
  it("at once make the kernel's types once", async () => {
    const env = { BPFTS_CACHE: join(folder, "first") };
    const results = await Promise.all(Array.from({ length: 4 }, () => runCli(["run", "--verbose", script], { env })));
    expect(results.map(({ status, stdout }) => [status, stdout])).toEqual(Array(4).fill([0, "loaded\n"]));
    const count = (word: string): number => results.filter(({ stderr }) => stderr.includes(word)).length;
    expect([count("listed the kernel's types"), count("compiled the kernel's types")]).toEqual([1, 1]);
  });
});

describe("an option of an attach call", () => {
  it.each([
    ["attach_perf_event", "ev_type: 1, ev_config: 0, sample_freq: 99, cpu: 2 ** 32", "A perf event takes cpu"],
    ["attach_perf_event", "ev_type: 2 ** 40, ev_config: 0, sample_freq: 99", "A perf event takes ev_type"],
    ["attach_perf_event", "ev_type: 1, ev_config: 0.5, sample_freq: 99", "A perf event takes ev_config"],
    ["attach_perf_event", "ev_type: 1, ev_config: 0, sample_period: -5", "A perf event takes sample_period"],
    ["attach_perf_event", "ev_type: 1, ev_config: 0, sample_freq: NaN", "A perf event takes sample_freq"],
    ["attach_perf_event", "ev_type: 1, ev_config: 0, sample_freq: 99, pid: 2 ** 31", "A perf event takes pid"],
    ["attach_kprobe", 'event: "vfs_read", event_off: -1', "A kprobe takes event_off"],
    ["attach_kretprobe", 'event: "vfs_read", maxactive: 1e10', "A kretprobe takes maxactive"],
    ["attach_uprobe", 'name: "c", sym: "malloc", pid: 2 ** 40', "A uprobe takes pid"],
    ["attach_uprobe", 'name: "c", sym: "malloc", sym_off: 1.5', "A uprobe takes sym_off"],
    ["attach_uretprobe", 'name: "c", addr: -1', "A uretprobe takes addr"],
    ["attach_func", 'attach_type: 2 ** 33, cgroup: "/"', "attach_func\\(\\) takes attach_type"],
  ])("of %s that is out of range is named: %s", async (call, options, sentence) => {
    const wrong = writeScript(
      folder,
      "wrong.ts",
      `import { BPF } from "bpfts";
new BPF({ text: "int f(void *ctx) { return 0; }" }).${call}({ fn_name: "f", ${options} });
`,
    );
    const { status, stderr } = await runCli(["run", wrong]);
    expect(stderr).toMatch(new RegExp(`^error: ${sentence} as a whole number from -?\\d+ to \\d+, got`));
    expect(status).toBe(1);
  });
});
