import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { cli, makeFolder, parseCliError, root, runCli, startCli, writeScript } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { needFeature } from "../support/need-feature.ts";
import { buildProgram } from "../support/own-program.ts";

const folder = makeFolder();
const program = buildProgram("one_liner.c", join(folder, "target"));

/** A shell that changes its directory 100 times. */
const chdirs = "i=0; while [ $i -lt 50 ]; do cd /; cd /tmp; i=$((i+1)); done";
const chdir = 80;

async function trace(text: string, command: string, ...options: readonly string[]): Promise<string[]> {
  const result = await runCli(["-e", text, "-c", command, ...options]);
  expect({ status: result.status, stderr: result.stderr }).toEqual({
    status: 0,
    // A shell's line warns where its pid is compared.
    stderr: expect.stringMatching(/^(?:warning: The script compares pids .*\n)?Attached \d probes?\.\n$/) as string,
  });
  return result.stdout.trimEnd().split("\n");
}

const parse = (lines: readonly string[]): unknown[] => lines.map((line) => JSON.parse(line) as unknown);

it.each([
  [["--max-cpu", "0"], "hint: see bpfts -e --help\n"],
  [["more"], "Too many arguments for '-e'"],
  [["-e", "interval:s:2 { count(); }"], "it was given before: several blocks stand one after the other in one text"],
  [["-c", "true", "-c", "false"], "it was given before: one command line may have several: -c 'first; second'"],
])("says what is wrong with %j, and where its own help is", async (options, message) => {
  const { status, stderr } = await runCli(["-e", "interval:s:1 { count(); }", ...options]);
  expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
});

it.each([
  ["-e", "--help"],
  ["--expression", "-h"],
  ["run", "-e", "--help"],
])("has its help behind %s %s", async (...words) => {
  const { status, stdout } = await runCli(words);
  expect([status, stdout]).toEqual([0, expect.stringMatching(/^Usage: bpfts -e TEXT \[options\]\n/)]);
});

it("refuses a process that is not there, and the number of a thread", async () => {
  const text = "tracepoint:raw_syscalls:sys_enter { count(); }";
  const gone = await runCli(["-e", text, "-p", "4194304", "-d", "1"]);
  expect([gone.status, gone.stderr]).toEqual([1, expect.stringContaining("there is no process 4194304")]);
  const thread = readdirSync("/proc/self/task").find((one) => one !== String(process.pid))!;
  const { status, stderr } = await runCli(["-e", text, "-p", thread, "-d", "1"]);
  expect([status, stderr]).toEqual([1, expect.stringContaining(`${thread} is a thread of process ${process.pid}\n`)]);
});

describe("one-liners count exactly", () => {
  it("1: prints opened files", async () => {
    const path = writeScript(folder, "one.txt", "");
    const lines = await trace(
      'tracepoint:syscalls:sys_enter_openat if (pid == cpid) { print("%s %s\\n", comm, str(args->filename)); }',
      `cat ${path} ${path} ${path}`,
    );
    expect(lines.filter((line) => line.includes(folder))).toEqual(Array(3).fill(`cat ${path}`));
  });

  it("2: counts system calls by name", async () => {
    const text = `tracepoint:raw_syscalls:sys_enter if (pid == cpid && args->id == ${chdir}) { count(comm); }`;
    expect(await trace(text, chdirs)).toEqual(["count:", "sh  100"]);
  });

  it("3 and 10: makes a histogram, and a sum, of what read returns", async () => {
    const reads = "exec dd if=/dev/zero of=/dev/null bs=512 count=20 status=none";
    const text =
      "tracepoint:syscalls:sys_exit_read if (pid == cpid && args->ret == 512) { hist(args->ret); sum(args->ret, comm); }";
    expect(await trace(text, reads)).toEqual([
      "hist:",
      "     value               : count     distribution",
      `       512 -> 1023       : 20       |${"*".repeat(40)}|`,
      "",
      "sum:",
      "dd  10240",
    ]);
  });

  it.each(["FOO=1 mkdir -p z1", "mkdir -p z2*", "FOO='a b' mkdir -p z3* 2> /dev/null"])(
    "has the command's own process where one command needs a shell: %s",
    async (line) => {
      const { stdout, stderr } = await runCli(
        ["-e", "tracepoint:syscalls:sys_enter_mkdir if (pid == cpid) { count() }", "-c", line],
        { cwd: folder },
      );
      expect([stdout, stderr]).toEqual(["count: 1\n", "Attached 1 probe.\n"]);
    },
  );

  it("is warned of where the line is a shell's", async () => {
    const text = "tracepoint:syscalls:sys_enter_mkdir if (pid == cpid) { count() }";
    const { stderr } = await runCli(["-e", text, "-c", "mkdir -p z4 && true"], { cwd: folder });
    expect(stderr).toMatch(/^warning: The script compares pids .* "mkdir -p z4 && true"/m);
  });

  it("6: prints processes that start", async () => {
    const text = 'tracepoint:sched:sched_process_exec if (pid == cpid) { print("%s %d\\n", comm, pid == cpid); }';
    expect(await trace(text, "exec true; :")).toEqual(["sh 1", "true 1"]);
  });

  it("8: counts kernel stacks", async () => {
    const lines = parse(
      await trace("tracepoint:sched:sched_switch if (pid == cpid) { count(kstack); }", "sleep 0.05", "--json"),
    ) as { rows: { key: { kstack: string[] }; value: number }[] }[];
    const sleeping = lines[0]!.rows.filter(({ key }) => key.kstack.some((frame) => frame.includes("nanosleep")));
    expect(sleeping.reduce((sum, { value }) => sum + value, 0)).toBe(1);
  });

  it("11 and 16: sees signals that are sent", async () => {
    const command = "trap '' USR1; kill -USR1 $$; kill -USR1 $$; kill -USR1 $$";
    const print = 'print("%s %d %d\\n", comm, args->pid == cpid, args->sig);';
    expect(await trace(`tracepoint:syscalls:sys_enter_kill if (pid == cpid) { ${print} }`, command)).toEqual(
      Array(3).fill("sh 1 10"),
    );
    const count =
      "tracepoint:signal:signal_generate if (pid == cpid && args->sig == 10) { count(args->comm, args->sig); }";
    expect(await trace(count, command)).toEqual(["count:", "sh, 10  3"]);
  });

  it("12: counts page faults", async () => {
    const count = async (pages: number): Promise<number> => {
      const text = 'software:page_faults:1 if (pid == cpid && comm == "target") { count(comm, pid == cpid); }';
      const lines = await trace(text, `${program} ${pages}`);
      return Number(/^target, 1 +(\d+)$/.exec(lines[1]!)![1]);
    };
    const [few, many] = [await count(0), await count(1000)];
    expect(many - few).toBeGreaterThanOrEqual(990);
    expect(many - few).toBeLessThanOrEqual(1010);
  });

  it("14: makes a histogram of a function's argument, of one process alone", async () => {
    const text = `uprobe:${program}:work { hist(arg1); args1.sum(arg1); } uretprobe:${program}:work { results.count((int)retval); }`;
    expect(await trace(text, program)).toEqual([
      "hist:",
      "     value               : count     distribution",
      `         0 -> 1          : 2        |${"********************".padEnd(40)}|`,
      `         2 -> 3          : 2        |${"********************".padEnd(40)}|`,
      `         4 -> 7          : 4        |${"*".repeat(40)}|`,
      "",
      "args1: 28",
      "",
      "results:",
      "-5  1",
      "7   7",
    ]);
  });

  it("17: reads the arguments of a raw tracepoint", async () => {
    const text = `rawtracepoint:sys_enter if (pid == cpid && arg2 == ${chdir}) { count(comm, ctx->args[1]); }`;
    expect(await trace(text, chdirs)).toEqual(["count:", `sh, ${chdir}  100`]);
  });

  it("18: has two probes for one block", async () => {
    const path = writeScript(folder, "both.txt", "");
    const text =
      "tracepoint:syscalls:sys_enter_openat, tracepoint:syscalls:sys_exit_openat if (pid == cpid) { count(comm); }";
    const [, row] = await trace(text, `cat ${path} ${path}`);
    // The entry of each call, and its return.
    expect(Number(/^cat +(\d+)$/.exec(row!)![1]) % 2).toBe(0);
  });

  it("19: keeps a time by thread and takes it", async () => {
    const text = `tracepoint:raw_syscalls:sys_enter if (pid == cpid && args->id == ${chdir}) { t.set(tid, nsecs); }
      tracepoint:raw_syscalls:sys_exit if (t.has(tid)) { hist(nsecs - t.take(tid), args->id); }`;
    const lines = parse(await trace(text, chdirs, "--json")) as { key: unknown; buckets: { count: number }[] }[];
    expect(lines).toMatchObject([{ type: "hist", name: "hist", key: { id: chdir } }]);
    expect(lines[0]!.buckets.reduce((sum, { count }) => sum + count, 0)).toBe(100);
  });
});

describe("one-liners on kernel functions", () => {
  const port = openAddon();
  const reads = "exec dd if=/dev/zero of=/dev/null bs=512 count=20 status=none";

  it("4: makes a histogram of equal steps of what a function returns", async (context) => {
    needFeature(context, port, "kprobe");
    const text = "kretprobe:vfs_read if (pid == cpid && retval == 512) { lhist(retval, 0, 2000, 200); }";
    expect(await trace(text, reads)).toEqual([
      "lhist:",
      "     value               : count     distribution",
      `       400 -> 599        : 20       |${"*".repeat(40)}|`,
    ]);
  });

  it("5: measures the time between a function's entry and its return", async (context) => {
    needFeature(context, port, "kprobe");
    const text = `kprobe:vfs_read if (pid == cpid && arg3 == 512) { s.set(tid, nsecs); }
      kretprobe:vfs_read if (s.has(tid)) { hist(nsecs - s.take(tid), comm); }`;
    const lines = parse(await trace(text, reads, "--json")) as { key: unknown; buckets: { count: number }[] }[];
    expect(lines).toMatchObject([{ name: "hist", key: { comm: "dd" } }]);
    expect(lines[0]!.buckets.reduce((sum, { count }) => sum + count, 0)).toBe(20);
  });

  it("13: counts calls by name and process, of a pattern too", async (context) => {
    needFeature(context, port, "kprobe");
    const text = "kprobe:vfs_read if (pid == cpid && arg3 == 512) { count(comm, pid == cpid); }";
    expect(await trace(text, reads)).toEqual(["count:", "dd, 1  20"]);
    expect(await trace(text.replace("vfs_read", "vfs_rea?"), reads)).toEqual(["count:", "dd, 1  20"]);
  });

  it("20: reads a struct behind an argument", async (context) => {
    needFeature(context, port, "kprobe");
    const path = writeScript(folder, "twenty.txt", "");
    const text = `kprobe:do_sys_openat2 if (uid == 0 && pid == cpid) {
      struct open_how *how = (void *)arg3; print("%s %s %x\\n", comm, str(arg2), how->flags); }`;
    const lines = await trace(text, `cat ${path}`);
    expect(lines.filter((line) => line.includes(path))).toEqual([expect.stringMatching(/^cat \S+ 8?000$/)]);
  });

  it("traces the entry and the return of a function without breakpoints", async (context) => {
    needFeature(context, port, "fentry");
    const text = `fentry:vfs_read if (pid == cpid && arg3 == 512) { count(comm); }
      fexit:vfs_read if (pid == cpid && arg3 == 512) { sum(retval, comm); }`;
    expect(await trace(text, reads)).toEqual(["count:", "dd  20", "", "sum:", "dd  10240"]);
  });
});

describe("words and tables", () => {
  const own = "tracepoint:syscalls:sys_enter_chdir if (pid == cpid)";

  it("fills every kind of table", async () => {
    const block = `{ n.set(pid, n.get(pid) + 1); u64 i = n.get(pid); count(); sum(i); min(i); max(i, comm); avg(i);
      lhist(i, 10, 90, 20, comm); signs.hist((s64)i - 50); signs2.lhist((s64)i - 50, -10, 10, 10); }`;
    expect(await trace(`${own} ${block}`, chdirs)).toEqual([
      expect.stringMatching(/^n:$/),
      expect.stringMatching(/^\d+ {2}100$/),
      "",
      "count: 100",
      "",
      "sum: 5050",
      "",
      "min: 1",
      "",
      "max:",
      "sh  100",
      "",
      "avg: 50",
      "",
      'lhist, comm = "sh"',
      "     value               : count     distribution",
      "           <  10         : 9        |******************                      |",
      "        10 -> 29         : 20       |****************************************|",
      "        30 -> 49         : 20       |****************************************|",
      "        50 -> 69         : 20       |****************************************|",
      "        70 -> 89         : 20       |****************************************|",
      "           >= 90         : 11       |**********************                  |",
      "",
      "signs:",
      "     value               : count     distribution",
      "           <  0          : 49       |****************************************|",
      "         0 -> 1          : 2        |*                                       |",
      "         2 -> 3          : 2        |*                                       |",
      "         4 -> 7          : 4        |***                                     |",
      "         8 -> 15         : 8        |******                                  |",
      "        16 -> 31         : 16       |*************                           |",
      "        32 -> 63         : 19       |***************                         |",
      "",
      "signs2:",
      "     value               : count     distribution",
      "           <  -10        : 39       |**************************************  |",
      "       -10 -> -1         : 10       |*********                               |",
      "         0 -> 9          : 10       |*********                               |",
      "           >= 10         : 41       |****************************************|",
    ]);
  });

  it("keeps keys that are too large for a program's stack", async () => {
    expect(await trace(`${own} { count(str(args->filename), comm); }`, chdirs)).toEqual([
      "count:",
      "/, sh     50",
      "/tmp, sh  50",
    ]);
  });

  it("prints several events in their order, with stacks and times", async () => {
    const block = '{ print("a %s\\n", str(args->filename)); print("%s %s\\n", walltime, kstack); }';
    const lines = await trace(`${own} ${block}`, "cd /; cd /tmp");
    expect(lines[0]).toBe("a /");
    expect(lines[1]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9}$/);
    expect(lines[2]).toMatch(/^ {4}\w/);
    expect(Math.abs(Date.parse(lines[1]!.slice(0, 19)) - Date.now())).toBeLessThan(60_000);
    expect(lines.filter((line) => line.startsWith("a "))).toEqual(["a /", "a /tmp"]);
  });

  it("reads what a program's function takes and returns by the prototype in the text", async () => {
    const probes = `uprobe:${program}:work { first.count(arg1); } uretprobe:${program}:work { count(retval); }`;
    const whole = ["0  1", "1  1", "2  1", "3  1", "4  1", "5  1", "6  1", "7  1"];
    const bare = await trace(probes, program);
    expect(bare.slice(-3)).toEqual(["count:", "4294967291  1", "7           7"]);
    const typed = await trace(`int work(long pid, ...); ${probes}`, program);
    expect(typed).toEqual(["first:", ...whole, "", "count:", "-5  1", "7   7"]);
    const narrow = await trace(`int work(_Bool); ${probes}`, program);
    expect(narrow.slice(-3)).toEqual(["count:", "-5  1", "7   7"]);
  });

  it("prints frames one a line", async () => {
    const block = '{ print("%s in%s.\\n", comm, kstack); print("%s\\n", kstack); }';
    const [first, ...rest] = await trace(`${own} ${block}`, "cd /");
    expect(first).toBe("sh in");
    const end = rest.findIndex((line) => line.endsWith("."));
    expect(end).toBeGreaterThan(0);
    const frames = rest.slice(0, end + 1).map((line) => /^ {4}([\w.]+\+0x[\da-f]+)\.?$/.exec(line)?.[1]);
    // The second print is at the same place, but for its own offset.
    expect(rest.slice(end + 1).slice(1)).toEqual(frames.slice(1));
    expect(frames.at(-1)).toMatch(/^entry_SYSCALL_64/);
  });

  it("compares names, and has C beside the words", async () => {
    const text = `#define LIMIT 3
      static int is_small(u64 n) { return n < LIMIT; }
      ${own} { if (comm != "sh") return; if (comm == "sh" && is_small(n.get(pid))) { n.set(pid, n.get(pid) + 1); small.count(); } else large.count(); }`;
    expect((await trace(text, chdirs)).slice(-3)).toEqual(["small: 3", "", "large: 97"]);
  });
});

describe("options", () => {
  const own =
    "tracepoint:syscalls:sys_enter_chdir if (pid == cpid) { count(str(args->filename)); n.sum(1, args->filename != 0); }";
  const command = "cd /; cd /tmp; cd /tmp; cd /usr; cd /usr; cd /usr";

  it("--top, --sort and --json", async () => {
    expect((await trace(own, command)).slice(0, 4)).toEqual(["count:", "/     1", "/tmp  2", "/usr  3"]);
    expect((await trace(own, command, "--top", "2")).slice(0, 4)).toEqual(["count:", "/tmp  2", "/usr  3", ""]);
    expect((await trace(own, "cd /usr; cd /; cd /", "--sort", "key")).slice(0, 3)).toEqual([
      "count:",
      "/     2",
      "/usr  1",
    ]);
    expect(parse(await trace(own, command, "--json"))[0]).toEqual({
      type: "table",
      name: "count",
      rows: [
        { key: { filename: "/" }, value: 1 },
        { key: { filename: "/tmp" }, value: 2 },
        { key: { filename: "/usr" }, value: 3 },
      ],
    });
    const print = 'tracepoint:syscalls:sys_enter_chdir if (pid == cpid) { print("%s!\\n", str(args->filename)); }';
    expect(parse(await trace(print, "cd /; :", "--json"))).toEqual([
      { type: "event", name: "print", text: "/!", data: { filename: "/" } },
    ]);
  });

  it("--js, -o, -i and -d", async () => {
    expect(
      await trace(own, command, "--js", "for (const [key, n] of count.top(1)) printf('%s %d\\n', key.filename, n);"),
    ).toEqual(["/usr 3"]);
    const path = join(folder, "out.txt");
    expect(await trace(own, `${command}; echo own`, "-o", path)).toEqual(["own"]);
    expect(readFileSync(path, "utf8")).toContain("/usr  3\n");
    const result = await runCli([
      "-e",
      "tracepoint:syscalls:sys_enter_chdir if (pid == cpid) { count(); }",
      "-i",
      "0.4",
      "-d",
      "3",
      "-c",
      "cd /; sleep 0.9; cd /; cd /; sleep 9",
    ]);
    expect(result.stdout.split("\n").filter((line) => line !== "")).toEqual(["count: 1", "count: 2"]);
  });

  it("-p sees one process alone", async () => {
    const shell = spawn("sh", { stdio: ["pipe", "pipe", "ignore"] });
    const other = spawn("sh", { stdio: ["pipe", "pipe", "ignore"] });
    try {
      const text = "tracepoint:syscalls:sys_enter_chdir { count(str(args->filename)); }";
      const running = startCli(["-e", text, "-p", String(shell.pid)]);
      await running.waitFor("Attached 1 probe.");
      for (const child of [other, shell]) {
        child.stdin.write("cd /; cd /usr; cd /usr; echo done\n");
        await once(child.stdout, "data");
      }
      running.child.kill("SIGINT");
      expect(await running.ended).toMatchObject({ status: 0, stdout: "count:\n/     1\n/usr  2\n" });
    } finally {
      shell.kill();
      other.kill();
    }
    const timer = "tracepoint:syscalls:sys_enter_chdir { count(); } interval:s:1 { ticks.count(); }";
    const refused = parseCliError(await runCli(["-e", timer, "-p", "1", "--json-errors"]));
    expect(refused).toMatchObject({ location: { file: "-e", line: 1, column: 59 } });
  });

  it("--dry-run attaches nothing", async () => {
    const result = await runCli(["-e", own, "--dry-run"]);
    expect(result).toMatchObject({ status: 0, stdout: "-e: ok, verified\n", stderr: "" });
  });
});

describe("the way to a script", () => {
  const texts = [
    `tracepoint:raw_syscalls:sys_enter if (pid == cpid && args->id == ${chdir}) { count(comm); sum(args->id, comm); }`,
    'tracepoint:syscalls:sys_enter_chdir if (pid == cpid) { print("%s\\n", str(args->filename)); lhist(args->filename != 0, 0, 4, 1); }',
  ];

  it.each(texts)("prints the same bytes as %s", async (text) => {
    const script = await runCli(["-e", text, "--script"]);
    expect(script).toMatchObject({ status: 0, stderr: "" });
    const path = writeScript(folder, "same.ts", script.stdout);
    const [direct, through] = [await runCli(["-e", text, "-c", chdirs]), await runCli(["run", "-c", chdirs, path])];
    expect(through.stdout).toBe(direct.stdout);
    expect(direct.stdout.length).toBeGreaterThan(10);
    const piped = spawnSync(process.execPath, [cli, "run", "-c", chdirs, "-"], { input: script.stdout, cwd: root });
    expect(String(piped.stdout)).toBe(direct.stdout);
  });
});

describe("a file of C is a script", () => {
  it("prints its tables and events by their types", async () => {
    // Nobody else goes to this test's own folder.
    const others = [...folder].map((character, index) => `path[${index}] != '${character}'`).join(" || ");
    const path = writeScript(
      folder,
      "counts.c",
      `struct event { char comm[16]; u32 n; };
BPF_HASH(counts, u32, u64);
BPF_HISTOGRAM(dist);
BPF_RINGBUF_OUTPUT(events, 8);
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
  char path[64] = {};
  struct event e = { .n = 7 };
  bpf_get_current_comm(&e.comm, sizeof(e.comm));
  bpf_probe_read_user_str(&path, sizeof(path), args->filename);
  if (${others}) return 0;
  counts.increment(e.n);
  dist.increment(bpf_log2l(e.n));
  events.ringbuf_output(&e, sizeof(e), 0);
  return 0;
}
`,
    );
    const result = await runCli(["run", "-c", `cd ${folder}; cd ${folder}`, path]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(result.stdout.split("\n")).toEqual([
      '{ comm: "sh", n: 7 }',
      '{ comm: "sh", n: 7 }',
      "counts:",
      "7  2",
      "",
      "dist:",
      "     value               : count     distribution",
      `         4 -> 7          : 2        |${"*".repeat(40)}|`,
      "",
    ]);
  });

  it("adds up the values of CPUs, and leaves arrays, padding and a member called walltime as they are", async () => {
    const others = [...folder].map((character, index) => `path[${index}] != '${character}'`).join(" || ");
    const path = writeScript(
      folder,
      "kinds.c",
      `typedef u32 three[3];
struct key { u64 walltime; u32 __pad1; u32 n; };
BPF_HASH(arrays, u32, three);
BPF_HASH(keyed, struct key, u64);
BPF_HISTOGRAM(slots, int);
BPF_PERCPU_ARRAY(cpus, u64, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
  char path[64] = {};
  u32 zero = 0;
  three list = {1, 2, 3};
  struct key key = { .walltime = 1700000000000000000ULL, .n = 4 };
  bpf_probe_read_user_str(&path, sizeof(path), args->filename);
  if (${others}) return 0;
  arrays.update(&zero, &list);
  keyed.increment(key);
  slots.increment(0);
  slots.increment(2);
  u64 *count = cpus.lookup(&zero);
  if (count) *count += 5;
  return 0;
}
`,
    );
    const result = await runCli(["run", "-c", `cd ${folder}`, path]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(result.stdout.split("\n")).toEqual([
      "arrays:",
      "0  [1, 2, 3]",
      "",
      "keyed:",
      "1700000000000000000, 4  1",
      "",
      "slots:",
      "     value               : count     distribution",
      `         0 -> 0          : 1        |${"*".repeat(40)}|`,
      `         0 -> 1          : 0        |${" ".repeat(40)}|`,
      `         2 -> 3          : 1        |${"*".repeat(40)}|`,
      "",
      "cpus:",
      "0  5",
      "",
    ]);
  });

  it("has errors at its lines", async () => {
    const broken = writeScript(folder, "broken.c", "BPF_HASH(counts);\nint on(void *ctx) { nope(); return 0; }\n");
    const error = parseCliError(await runCli(["run", "--json-errors", broken]));
    expect(error).toMatchObject({ code: "BPFTS_COMPILE", location: { file: broken, line: 2 } });
  });
});

describe("errors stand in the text", () => {
  const fail = async (text: string, ...options: readonly string[]): Promise<CliResult> =>
    runCli(["-e", text, ...options, "--json-errors"]);

  it.each([
    ["tracepoint:syscalls:sys_enter_chdirr { count(comm); }", "BPFTS_ATTACH", 12, "syscalls:sys_enter_chdir"],
    ["tracepoint:syscalls:sys_enter_chdir { count(args->nope); }", "BPFTS_COMPILE", 51, "nope"],
    ["tracepoint:syscalls:sys_enter_chdir { count(pidd); }", "BPFTS_COMPILE", 45, "pid"],
    ["tracepoint:syscalls:sys_enter_chdir { hist(args.ret); }", "BPFTS_DIALECT", 44, "pointer"],
    ["uprobe:c:mallocc { count(); }", "BPFTS_ATTACH", 8, "malloc"],
    ["tracepoint:syscalls:sys_enter_chdir { conut(1); }", "BPFTS_COMPILE", 39, 'did you mean "count"?'],
    ["tracepoint:syscalls:sys_enter_chdir { count(pid); x.foo(1); }", "BPFTS_COMPILE", 51, "x.count(comm)"],
    ["tracepoint:syscalls:sys_enter_chdir { for (int i = 0; ; i++) count(i); }", "BPFTS_VERIFIER", 62, "--verbose"],
    ["tracepoint:syscalls:sys_enter_chdir { while (1) { pid; } }", "BPFTS_VERIFIER", 39, "constant bound"],
  ])("%s", async (text, code, column, hint) => {
    const error = parseCliError(await fail(text));
    expect(error).toMatchObject({ code, location: { file: "-e", line: 1, column } });
    expect(error.hint).toContain(hint);
  });

  it("what the verifier rejects", async () => {
    const text =
      "tracepoint:syscalls:sys_enter_chdir {\n  count(cpu);\n  u64 *p = (void *)args;\n  for (;;) { n.sum(p[100000]); } }";
    expect(parseCliError(await fail(text))).toMatchObject({ location: { file: "-e" } });
  });

  it("a syntax error of --js", async () => {
    const error = parseCliError(await fail("interval:s:1 { count(); }", "--js", 'print("x'));
    expect(error).toMatchObject({ location: { file: "--js", line: 1, column: 8, lineText: 'print("x' } });
  });

  it("what --js does wrong", async () => {
    const result = await fail(
      "tracepoint:syscalls:sys_enter_chdir if (pid == cpid) { count(); }",
      "-c",
      "cd /",
      "--js",
      "count.nope()",
    );
    expect(parseCliError(result)).toMatchObject({ location: { file: "--js", line: 1 } });
  });
});
