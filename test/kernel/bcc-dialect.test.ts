import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { makeFolder, runCli } from "../support/run-cli.ts";

interface Answer {
  readonly file: string;
  readonly ok: boolean;
  readonly programs?: number;
  readonly maps?: number;
  readonly error?: { readonly code: string; readonly message: string; readonly location?: { readonly line: number } };
}

/** A text, and the attach calls that a tool would make; without any, all functions are loaded. */
interface Case {
  readonly text: string;
  readonly attach?: readonly object[];
}

const folder = makeFolder();
const answers = new Map<string, Answer>();

/** What tools of BCC do, one habit each; the verifier has the last word. */
const loading: Readonly<Record<string, Case>> = {
  "reads a process's struct through a system call's argument": {
    text: "#include <linux/time.h>\nBPF_HASH(naps, u32, u64);\nint syscall__nap(struct pt_regs *ctx, struct timespec *req) {\n  u32 pid = bpf_get_current_pid_tgid();\n  u64 ns = req->tv_sec * 1000000000ULL + req->tv_nsec;\n  naps.update(&pid, &ns);\n  return 0;\n}\n",
    attach: [{ kind: "kprobe", fn_name: "syscall__nap", event: "__x64_sys_nanosleep" }],
  },
  "reads characters of a system call's argument": {
    text: "BPF_HISTOGRAM(first, u8);\nint syscall__path(struct pt_regs *ctx, const char *path) {\n  first.increment(path[0]);\n  first.increment(*(path + 1));\n  return 0;\n}\n",
    attach: [{ kind: "kprobe", fn_name: "syscall__path", event: "__x64_sys_unlink" }],
  },
  "reads beside a member, by its address": {
    text: "#include <net/inet_sock.h>\nBPF_HASH(held, u32, struct sock *);\nBPF_HISTOGRAM(seen, u8);\nint enter(struct pt_regs *ctx, struct sock *sk) {\n  u32 pid = bpf_get_current_pid_tgid();\n  held.update(&pid, &sk);\n  return 0;\n}\nint leave(struct pt_regs *ctx) {\n  u32 pid = bpf_get_current_pid_tgid();\n  struct sock **skp = held.lookup(&pid);\n  if (!skp) return 0;\n  struct sock *sk = *skp;\n  u8 bits = *((u8 *)&sk->__sk_common.skc_bound_dev_if - 1);\n  seen.increment(bits);\n  held.delete(&pid);\n  return 0;\n}\n",
    attach: [
      { kind: "kprobe", fn_name: "enter", event: "inet_bind" },
      { kind: "kretprobe", fn_name: "leave", event: "inet_bind" },
    ],
  },
  "reads bit-fields of the kernel's": {
    text: "#include <net/sock.h>\nBPF_HISTOGRAM(flags, u32);\nint on_sock(struct pt_regs *ctx, struct sock *sk) {\n  flags.increment(sk->sk_reuse + sk->__sk_common.skc_reuseport);\n  return 0;\n}\n",
    attach: [{ kind: "kprobe", fn_name: "on_sock", event: "tcp_connect" }],
  },
  "counts in an array of a map's value below a limit": {
    text: '#define KINDS 69\nstruct counts { u64 of[KINDS]; };\nBPF_PERCPU_ARRAY(fresh, struct counts, 1);\nBPF_TABLE("percpu_hash", u64, struct counts, by_task, 128);\nRAW_TRACEPOINT_PROBE(sys_exit) {\n  int zero = 0;\n  u32 kind = ctx->args[1];\n  if (kind >= KINDS) return 0;\n  u64 id = bpf_get_current_pid_tgid();\n  struct counts *mine = by_task.lookup(&id), *empty;\n  if (!mine) {\n    empty = fresh.lookup(&zero);\n    if (!empty) return 0;\n    by_task.update(&id, empty);\n    mine = by_task.lookup(&id);\n    if (!mine) return 0;\n  }\n  if (kind < KINDS) mine->of[kind]++;\n  return 0;\n}\n',
  },
  "walks a packet with BCC's headers": {
    text: "#include <bcc/proto.h>\nBPF_HISTOGRAM(ports, u16);\nint on_packet(struct __sk_buff *skb) {\n  u8 *cursor = 0;\n  struct ethernet_t *ethernet = cursor_advance(cursor, sizeof(*ethernet));\n  if (ethernet->type != 0x0800) return 0;\n  struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));\n  if (ip->nextp != 6) return 0;\n  struct tcp_t *tcp = cursor_advance(cursor, sizeof(*tcp));\n  ports.increment(tcp->dst_port);\n  return -1;\n}\n",
  },
  "asks for the arguments of a USDT probe": {
    text: "#include <linux/errno.h>\n#include <uapi/linux/ptrace.h>\nBPF_HASH(last, u64, u64);\nint on_probe(struct pt_regs *ctx) {\n  u64 first = 0, second = 0;\n  bpf_usdt_readarg(1, ctx, &first);\n  bpf_usdt_readarg(2, ctx, &second);\n  if ((s64)second == -EAGAIN) return 0;\n  last.update(&first, &second);\n  return 0;\n}\n",
    attach: [{ kind: "usdt", fn_name: "on_probe", path: "/bin/true", provider: "p", probe: "q" }],
  },
  "has a struct of its own by a name of the kernel's": {
    text: "struct mnt_namespace { u64 first; struct { u32 number; } common; };\nBPF_HISTOGRAM(spaces, u32);\nint on_mount(struct pt_regs *ctx, struct mnt_namespace *space) {\n  spaces.increment(space->common.number);\n  return 0;\n}\n",
    attach: [{ kind: "kprobe", fn_name: "on_mount", event: "path_mount" }],
  },
  "follows the current task and a tracepoint's pointers": {
    text: "#include <linux/sched.h>\nBPF_HASH(parents, u32, u32);\nTRACEPOINT_PROBE(sched, sched_process_exit) {\n  struct task_struct *task = (struct task_struct *)bpf_get_current_task();\n  u32 child = task->tgid, parent = task->real_parent->tgid;\n  parents.update(&child, &parent);\n  return 0;\n}\nRAW_TRACEPOINT_PROBE(sched_switch) {\n  struct task_struct *next = (struct task_struct *)ctx->args[2];\n  u32 pid = next->pid, cpu = next->nsproxy->pid_ns_for_children->ns.inum;\n  parents.update(&pid, &cpu);\n  return 0;\n}\n",
  },
  "keeps a table in a file that is not there yet": {
    text: 'BPF_TABLE_PINNED("hash", u64, u64, allowed, 16, "/sys/fs/bpf/bpfts-test/allowed");\nTRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {\n  u64 id = bpf_get_current_cgroup_id();\n  if (allowed.lookup(&id) == NULL) return 0;\n  return 0;\n}\n',
  },
  "has a function that nothing attaches and that no kernel takes": {
    text: "int never(struct pt_regs *ctx) { return *(int *)0xdead000; }\nTRACEPOINT_PROBE(syscalls, sys_enter_mkdir) { return 0; }\n",
    attach: [],
  },
};

/** What must be told, and where. */
const failing: Readonly<
  Record<string, Case & { readonly code: string; readonly message: RegExp; readonly line?: number }>
> = {
  "a struct that neither the text nor the kernel has": {
    text: "int a(struct pt_regs *ctx, struct no_such_thing *thing) {\n  return thing->size;\n}\n",
    code: "BPFTS_COMPILE",
    message: /incomplete definition of type 'struct no_such_thing'/,
    line: 2,
  },
  "a queue with keys, which no kernel makes": {
    text: 'BPF_HASH(h);\nBPF_TABLE("queue", int, u64, waiting, 10);\n',
    code: "BPFTS_DIALECT",
    message: /Map "waiting" of kind "queue" has no keys/,
    line: 2,
  },
  "a struct that should come in a register": {
    text: "int f(struct pt_regs *ctx,\n      kuid_t uid) {\n  return uid.val;\n}\n",
    code: "BPFTS_COMPILE",
    message: /used type 'kuid_t' where arithmetic or pointer type is required/,
    line: 1,
  },
  "an attach call for a function that the text lacks": {
    text: "int here(struct pt_regs *ctx) { return 0; }\n",
    attach: [{ kind: "kprobe", fn_name: "there", event: "vfs_read" }],
    code: "BPFTS_ATTACH",
    message: /"there": the C text has no such function/,
  },
  "what is wrong with the text before what this kernel refuses": {
    text: "KFUNC_PROBE(vfs_fsync, struct file *file) { return 0; }\nint bad(struct pt_regs *ctx) {\n  return *(volatile int *)bpf_ktime_get_ns();\n}\n",
    attach: [{ kind: "kprobe", fn_name: "bad", event: "vfs_read" }],
    code: "BPFTS_VERIFIER",
    message: /rejects "bad"/,
    line: 3,
  },
};

const nameFile = (name: string): string => join(folder, `${name.replaceAll(/\W+/g, "-")}.c`);

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  const files = Object.entries({ ...loading, ...failing }).map(([name, { text, attach }]) => {
    const file = nameFile(name);
    writeFileSync(file, text);
    if (attach !== undefined) writeFileSync(file.replace(/\.c$/, ".attach.json"), JSON.stringify(attach));
    return file;
  });
  const { stdout } = await runCli(["check", "--json", "--attach", "auto", ...files]);
  for (const line of stdout.trimEnd().split("\n")) {
    const answer = JSON.parse(line) as Answer;
    answers.set(answer.file, answer);
  }
}, 300_000);

describe("a text that", () => {
  it.each(Object.keys(loading))("%s passes the verifier", (name) => {
    expect(answers.get(nameFile(name))).toMatchObject({ ok: true });
  });

  it("names a file for its table leaves none behind when it is checked", () => {
    expect(existsSync("/sys/fs/bpf/bpfts-test")).toBe(false);
  });
});

describe("check tells", () => {
  it.each(Object.entries(failing))("%s", (name, { code, message, line }) => {
    const answer = answers.get(nameFile(name));
    expect(answer?.error).toMatchObject({ code, message: expect.stringMatching(message) as string });
    if (line !== undefined) expect(answer?.error?.location?.line).toBe(line);
  });
});
