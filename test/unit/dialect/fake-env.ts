import type { DialectEnv } from "../../../runtime/dialect/text/env.ts";
import { prepareUnit } from "../../../runtime/dialect/prepare.ts";
import type { CSource, CUnit } from "../../../runtime/dialect/text/unit.ts";

const fakeMacros: Readonly<Record<string, string>> = {
  EPERM: "1",
  O_CREAT: "0x40",
  ECHO: "8",
  TASK_COMM_LEN: "99",
  S_IFMT: "0xf000",
  S_IFREG: "0x8000",
  __NR_openat: "0x38",
};

const fakeHeaders = ["linux/sched.h", "linux/blkdev.h", "net/sock.h"];

/** A machine with a handful of types, made up for the tests. */
export const fakeEnv: DialectEnv = {
  arch: "x86",
  onlineCpus: 4,
  possibleCpus: 8,
  kernelVersionCode: (6 << 16) + (1 << 8),
  haveSyscallWrapper: true,
  findKernelConfig: (name) => ({ CONFIG_NET_NS: "y", CONFIG_NFS_FS: "m", CONFIG_HZ: "250" })[name],
  haveType: (kind, name) =>
    [
      "struct sock",
      "struct task_struct",
      "struct mount",
      "enum color",
      "typedef freelist_aba_t",
      "typedef u32",
    ].includes(`${kind} ${name}`),
  findEnumValue: (name) => ({ TASK_COMM_LEN: 16n, RED: 0n })[name],
  isBitField: () => false,
  macros: {
    find: (name) => fakeMacros[name],
    isElsewhere: (name) => name === "__NR_open",
    listNames: () => Object.keys(fakeMacros),
  },
  headers: {
    has: (name) => fakeHeaders.includes(name),
    listNames: () => fakeHeaders,
  },
  wantedMacros: [],
  ownMacros: [],
  moduleHeaders: [],
  findUnloadedModule: () => undefined,
  listHelpers: () => ["bpf_ktime_get_ns", "bpf_get_current_task", "bpf_get_current_pid_tgid"],
  readTracepointFormat: (category, event) =>
    category === "syscalls" && event === "sys_enter_openat" ? openatFormat : undefined,
};

export const openatFormat = `name: sys_enter_openat
ID: 782
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
	field:unsigned char common_preempt_count;	offset:3;	size:1;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:int __syscall_nr;	offset:8;	size:4;	signed:1;
	field:int dfd;	offset:16;	size:8;	signed:0;
	field:const char * filename;	offset:24;	size:8;	signed:0;
	field:int flags;	offset:32;	size:8;	signed:0;
	field:umode_t mode;	offset:40;	size:8;	signed:0;

print fmt: "dfd: 0x%08lx", ((unsigned long)(REC->dfd))
`;

export function makeSource(text: string): CSource {
  return { text, name: "<text>" };
}

export function prepare(text: string, env: Partial<DialectEnv> = {}): CUnit {
  return prepareUnit(makeSource(text), { ...fakeEnv, ...env });
}

/** The user's part of the prepared text, without its generated surroundings. */
export function prepareBody(text: string, env: Partial<DialectEnv> = {}): string {
  return prepare(text, env).parts.body;
}
