import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildProgram, startProgram } from "../support/own-program.ts";
import { makeFolder, parseCliError, runCli, writeScript } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";
import { openScriptEditor } from "../support/script-editor.ts";

const folder = makeFolder();
const probed = join(folder, "probed");
const named = join(folder, "named");

beforeAll(() => {
  buildProgram("usdt.c", probed);
  buildProgram("names.cc", named);
});

async function list(...args: readonly string[]): Promise<string[]> {
  const result = await runCli(["list", ...args], { cwd: folder });
  expect(result).toMatchObject({ status: 0 });
  return result.stdout.trimEnd().split("\n");
}

function fail(...args: readonly string[]): Promise<CliResult> {
  return runCli(["list", "--json-errors", ...args], { cwd: folder });
}

describe("bpfts list", () => {
  it("lists every tracepoint that tracefs has, and none besides", async () => {
    const events = readFileSync("/sys/kernel/tracing/available_events", "utf8").trimEnd().split("\n");
    expect(await list("tracepoint:*")).toEqual(events.map((name) => `tracepoint:${name}`).sort());
  });

  it("finds a name in every kind, by globs and by regular expressions", async () => {
    expect(await list("sched_switch")).toEqual(["tracepoint:sched:sched_switch", "raw_tracepoint:sched_switch"]);
    expect(await list("t:sched:sched_wake?p")).toEqual(["tracepoint:sched:sched_wakeup"]);
    expect(await list("-r", "tracepoint:sched_(switch|wakeup)")).toEqual([
      "tracepoint:sched:sched_switch",
      "tracepoint:sched:sched_wakeup",
    ]);
    expect(await list("syscall:open[ab]t")).toEqual(["syscall:openat"]);
    expect(await list("software:cpu-*")).toEqual(["software:cpu-clock", "software:cpu-migrations"]);
  });

  it("shows fields and parameters with their types", async () => {
    expect(await list("-v", "syscall:openat")).toEqual([
      "syscall:openat",
      "    int dfd",
      "    const char *filename",
      "    int flags",
      "    umode_t mode",
      "    long retval",
      ...(process.arch === "x64" ? ["    # number 257"] : []),
      "    > TRACEPOINT_PROBE(syscalls, sys_enter_openat), TRACEPOINT_PROBE(syscalls, sys_exit_openat)",
    ]);
    expect(await list("-v", "kprobe:vfs_read")).toEqual([
      "kprobe:vfs_read",
      "    struct file *file",
      "    char *buf",
      "    size_t count",
      "    loff_t *pos",
      "    ssize_t retval",
      '    > b.attach_kprobe({ event: "vfs_read", fn_name: "…" })',
    ]);
    const [switched] = JSON.parse((await list("--json", "-v", "tracepoint:sched_switch")).join("\n")) as [
      { kind: string; name: string; probe: string; args: { name: string; type: string; offset: number }[] },
    ];
    expect(switched).toMatchObject({
      kind: "tracepoint",
      name: "sched:sched_switch",
      probe: "tracepoint:sched:sched_switch",
    });
    expect(switched.args[0]).toMatchObject({ name: "prev_comm", type: "char[16]", offset: 8, size: 16 });
  });

  it("says which kinds this kernel cannot attach to, and lists them when they are asked for", async () => {
    const kinds = JSON.parse((await list("--kinds", "--json")).join("\n")) as {
      kind: string;
      obstacle: string | null;
    }[];
    const result = await runCli(["list", "vfs_read"], { cwd: folder });
    const works = kinds.filter(({ kind, obstacle }) => (kind === "kprobe" || kind === "fentry") && obstacle === null);
    const expected = works.length > 0 ? works.map(({ kind }) => kind) : ["kprobe", "fentry"];
    expect(result.stdout).toBe(expected.map((kind) => `${kind}:vfs_read\n`).join(""));
    for (const { kind, obstacle } of kinds)
      if ((kind === "kprobe" || kind === "fentry") && works.length === 0)
        expect(result.stderr).toContain(`warning: The kind ${kind} cannot be attached to here: ${obstacle}\n`);
  });

  it("says how the kernel lays a struct out, where bpftool says the same", async () => {
    const text = (await list("-v", "struct sk_buff")).join("\n");
    const dump = execFileSync("bpftool", ["-j", "btf", "dump", "file", "/sys/kernel/btf/vmlinux"], {
      maxBuffer: 1 << 30,
      encoding: "utf8",
    });
    interface Member {
      readonly name: string;
      readonly type_id: number;
      readonly bits_offset: number;
    }
    const { types } = JSON.parse(dump) as {
      types: { id: number; kind: string; name: string; size?: number; members?: Member[] }[];
    };
    const record = types.find(({ kind, name }) => kind === "STRUCT" && name === "sk_buff")!;
    expect(text).toContain(`}; /* ${record.size} bytes */`);
    const listMembers = (id: number, at: number): [string, number][] =>
      types[id - 1]!.members!.flatMap(({ name, type_id, bits_offset }) =>
        name === "(anon)" ? listMembers(type_id, at + bits_offset) : [[name, at + bits_offset] as [string, number]],
      );
    const members = listMembers(record.id, 0);
    expect(members.length).toBeGreaterThan(50);
    for (const [name, bits] of members)
      expect(text).toMatch(new RegExp(`\\b${name}\\b[^;]*; +/\\* ${Math.floor(bits / 8)}(?::${bits % 8})? \\d+ \\*/`));
  });

  it("finds functions by the types that they take and return", async () => {
    const takers = await list("--takes", "const struct oom_control*");
    expect(takers.map((row) => row.replace(/^.*:/, ""))).toContain("oom_kill_process");
    expect(await list("kprobe:vfs_*", "--takes", "struct file *", "--returns", "ssize_t")).toEqual(
      expect.arrayContaining(["kprobe:vfs_read", "kprobe:vfs_write"]),
    );
    const error = parseCliError(await fail("--takes", "struct oom_control"));
    expect(error).toMatchObject({
      message: 'There is no function that takes "struct oom_control"',
      hint: 'did you mean "struct oom_control *"?',
    });
  });

  it("lists functions and probes of a program, by its path and by a process", async () => {
    expect(await list(`${probed}:tick`)).toEqual([`uprobe:${probed}:tick`, `usdt:${probed}:demo:tick`]);
    expect((await list("-v", `usdt:${probed}:demo:tick`)).slice(0, 2)).toEqual([
      `usdt:${probed}:demo:tick`,
      "    s32 arg1",
    ]);
    const child = await startProgram(probed);
    try {
      expect(await list("-p", String(child.pid), "usdt:demo:*")).toEqual(await list(`usdt:${probed}:demo:*`));
      expect(await list("-p", String(child.pid), "uprobe:main")).toEqual([`uprobe:${probed}:main`]);
    } finally {
      await child.end();
    }
  });

  it("finds C++ functions by the name that people write", async () => {
    const rows = await list("-v", `uprobe:${named}:shop::Basket::Add`);
    expect(rows[0]).toMatch(/^uprobe:.*:_ZN4shop6Basket3Add/);
    expect(rows[1]).toMatch(/^ {4}# shop::Basket::Add\(/);
  });

  it("lists helpers, all of them and those of a type of program", async () => {
    const all = await list("helper:*");
    const xdp = await list("helper:xdp:*");
    expect(all).toContain("helper:bpf_get_current_comm");
    expect(xdp).toContain("helper:xdp:bpf_redirect_map");
    expect(xdp).not.toContain("helper:xdp:bpf_override_return");
    expect(xdp.length).toBeLessThan(all.length);
    expect(await list("-v", "helper:bpf_map_lookup_elem")).toEqual([
      "helper:bpf_map_lookup_elem",
      "    void *map",
      "    const void *key",
      "    void *retval",
      "    > bpf_map_lookup_elem(map, key)",
    ]);
  });

  it.each([
    [["kprob:vfs_read"], 'No probe fits "kprob:vfs_read"', 'did you mean "kprobe:vfs_read"?'],
    [["vfs_raed"], 'No probe fits "vfs_raed"', 'did you mean "vfs_read"?'],
    [["sched:sched_swich"], 'No probe fits "sched:sched_swich"', 'did you mean "sched:sched_switch"?'],
    [
      ["tracepoint:sched_.*"],
      'No probe fits "tracepoint:sched_.*"',
      "* stands for any part of a name; for a regular expression: bpfts list -r PATTERN",
    ],
    [["helper:xpd:*"], 'There is no type of program "xpd"', 'did you mean "helper:xdp:*"?'],
    [["struct task_strukt"], 'The kernel has no type "struct task_strukt"', 'did you mean "struct task_struct"?'],
    [["union task_struct"], 'The kernel has no type "union task_struct"', 'it has "struct task_struct"'],
    [["-p", "x"], '"x" is no process number', "for example: -p 181"],
  ])("%j: says what is meant", async (args, message, hint) => {
    expect(parseCliError(await fail(...args))).toMatchObject({ message, hint });
  });

  it("asks for a program where a kind needs one", async () => {
    expect(parseCliError(await fail("uprobe"))).toMatchObject({
      message: "Cannot list probes of the kind uprobe: in which program?",
    });
  });
});

describe("bpfts list --script", () => {
  const editor = openScriptEditor();

  async function write(name: string, ...args: readonly string[]): Promise<string> {
    const { stdout, status } = await runCli(["list", "--script", ...args], { cwd: folder });
    expect(status).toBe(0);
    expect(editor.listErrors(stdout)).toEqual([]);
    return writeScript(folder, `${name}.ts`, stdout);
  }

  it("writes a script for a system call that prints each with its file", async () => {
    const script = await write("calls", "openat");
    const { stdout, stderr, status } = await runCli(["run", "-c", `cat ${probed}.none`, script], { cwd: folder });
    expect(stderr).toContain("No such file");
    // That of cat.
    expect(status).toBe(1);
    const rows = stdout.split("\n").filter((row) => row.includes(`${probed}.none`.slice(0, 63)));
    expect(rows).toEqual([expect.stringMatching(/^cat +\d+ +-100 +\//)]);
    expect(stdout).toMatch(/\nCOMM +COUNT\ncat +\d+\n$/);
  });

  it("writes scripts for uprobes and USDT probes that count exactly", async () => {
    writeScript(folder, "lines", "\n\n\n");
    const shell = writeScript(folder, "turns.sh", `exec ${probed} < ${join(folder, "lines")}\n`);
    // The static function and the two places of the probe, three turns each.
    for (const [pattern, count] of [
      [`uprobe:${probed}:tick`, 3],
      [`usdt:${probed}:demo:tick`, 6],
    ] as const) {
      const script = await write("turns", pattern);
      const { stdout, stderr, status } = await runCli(["run", "-c", `sh ${shell}`, script], { cwd: folder });
      expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
      expect(stdout).toMatch(new RegExp(`\nCOMM +COUNT\nprobed +${count}\n$`));
      expect(stdout.match(/^probed +\d+ +\S+.*$/gm)).toHaveLength(count);
    }
  });

  it.each(["sched:sched_process_exec", "raw_tracepoint:sched_switch", "kprobe:vfs_read"])(
    "%s: writes one that the verifier takes",
    async (pattern) => {
      const result = await runCli(["check", await write("checked", pattern)], { cwd: folder });
      expect(result).toMatchObject({ status: 0, stderr: "" });
    },
  );

  // Since Linux 6.3
  const haveReceived = existsSync("/sys/kernel/tracing/events/sock/sock_recv_length");
  it.runIf(haveReceived)(
    "gives the arguments of a raw tracepoint their own types: the kernel widens them without a sign",
    async () => {
      const received = await write("received", "raw_tracepoint:sock_recv_length");
      expect(readFileSync(received, "utf8")).toMatch(/^ +int ret;\n[^]*event\.ret = \(int\)ctx->args\[1\];/m);
      const freed = await write("freed", "raw_tracepoint:kfree");
      expect(readFileSync(freed, "utf8")).toMatch(/^ +(?:long unsigned int|unsigned long) call_site;/m);
      // Nothing waits at the command's socket: the answer is -EAGAIN.
      const line = `python3 -c 'import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.setblocking(False)\ntry: s.recv(1)\nexcept BlockingIOError: pass'`;
      const { stdout, stderr, status } = await runCli(["run", "-c", line, received], { cwd: folder });
      expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
      expect(stdout).toMatch(/^python3 .* -11 /m);
    },
  );

  it("writes a script for an iterator that prints what it walks through", async () => {
    const script = await write("walked", "iter:task");
    const { stdout, stderr, status } = await runCli(["run", script], { cwd: folder });
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    const [head, ...rows] = stdout.trimEnd().split("\n");
    expect(head).toMatch(/^NUMBER +PID +COMM *$/);
    expect(rows.map((row) => Number(row.split(" ")[0]))).toEqual(rows.map((_, index) => index));
    expect(rows.filter((row) => Number(row.split(/ +/)[1]) === process.pid).length).toBeGreaterThan(0);
    expect(parseCliError(await runCli(["list", "--json-errors", "--script", "iter:bpf_map_elem"]))).toMatchObject({
      message: "There is no skeleton for iter:bpf_map_elem",
    });
  });

  it("says which one to name when a pattern fits several", async () => {
    expect(parseCliError(await runCli(["list", "--json-errors", "--script", "sched_w*"]))).toMatchObject({
      message: expect.stringMatching(/^Cannot write one script for \d+ probes$/) as string,
    });
  });
});
