import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What libbpf's headers and the test programs need of the kernel's types, and a filter on the test's own process. */
const prelude = `
typedef unsigned char __u8; typedef unsigned short __u16; typedef unsigned int __u32; typedef unsigned long long __u64;
typedef signed char __s8; typedef short __s16; typedef int __s32; typedef long long __s64;
typedef __u16 __be16; typedef __u32 __be32; typedef __u32 __wsum;
typedef __u8 u8; typedef __u16 u16; typedef __u32 u32; typedef __u64 u64;
#include <bpf/bpf_helpers.h>
char _license[] SEC("license") = "GPL";
/* The process that the test traces: its own, or a child of its. */
volatile u32 target = 0;
static __always_inline int is_target(void) { return bpf_get_current_pid_tgid() >> 32 == target; }
#line 1 "test.c"
`;

/** Compiles a BPF program in libbpf's style, with the types u8 to u64 and \`is_target()\` at hand. */
export function compileBpf(text: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
  try {
    const source = join(folder, "test.c");
    const object = join(folder, "test.o");
    writeFileSync(source, prelude + text);
    const multiarch = `/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
    const result = spawnSync(findClang(), ["-g", "-O2", "-target", "bpf", "-I", multiarch, "-c", source, "-o", object], { encoding: "utf8" });
    if (result.status !== 0) throw new Error(`clang: ${result.stderr}`);
    return new Uint8Array(readFileSync(object));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function findClang(): string {
  const names = [...Array.from({ length: 20 }, (_, index) => `clang-${30 - index}`), "clang"];
  const folders = (process.env["PATH"] ?? "").split(":");
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
  if (found === undefined) throw new Error("no clang");
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
