import { describe, expect, it } from "vitest";
import { statSync } from "node:fs";
import { readMachine } from "../../runtime/kernel/machine/machine.ts";
import { endings, expectNothingLeft } from "../support/endings.ts";
import { makeCgroup } from "../support/own-cgroup.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
let scripts = 0;
const write = (text: string): string =>
  writeScript(folder, `iterator-${++scripts}.ts`, `import { BPF, command, print, sleep } from "bpfts";\n${text}`);
const canChoose = readMachine().versionCode >= 0x60100;

/** Six threads besides the first one, until its input ends. */
const threads = writeScript(
  folder,
  "threads.py",
  `import threading, time
for _ in range(6): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
time.sleep(60)
`,
);

const tasks = `
struct task_row { u32 tid; u32 pid; u64 start; char comm[16]; };
BPF_ITER(task) {
    struct task_struct *task = ctx->task;
    if (!task) return 0;
    struct task_row row = {};
    row.tid = task->pid;
    row.pid = task->tgid;
    row.start = task->start_time;
    __builtin_memcpy(row.comm, task->comm, sizeof(row.comm));
    bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
    return 0;
}
SEC("iter/task")
int dump_task(struct bpf_iter__task *ctx) {
    struct task_struct *task = ctx->task;
    if (!task) {
        BPF_SEQ_PRINTF(ctx->meta->seq, "end\\\\n");
        return 0;
    }
    BPF_SEQ_PRINTF(ctx->meta->seq, "%d %d %s\\\\n", task->tgid, task->pid, task->comm);
    return 0;
}
`;
/** Waits until the command has its seven threads. */
const ready = `
const b = new BPF({ text: \`${tasks}\` });
const pid = command.pid;
sleep(0.01);
const mine = () => [...b.read_iter("bpf_iter__task")].filter((row) => row.pid === pid);
for (let turns = 0; mine().length < 7 && turns < 2000; turns++) sleep(0.01);
`;

describe("an iterator", () => {
  it("is read as typed records and as text, anew each time", async () => {
    const script = write(`${ready}
const rows = mine();
print("records", rows.length, new Set(rows.map(({ tid }) => tid)).size, [...new Set(rows.map(({ comm }) => comm))].join());
print("first", rows.some(({ tid }) => tid === pid), rows.every(({ start }) => typeof start === "bigint" && start > 0n));
const lines = [...b.read_iter("dump_task")];
const own = lines.filter((line) => line.startsWith(pid + " "));
print("lines", own.length, lines.at(-1), own.every((line) => rows.some(({ tid, comm }) => line === pid + " " + tid + " " + comm)));
const text = b.read_iter("dump_task").text();
print("text", text.endsWith("\\nend\\n"), text.split("\\n").filter((line) => line.startsWith(pid + " ")).length);
const [asNumber] = [...b.read_iter("bpf_iter__task", { u64: "number" })];
print("number", typeof asNumber!.start);
print("bytes", b.read_iter("bpf_iter__task").bytes().length % 32);`);
    const { stdout, stderr } = await runCli(["run", "-c", `python3 ${threads}`, script]);
    expect(stderr).toBe("");
    expect(stdout).toBe(
      "records 7 7 python3\nfirst true true\nlines 7 end true\ntext true 7\nnumber number\nbytes 0\n",
    );
  });

  it("looks at one process or thread", async () => {
    const script = write(`${ready}
print("all", mine().length);
for (const options of [{ pid }, { tid: pid }, { pid: 4194305 }])
  try {
    const rows = [...b.read_iter("bpf_iter__task", options)];
    print(Object.keys(options)[0], rows.length, rows.every((row) => row.pid === pid));
  } catch (error) {
    print((error as Error).message);
  }`);
    const { stdout, stderr } = await runCli(["run", "-c", `python3 ${threads}`, script]);
    expect(stderr).toBe("");
    const older =
      'Cannot read the iterator "bpf_iter__task": this kernel walks through all tasks (Linux 6.1 or later can choose)\n';
    expect(stdout).toBe(
      canChoose
        ? `all 7\npid 7 true\ntid 1 true\nCannot read the iterator "bpf_iter__task": there is no process or thread 4194305\n`
        : `all 7\n${older}${older}${older}`,
    );
  });

  it("loses nothing of what is larger than one read", async () => {
    const script = write(`
const b = new BPF({ text: \`
struct part { u64 place; u64 filler[31]; };
SEC("iter/task")
int many(struct bpf_iter__task *ctx) {
    if (!ctx->task) return 0;
    for (int i = 0; i < 64; i++) {
        struct part part = { .place = ctx->meta->seq_num * 64 + i };
        bpf_seq_write(ctx->meta->seq, &part, sizeof(part));
    }
    return 0;
}\` });
let wanted = 0n, wrong = 0;
for (const { place, filler } of b.read_iter("many")) if (place !== wanted++ || filler.length !== 31) wrong++;
print(wrong, wanted % 64n, wanted > 2048n);`);
    const { stdout, stderr } = await runCli(["run", script]);
    expect(stderr).toBe("");
    expect(stdout).toBe("0 0 true\n");
  });

  it("walks through a table, where the kernel's owner lets it", async () => {
    const script = write(`
const b = new BPF({ text: \`
BPF_HASH(counts, u32, u64);
struct pair { u32 key; u64 value; };
int dump_counts(struct bpf_iter__bpf_map_elem *ctx) {
    u32 *key = ctx->key;
    u64 *value = ctx->value;
    if (!key || !value) return 0;
    struct pair pair = { .key = *key, .value = *value };
    bpf_seq_write(ctx->meta->seq, &pair, sizeof(pair));
    return 0;
}\` });
const { counts } = b.tables;
for (let key = 0; key < 5000; key++) counts.set(key, BigInt(key) * 3n);
const pairs = [...b.read_iter("dump_counts", { map: counts })];
print(pairs.length, new Set(pairs.map(({ key }) => key)).size, pairs.every(({ key, value }) => value === BigInt(key) * 3n));
try { b.read_iter("dump_counts").text(); } catch (error) { print((error as Error).message); }`);
    const { stdout, stderr, status } = await runCli(["run", script]);
    // This machine's owner may refuse it; in the matrix no kernel does.
    if (status === 3 && process.env["BPFTS_REQUIRE"] === undefined)
      expect(stderr).toContain('Cannot load "dump_counts": this kernel refuses iter/bpf_map_elem programs (EPERM');
    else {
      expect(stderr).toBe("");
      expect(stdout).toBe(
        '5000 5000 true\nCannot read the iterator "dump_counts": an iterator over "bpf_map_elem" needs a table\n',
      );
    }
  });

  it("walks through cgroups from a given one on", async (context) => {
    if (!canChoose) context.skip("needs iterators over cgroups, which came with Linux 6.1");
    const own = makeCgroup("iterated");
    const children = ["a", "b"].map((name) => own.makeChild(name));
    const id = (path: string): string => String(statSync(path, { bigint: true }).ino);
    const script = write(`
const b = new BPF({ text: \`
SEC("iter.s/cgroup")
int dump_cgroup(struct bpf_iter__cgroup *ctx) {
    struct cgroup *cgroup = ctx->cgroup;
    if (cgroup) BPF_SEQ_PRINTF(ctx->meta->seq, "%llu\\\\n", cgroup->kn->id);
    return 0;
}\` });
const cgroup = ${JSON.stringify(own.path)};
for (const order of ["self_only", "descendants_pre", "descendants_post"] as const) print([...b.read_iter("dump_cgroup", { cgroup, order })].join());
print([...b.read_iter("dump_cgroup", { cgroup })].length, [...b.read_iter("dump_cgroup")].length > 3);`);
    const { stdout, stderr } = await runCli(["run", script]);
    expect(stderr).toBe("");
    const [self, pre, post, counts] = stdout.trimEnd().split("\n");
    expect(self).toBe(id(own.path));
    expect(pre!.split(",")[0]).toBe(id(own.path));
    expect(post!.split(",").at(-1)).toBe(id(own.path));
    const all = [own.path, ...children.map(({ path }) => path)].map(id).sort();
    expect(pre!.split(",").sort()).toEqual(all);
    expect(post!.split(",").sort()).toEqual(all);
    expect(counts).toBe("3 true");
  });

  it("says what is wrong with it", async () => {
    const script = write(`
const b = new BPF({ text: \`
struct one { u32 a; };
struct two { u64 b; };
BPF_HASH(counts, u32, u64);
SEC("iter/task") int mixed(struct bpf_iter__task *ctx) {
    struct one one = {}; struct two two = {};
    if (ctx->task) { bpf_seq_write(ctx->meta->seq, &one, sizeof(one)); bpf_seq_write(ctx->meta->seq, &two, sizeof(two)); }
    return 0;
}
SEC("iter/task") int more(struct bpf_iter__task *ctx) {
    struct two two = {};
    if (ctx->task) bpf_seq_write(ctx->meta->seq, &two, sizeof(two)); else BPF_SEQ_PRINTF(ctx->meta->seq, "end");
    return 0;
}
SEC("iter/task") int again(struct bpf_iter__task *ctx) { return 1; }
SEC("iter/task") int huge(struct bpf_iter__task *ctx) {
    struct two two = {};
    if (ctx->task) for (int i = 0; i < 6000; i++) bpf_seq_write(ctx->meta->seq, &two, sizeof(two));
    return 0;
}
SEC("iter/tsk") int mistyped(struct bpf_iter__task *ctx) { return 0; }
SEC("tracepoint/syscalls/sys_enter_mkdir") int other(void *ctx) { return 0; }
\` });
const say = (run: () => unknown): void => {
  try { run(); print("nothing"); } catch (error) { const { message, hint } = error as { message: string; hint?: string }; print(message + "\\n  " + (hint ?? "")); }
};
say(() => [...b.read_iter("mixed")]);
say(() => [...b.read_iter("more")]);
say(() => b.read_iter("again").text());
say(() => b.read_iter("huge").text());
say(() => b.read_iter("mistyped").text());
say(() => b.read_iter("other").text());
say(() => b.read_iter("none" as "more").text());
say(() => b.read_iter("more", { map: b.tables.counts }).text());
say(() => b.read_iter("more", { pdi: 1 } as {}));
say(() => b.read_iter("more", { pid: 0 }));
say(() => b.read_iter("more", { order: "up" as "self_only" }));`);
    const { stdout, stderr } = await runCli(["run", script]);
    expect(stderr).toBe("");
    expect(stdout).toMatchInlineSnapshot(`
      "Cannot take apart what "mixed" writes: the C text does not tell one type of its records
        write one struct with bpf_seq_write, or take all bytes: b.read_iter("mixed").bytes()
      Cannot read the last record of "more": it has 8 bytes, 3 came. The function writes something else, too
        
      Cannot read the iterator "again": its function asks to see the same object again and again
        return 0; an iterator that returns 1 gets the same object once more
      Cannot read the iterator "huge": its function writes too much about one object
        the kernel has room for 32 KiB (eight pages) about each object
      Cannot attach "mistyped" to iter/tsk: no such iterator
        did you mean "task"?
      Cannot read "other": it is no iterator
        an iterator is written BPF_ITER(task) { … }, or SEC("iter/task") int other(struct bpf_iter__task *ctx)
      Cannot read "none": the C text has no such function
        the C text has: mixed, more, again, huge, mistyped, other
      Cannot read the iterator "more": an iterator over "task" has no option "map"
        its options are: pid, tid
      read_iter() has no option "pdi"
        its options are: map, cgroup, order, pid, tid, u64; for example { map: … }
      read_iter() takes pid as a whole number from 1 to 2147483647, got 0
        
      read_iter() has no order "up"
        its orders are: self_only, descendants_pre, descendants_post, ancestors_up
      "
    `);
  });

  it.each(endings)("leaves nothing when a script in the middle of it ends by %s", async (ending) => {
    await expectNothingLeft(
      folder,
      ending,
      "left_iter",
      `import { BPF } from "bpfts";
const b = new BPF({ text: 'SEC("iter/task") int left_iter(struct bpf_iter__task *ctx) { BPF_SEQ_PRINTF(ctx->meta->seq, "line\\\\n"); return 0; }' });
b.read_iter("left_iter")[Symbol.iterator]().next();`,
    );
  });
});
