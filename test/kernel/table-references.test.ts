import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { makeJsonScript, onlyCommand, readJson } from "../support/json-script.ts";
import { needMap } from "../support/need-map.ts";
import { makeCgroup } from "../support/own-cgroup.ts";
import { startProgram } from "../support/own-program.ts";
import { makeStep } from "../support/own-step.ts";
import { makeFolder, root, runCli, startCli } from "../support/run-cli.ts";

const folder = makeFolder();
const port = openAddon();

/** Changes the directory four times, each a system call. */
const command = "for i in 1 2 3 4; do cd /; done";
async function runCounted(name: string, c: string, lines: string): Promise<unknown[]> {
  return readJson(await runCli(["run", "-c", command, makeJsonScript(folder, name, c, lines)]));
}

describe("a program array", () => {
  it("leads to the functions that the script put there, and to none that it took out", async () => {
    const rows = await runCounted(
      "prog",
      `BPF_PROG_ARRAY(jumps, 4);
BPF_HASH(hits, u32, u64);
BPF_ARRAY(turn, u32, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    ${onlyCommand}
    int zero = 0; u32 *n = turn.lookup(&zero); if (!n) return 0;
    u32 index = (*n)++;
    jumps.call(args, index);
    hits.increment(100 + index);
    return 0;
}
int second(void *ctx) { hits.increment(2); return 0; }
int fourth(void *ctx) { hits.increment(4); return 0; }`,
      `
const jumps = b.get_table("jumps");
const fourth = b.load_func("fourth", BPF.TRACEPOINT);
jumps.set(1, b.load_func("second", BPF.TRACEPOINT)).set(3, fourth).set(2, fourth);
jumps.delete(2);
json([[...jumps.keys()], jumps.size, jumps.has(1), jumps.has(2), jumps.get(2) ?? null, jumps.get(3)! > 0, jumps.delete(2)]);
json([fails(() => jumps.set(4, fourth)), fails(() => jumps.set(0, "fourth" as never)), fails(() => b.load_func("fifth", BPF.TRACEPOINT)), fails(() => b.load_func("fourth", BPF.XDP))]);
wait();
json([...b.get_table("hits")].sort((x, y) => x[0] - y[0]));
jumps.clear();
json([jumps.size, ...jumps]);`,
    );
    expect(rows).toEqual([
      [[1, 3], 2, true, false, null, true, false],
      [
        'Cannot write to "jumps": its indices go from 0 to 3',
        'Cannot write to "jumps": its values are functions, as load_func() answers them',
        'Cannot load "fifth": the C text has no such function',
        'Cannot load "fourth" as xdp: it was loaded as tracepoint',
      ],
      [
        [2, "1n"],
        [4, "1n"],
        [100, "1n"],
        [102, "1n"],
      ],
      [0],
    ]);
  });

  it("refuses a function of another type than the one that calls it", async () => {
    const rows = await runCounted(
      "prog-type",
      `BPF_PROG_ARRAY(jumps, 4);
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) { ${onlyCommand} jumps.call(args, 0); return 0; }
int filter(struct __sk_buff *skb) { return 0; }`,
      `json(fails(() => b.get_table("jumps").set(0, b.load_func("filter", BPF.SOCKET_FILTER)))); sleep(0);`,
    );
    expect(rows).toEqual(['Cannot write to "jumps": the kernel does not take it (EINVAL, invalid argument)']);
  });
});

describe("maps in maps", () => {
  it("hand the program the table that the script put there", async () => {
    const rows = await runCounted(
      "maps",
      `BPF_HASH(one, u32, u64, 16);
BPF_HASH(two, u32, u64, 16);
BPF_HASH(other, u64, u64, 16);
BPF_ARRAY_OF_MAPS(by_index, "one", 4);
BPF_HASH_OF_MAPS(by_key, u32, "one", 4);
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    ${onlyCommand}
    int index = 2; u32 key = 77; u64 value = 5;
    void *inner = by_index.lookup(&index);
    if (inner) bpf_map_update_elem(inner, &key, &value, BPF_ANY);
    inner = by_key.lookup(&key);
    if (inner) bpf_map_update_elem(inner, &key, &value, BPF_ANY);
    return 0;
}`,
      `
const one = b.get_table("one"), two = b.get_table("two"), by_index = b.get_table("by_index"), by_key = b.get_table("by_key");
by_index.set(2, one);
by_key.set(77, two);
json([by_index.get(2) === one.id, by_key.get(77) === two.id, by_key.has(78), one.id === two.id, by_index.size, [...by_key.keys()]]);
json([fails(() => by_index.set(0, b.get_table("other"))), fails(() => by_index.set(0, {} as never)), fails(() => by_index.set(4, one))]);
wait();
json([[...one], [...two]]);
by_index.clear();
json([by_index.size, by_key.delete(77), by_key.delete(77), by_key.size]);`,
    );
    expect(rows).toEqual([
      [true, true, false, false, 1, [77]],
      [
        'Cannot write to "by_index": the kernel does not take it (EINVAL, invalid argument)',
        'Cannot write to "by_index": its values are tables, as get_table() answers them',
        'Cannot write to "by_index": its indices go from 0 to 3',
      ],
      [[[77, "5n"]], [[77, "5n"]]],
      [0, true, false, 0],
    ]);
  });
});

describe("cgroups", () => {
  it("of an array are told apart by the program", async () => {
    const inside = makeCgroup("array");
    const beside = makeCgroup("beside");
    const script = makeJsonScript(
      folder,
      "cgroups",
      `BPF_CGROUP_ARRAY(groups, 2);
BPF_HASH(counts, u32, u64);
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    if (groups.check_current_task(0) == 1) counts.increment(pid);
    return 0;
}`,
      `
const groups = b.get_table("groups");
groups.set(0, argv[0]!).set(1, argv[0]!);
json([groups.delete(1), groups.delete(1), fails(() => groups.set(2, argv[0]!)), fails(() => groups.get(0)), fails(() => groups.set(1, "/etc"))]);
print("attached");
wait();
json([...b.get_table("counts")]);`,
    );
    const run = startCli(["run", script, "--", inside.path]);
    await run.waitFor("attached");
    const [one, two] = [await startProgram("sh", ["-c", changer]), await startProgram("sh", ["-c", changer])];
    inside.add(one.pid);
    beside.add(two.pid);
    await two.turn();
    await one.turn();
    await one.turn();
    run.child.kill("SIGINT");
    const result = await run.ended;
    await Promise.all([one.end(), two.end()]);
    expect(readJson(result)).toEqual([
      [
        true,
        false,
        'Cannot write to "groups": its indices go from 0 to 1',
        'Cannot read "groups": the kernel does not tell what is in a map of this kind',
        'There is no cgroup "/etc": it is no directory of the cgroup file system, version 2',
      ],
      [[one.pid, "2n"]],
    ]);
  });

  it("have a storage that their own programs count in", async () => {
    const own = makeCgroup("storage");
    const script = makeJsonScript(
      folder,
      "cgroup-storage",
      `BPF_CGROUP_STORAGE(sent, u64);
int on_egress(struct __sk_buff *skb) {
    u64 *count = sent.get_local_storage(0);
    __sync_fetch_and_add(count, 1);
    return 1;
}`,
      `
b.attach_func({ fn_name: "on_egress", attach_type: bpfts.BPFAttachType.CGROUP_INET_EGRESS, cgroup: argv[0]! });
print("attached");
wait();
const sent = b.get_table("sent");
json([[...sent].map(([key, count]) => [key.cgroup_inode_id === bpfts.cgroup_id(argv[0]!), key.attach_type, count])]);
json(sent.get({ cgroup_inode_id: bpfts.cgroup_id(argv[0]!), attach_type: bpfts.BPFAttachType.CGROUP_INET_EGRESS }));
b.detach_func({ fn_name: "on_egress", attach_type: bpfts.BPFAttachType.CGROUP_INET_EGRESS, cgroup: argv[0]! });
json([fails(() => b.attach_func({ fn_name: "on_egress", attach_type: bpfts.BPFAttachType.CGROUP_INET_EGRESS })), fails(() => b.attach_func({ fn_name: "on_egress", attach_type: 99, cgroup: argv[0]! })),
  fails(() => b.attach_func({ fn_name: "on_egress", attach_type: bpfts.BPFAttachType.CGROUP_INET_EGRESS, cgroup: "/sys/nothing" })), fails(() => b.attach_func({ fn_name: "on_egress", attach_type: bpfts.BPFAttachType.SK_MSG_VERDICT, map: sent }))]);`,
    );
    const run = startCli(["run", script, "--", own.path]);
    await run.waitFor("attached");
    const packets = await startProgram("python3", ["-c", sender]);
    own.add(packets.pid);
    await packets.turn(3);
    run.child.kill("SIGINT");
    const result = await run.ended;
    await packets.end();
    expect(readJson(result)).toEqual([
      [[[true, 1, "3n"]]],
      "3n",
      [
        'Cannot attach "on_egress" to cgroup_inet_egress: give its cgroup',
        'Cannot attach "on_egress": attach_func knows no attach type 99',
        'There is no cgroup "/sys/nothing": no such directory',
        'Cannot attach "on_egress" to a func: it was loaded as program type 8',
      ],
    ]);
  });
});

/** Sends one packet, from a new socket, for each line that it reads. */
const sender = `
import socket, sys
print("ready", flush=True)
for _ in sys.stdin:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.sendto(b"x", ("127.0.0.1", 9))
    print("sent", flush=True)
`;

/** Changes its directory once for each line that it reads. */
const changer = "echo ready; while read -r line; do cd /; echo done; done";

describe("storages", () => {
  it("hang on tasks: the program adds to what the script put there", async (context) => {
    needMap(context, port, 29, "task_storage");
    const rows = await runCounted(
      "task",
      `BPF_TASK_STORAGE(counts, u64);
SEC("tp_btf/sys_enter") int BPF_PROG(on_enter, struct pt_regs *regs, long id) {
    ${onlyCommand}
    if (id != ${process.arch === "arm64" ? 49 : 80}) return 0;
    u64 *count = counts.task_storage_get(bpf_get_current_task_btf(), 0, 0);
    if (count) (*count)++;
    return 0;
}`,
      `
const counts = b.get_table("counts");
const pid = command!.root_pid;
counts.set(pid, 1000n);
setTimeout(() => undefined, 0);
json([counts.get(pid), counts.has(1), fails(() => counts.get(0)), fails(() => counts.get(4194305))]);
wait();
json(fails(() => counts.get(pid)));`,
    );
    expect(rows[0]).toEqual([
      "1000n",
      false,
      'Cannot use "counts": its keys are pids',
      "Cannot use process 4194305: it is not there",
    ]);
  });

  it.each([
    [
      "a file",
      "inode_storage",
      "BPF_INODE_STORAGE(own, u64);",
      (path: string) => JSON.stringify(path),
      'Cannot use file "/nothing": no such file',
      '"/nothing"',
    ],
    [
      "a socket",
      "sk_storage",
      "BPF_SK_STORAGE(own, u64);",
      (_: string, fd: number, pid: number) => `{ pid: ${pid}, fd: ${fd} }`,
      /Cannot use descriptor 9999 of process \d+: it is not there/,
      "{ pid: SERVER, fd: 9999 }",
    ],
  ] as const)("hang on %s", async (_, name, c, render, message, missing) => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const sockets = await startProgram("python3", [join(root, "test/kernel/programs/sockets.py")]);
    const target = render(file, Number(sockets.addresses["client"]), sockets.pid);
    const other = render(folder, Number(sockets.addresses["server"]), sockets.pid);
    const rows = readJson(
      await runCli([
        "run",
        makeJsonScript(
          folder,
          name,
          c,
          `
const own = b.get_table("own");
json([own.get(${target}) ?? null, own.set(${target}, 7n).get(${target}), own.has(${other}), own.delete(${target}), own.delete(${target}), own.get(${target}) ?? null]);
json(fails(() => own.get(${missing.replace("SERVER", String(sockets.pid))})));
json([fails(() => own.set(${target}, 7n, 2)), fails(() => own.set(${target}, 7n, 1)), fails(() => own.set(${target}, 7n, 1)), fails(() => own.set(${target}, -1n)), own.get(${target})]);`,
        ),
      ]),
    );
    await sockets.end();
    expect(rows[0]).toEqual([null, "7n", false, true, false, null]);
    expect(rows[1]).toMatch(message);
    expect((rows[2] as unknown[]).slice(1)).toEqual([
      'no error but Table "own"',
      'Cannot write to "own": the key is there already',
      'Cannot write value of "own": -1 is out of range for u64, which holds 0 to 18446744073709551615',
      "7n",
    ]);
  });

  it("hang on cgroups", async (context) => {
    needMap(context, port, 32, "cgrp_storage");
    const own = makeCgroup("cgrp");
    const rows = readJson(
      await runCli([
        "run",
        makeJsonScript(
          folder,
          "cgrp",
          "BPF_CGRP_STORAGE(own, u64);",
          `
const own = b.get_table("own");
json([own.get(argv[0]!) ?? null, own.set(argv[0]!, 7n).get(argv[0]!), own.delete(argv[0]!), own.has(argv[0]!)]);`,
        ),
        "--",
        own.path,
      ]),
    );
    expect(rows).toEqual([[null, "7n", true, false]]);
  });
});

describe("sockets in a map", () => {
  it("are redirected by the program from one to another, and no more once they are taken out", async () => {
    const sockets = await startProgram("python3", [join(root, "test/kernel/programs/sockets.py")]);
    const script = makeJsonScript(
      folder,
      "sockhash",
      `BPF_SOCKHASH(ends, u32, 4);
int on_message(struct sk_msg_md *msg) {
    u32 key = 2;
    return ends.msg_redirect_hash(msg, &key, BPF_F_INGRESS);
}`,
      `
const [pid, client, other, folder] = argv.map(Number) as [number, number, number, number];
const ends = b.get_table("ends");
b.attach_func({ fn_name: "on_message", attach_type: bpfts.BPFAttachType.SK_MSG_VERDICT, map: ends });
ends.set(1, { pid, fd: client }).set(2, { pid, fd: other });
json([fails(() => ends.set(3, { pid, fd: folder })), fails(() => ends.set(3, 5 as never)), fails(() => ends.get(1)), ends.delete(3)]);
print("attached");
try { for (;;) sleep(60); } catch {}
json([ends.delete(1), ends.delete(1)]);
print("out");
wait();
ends.clear();`,
    );
    const step = makeStep(folder, "sockets-step");
    const run = startCli([
      "run",
      "--allow-sockets",
      ...step.options,
      script,
      "--",
      String(sockets.pid),
      ...["client", "other_client", "folder"].map((name) => String(sockets.addresses[name])),
    ]);
    await run.waitFor("attached");
    const redirected = await sockets.turn();
    step.take();
    await run.waitFor("out");
    const plain = await sockets.turn();
    run.child.kill("SIGINT");
    const result = await run.ended;
    await sockets.end();
    expect(readJson(result)).toEqual([
      [
        'Cannot write to "ends" (ENOTSOCK, socket operation on non-socket)',
        'Cannot write to "ends": its values are sockets, as { pid, fd }',
        'Cannot read "ends": the kernel does not tell what is in a map of this kind',
        false,
      ],
      [true, false],
    ]);
    expect([redirected, plain]).toEqual([["other_client:10"], ["server:10"]]);
  });
});

describe("a bloom filter", () => {
  it("knows what was added by the script and by the program", async (context) => {
    needMap(context, port, 30, "bloom_filter");
    const rows = await runCounted(
      "bloom",
      `BPF_BLOOM_FILTER(seen, u32, 64);
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) { ${onlyCommand} u32 pid = ONLY_PID; seen.push(&pid, 0); return 0; }`,
      `
const seen = b.get_table("seen");
json([seen.has(5), seen.add(5).has(5), seen.has(command!.root_pid)]);
wait();
json(seen.has(command!.root_pid));`,
    );
    expect(rows).toEqual([[false, true, false], true]);
  });
});

describe("a user ring buffer", () => {
  it("hands over to the program what the script wrote, in order, and says when it is full", async (context) => {
    needMap(context, port, 31, "user_ringbuf");
    const rows = await runCounted(
      "user-ring",
      `
struct order_t { u32 key; u64 add; char name[16]; };
BPF_USER_RINGBUF(orders, 1, struct order_t);
BPF_USER_RINGBUF(raw, 1);
BPF_USER_RINGBUF(numbers, 1, u64);
BPF_HASH(sums, u32, u64);
BPF_QUEUE(names, struct order_t, 8);
static long take(struct bpf_dynptr *given, void *unused) {
    struct order_t order = {};
    if (bpf_dynptr_read(&order, sizeof(order), given, 0, 0)) return 1;
    u64 *sum = sums.lookup(&order.key);
    if (sum) *sum = *sum * 10 + order.add;
    else sums.update(&order.key, &order.add);
    names.push(&order, 0);
    return 0;
}
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) { ${onlyCommand} bpf_user_ringbuf_drain(&orders, take, NULL, 0); return 0; }`,
      `
const orders = b.get_table("orders"), raw = b.get_table("raw"), numbers = b.get_table("numbers");
json([orders.output({ key: 7, add: 1n, name: "one" }), orders.output({ key: 7, add: 2n, name: "two" }), orders.output({ key: 8, add: 3n, name: "three" })]);
wait();
json([b.get_table("sums").get(7), b.get_table("sums").get(8), [...b.get_table("names")].map(({ name }) => name)]);
let held = 0;
while (raw.output(new Uint8Array(56))) held++;
json([held, numbers.output(2n ** 64n - 1n), raw.output(new Uint8Array(0))]);
json([fails(() => raw.output(new Uint8Array(5000))), fails(() => raw.output("text" as never)), fails(() => orders.output({ key: -1, add: 0n, name: "" })), fails(() => orders.output({ key: 1, add: 0n } as never))]);
b.close();
json(fails(() => orders.output({ key: 7, add: 1n, name: "late" })));`,
    );
    expect(rows.slice(0, 3)).toEqual([
      [true, true, true],
      ["12n", "3n", ["one", "two", "three"]],
      [64, true, false],
    ]);
    expect(rows[3]).toEqual([
      expect.stringMatching(/^Cannot write 5000 bytes to "raw": it holds 4096$/),
      expect.stringMatching(/names no type for its values, so they are Uint8Arrays$/),
      expect.stringMatching(/"orders".*key.*-1/),
      expect.stringMatching(/"orders".*name/),
    ]);
    expect(rows[4]).toMatch(/^Cannot write to "orders": its program was closed$/);
  });
});
