import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildText, clangs, openTools } from "../support/build-text.ts";
import { port, readU64, requireBytes, u32 } from "../support/live-object.ts";

/** System call and register of mkdir(2)'s path, by architecture: arm64 has mkdirat(2) alone. */
const mkdir =
  process.arch === "arm64"
    ? { number: 34, path: "PT_REGS_PARM2_SYSCALL" }
    : { number: 83, path: "PT_REGS_PARM1_SYSCALL" };

/** One read a line, and what it must give. */
interface Truth {
  readonly name: string;
  readonly expression: string;
  readonly value: () => number | bigint;
}

let server: Server;
const handle = (): { fd: number } => (server as unknown as { _handle: { fd: number } })._handle;
const address = (): { port: number } => server.address() as { port: number };
const path = "/proc/self/nowhere/nothing";

const truths: readonly Truth[] = [
  { name: "a member", expression: "t->pid", value: () => process.pid },
  { name: "a chain", expression: "t->real_parent->tgid", value: () => process.ppid },
  {
    name: "a member of a member",
    expression: "t->nsproxy->net_ns->ns.inum",
    value: () => Number(/\d+/.exec(readlinkSync("/proc/self/ns/net"))![0]),
  },
  { name: "a member of a struct in a struct", expression: "t->real_cred->uid.val", value: () => process.getuid!() },
  { name: "an element of an array", expression: "t->comm[1]", value: () => readFileSync("/proc/self/comm")[1]! },
  {
    name: "a struct as a whole",
    expression: "({ struct qstr name = t->fs->pwd.dentry->d_name; name.len; })",
    value: () => Buffer.byteLength(basename(process.cwd())),
  },
  {
    name: "characters behind a pointer",
    expression: "t->fs->pwd.dentry->d_name.name[1]",
    value: () => Buffer.from(basename(process.cwd()))[1]!,
  },
  {
    name: "a pointer to a pointer",
    expression: "({ struct task_struct **pt = &t; (*pt)->tgid; })",
    value: () => process.pid,
  },
  { name: "a dereference", expression: "*(&t->tgid)", value: () => process.pid },
  { name: "a result of a helper of the text", expression: "parent(t)->tgid", value: () => process.ppid },
  { name: "a macro of the text", expression: "TGID(t->real_parent)", value: () => process.ppid },
  {
    name: "a macro that pastes, in a macro",
    expression: "BOTH(t->real_parent, id) + ANY(t, ->tgid)",
    value: () => 2 * process.ppid + process.pid,
  },
  { name: "a conditional", expression: "t->mm ? t->tgid : 0", value: () => process.pid },
  {
    name: "what went through a map",
    expression: "({ struct task_struct **found = kept.lookup(&key); found ? (*found)->tgid : 0; })",
    value: () => process.pid,
  },
  {
    name: "what went through a member of the text's own struct",
    expression: "holder.task->tgid",
    value: () => process.pid,
  },
  {
    name: "a pointer out of an array of pointers",
    expression: "t->files->fdt->fd[FD]->f_inode->i_ino",
    value: () => Number(/\d+/.exec(readlinkSync(`/proc/self/fd/${handle().fd}`))![0]),
  },
  { name: "an accessor of the kernel's", expression: "S_ISSOCK(file_inode(file)->i_mode)", value: () => 1 },
  { name: "a shorthand", expression: "sk->sk_num", value: () => address().port },
  { name: "an enumerator's member", expression: "sk->sk_state == TCP_LISTEN", value: () => 1 },
  { name: "a bit-field", expression: "sk->sk_ipv6only", value: () => 1 },
  { name: "a bit-field of several bits", expression: "sk->__sk_common.skc_reuse", value: () => 1 },
  { name: "a bit-field that is not set", expression: "sk->__sk_common.skc_reuseport", value: () => 0 },
  {
    name: "a byte beside a member",
    expression: "*((u8 *)&sk->__sk_common.skc_bound_dev_if - 1) & 0x3f",
    value: () => 0x21,
  },
  {
    name: "a bit-field by the text's own typedef",
    expression: "((common_t *)sk)->skc_reuse + ((common_t *)sk)->skc_ipv6only",
    value: () => 2,
  },
  { name: "a member by the text's own typedef", expression: "((common_t *)sk)->skc_num", value: () => address().port },
  {
    name: "what a _Generic chooses",
    expression: "_Generic(sk->sk_num, int: sk->sk_family, unsigned short: sk->sk_num, default: 0)",
    value: () => address().port,
  },
  {
    name: "what lies at a member's offset",
    expression: "*(u32 *)((char *)t + offsetof(struct task_struct, tgid))",
    value: () => process.pid,
  },
  {
    name: "the struct around a member",
    expression: "container_of(&t->tgid, struct task_struct, tgid)->real_parent->tgid",
    value: () => process.ppid,
  },
  {
    name: "a case by an offset",
    expression:
      "({ int is = 0; switch (offsetof(struct own_t, second)) { case offsetof(struct own_t, second): is = 5; } is; })",
    value: () => 5,
  },
  { name: "a view as another struct", expression: "((struct inet_sock *)sk)->inet_num", value: () => address().port },
  { name: "a character of the process's", expression: "path[1]", value: () => path.charCodeAt(1) },
  { name: "a dereference of the process's", expression: "*(path + 2)", value: () => path.charCodeAt(2) },
  {
    name: "a struct of the text's own in the process's memory",
    expression: "((struct own_t *)path)->second",
    value: () => path.charCodeAt(1),
  },
  {
    name: "a bit-field of the text's own struct",
    expression: "((struct own_t *)path)->high",
    value: () => path.charCodeAt(2) >> 4,
  },
  {
    name: "an address that nothing is at",
    expression: "((struct task_struct *)(path - path + 0x10))->pid + 7",
    value: () => 7,
  },
];

const render = (): string => `
#include <linux/sched.h>
#include <linux/fs.h>
#include <net/inet_sock.h>
typedef struct sock_common common_t;
struct own_t { u8 first; u8 second; u8 low : 4, high : 4; };
struct holder_t { struct task_struct *task; };
BPF_ARRAY(out, u64, ${truths.length});
BPF_HASH(kept, u32, struct task_struct *);
BPF_PERF_OUTPUT(unread);
#define RING(name) BPF_PERF_OUTPUT(name)
RING(unread_too);
BPF_HASH(counted, u32);
BPF_PERCPU_HASH(counted_apart, u32);
BPF_LRU_HASH(counted_of_late, u32);
BPF_ARRAY(counted_at_places, u64, 4);
#define TGID(task) (task)->tgid
#define SUM(task, name) ((task)->tg##name + (task)->tg##name)
#define BOTH(task, rest...) SUM(task, rest)
#define ANY(task, ...) (task)__VA_ARGS__
static struct task_struct *parent(struct task_struct *t) { return t->real_parent; }
RAW_TRACEPOINT_PROBE(sys_enter) {
	if (bpf_get_current_pid_tgid() >> 32 != ${process.pid} || ctx->args[1] != ${mkdir.number}) return 0;
	struct pt_regs *regs = (struct pt_regs *)ctx->args[0];
	const char *path = (const char *)${mkdir.path}(regs);
	struct task_struct *t = (struct task_struct *)bpf_get_current_task();
	struct file *file = t->files->fdt->fd[FD];
	struct socket *socket = (struct socket *)file->private_data;
	struct sock *sk = socket->sk;
	struct holder_t holder = { .task = t };
	u32 key = 1;
	u64 value;
	int slot = 0;
	kept.update(&key, &t);
${truths.map(({ expression }) => `	value = ${expression}; out.update(&slot, &value); slot++;`).join("\n")}
	unread.perf_submit(ctx, &key, sizeof(key));
	unread_too.perf_submit(ctx, &key, sizeof(key));
	unread_too.perf_submit(ctx, &key, sizeof(key));
	counted.increment(key);
	counted.increment(key, 2);
	counted_apart.increment(key);
	counted_apart.increment(key, 2);
	counted_of_late.atomic_increment(key, 3);
	counted_at_places.increment(key, 3);
	return 0;
}
`;

/** Where the process stands: the name of the checkout's folder may be anything. */
const stands = mkdtempSync(join(tmpdir(), "bpfts-reads-"));
const before = process.cwd();

beforeAll(async () => {
  process.chdir(stands);
  server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: "::", port: 0, ipv6Only: true }, resolve));
});
afterAll(() => {
  server.close();
  process.chdir(before);
  rmSync(stands, { recursive: true });
});

describe.each(clangs)("with clang $version", ({ clang }) => {
  let object: number;
  let results: bigint[];

  beforeAll(() => {
    const { bytes } = buildText(render(), openTools(clang), [`-DFD=${handle().fd}`]);
    object = port.objectOpen(bytes, "reads");
    const loaded = port.objectLoad(object, 0);
    if (loaded.status < 0) throw new Error(`load: ${JSON.stringify(loaded.programLogs).slice(-2000)}`);
    const link = port.attachRawTracepoint(port.programHandle(object, "raw_tracepoint__sys_enter"), "sys_enter");
    expect(link).toBeGreaterThan(0);
    try {
      mkdirSync(path);
    } catch {
      // That it fails is the point.
    }
    port.linkClose(link);
    const out = port.mapHandle(object, "out");
    results = truths.map((_, slot) => readU64(requireBytes(port.mapLookup(out, u32(slot), 0))));
  });
  afterAll(() => void port.objectClose(object));

  it.each(truths.map((truth, slot) => ({ ...truth, slot })))("reads $name", ({ slot, value }) => {
    expect(results[slot]).toBe(BigInt(value()));
  });

  it.each([
    ["a ring", 0, 1n],
    ["a ring that a macro of the text declares", 1, 2n],
  ])("counts events that nobody took out of %s", (_name, index, count) => {
    const perCpu = requireBytes(port.mapLookup(port.mapHandle(object, "__bpfts_lost"), u32(index), 0));
    let lost = 0n;
    for (let at = 0; at < perCpu.length / 8; at++) lost += readU64(perCpu, at);
    expect(lost).toBe(count);
  });

  it.each(["counted", "counted_apart", "counted_of_late", "counted_at_places"])(
    "counts in %s, whose key is new",
    (name) => {
      const value = requireBytes(port.mapLookup(port.mapHandle(object, name), u32(1), 0));
      let sum = 0n;
      for (let at = 0; at < value.length; at += 8) sum += readU64(value.subarray(at, at + 8));
      expect(sum).toBe(3n);
    },
  );

  it("checks what a lookup found before it computes in it, whatever the compiler thinks", () => {
    const text = `
struct val_t { int first, second; u64 third; };
BPF_HASH(start, u64, struct val_t);
static inline void fill(struct val_t *valp, int order, u64 more) { valp->second = order; valp->third = more; }
RAW_TRACEPOINT_PROBE(sys_exit) {
	u64 id = bpf_get_current_pid_tgid();
	struct val_t *valp = start.lookup(&id);
	if (valp == NULL) {
		struct val_t val = { .first = -1000 };
		valp = &val;
		start.update(&id, valp);
	}
	fill(valp, (int)ctx->args[1], ctx->args[0]);
	return 0;
}`;
    const other = port.objectOpen(buildText(text, openTools(clang)).bytes, "null");
    expect(port.objectLoad(other, 0)).toMatchObject({ status: 0 });
    port.objectClose(other);
  });
});
