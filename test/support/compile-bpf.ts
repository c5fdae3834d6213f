import { runClang } from "../../runtime/compile/clang.ts";
import { findToolchain } from "../../runtime/compile/toolchain.ts";

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

/** Compiles a BPF program in libbpf's style, with the types u8 to u64 and `is_target()` at hand. */
export function compileBpf(text: string): Uint8Array {
  const multiarch = `/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
  const result = runClang(
    findToolchain({ PATH: process.env["PATH"] }),
    ["-g", "-O2", "-target", "bpf", "-I", multiarch, "-c", "-x", "c", "-", "-o", "-"],
    prelude + text,
  );
  if (!result.ok) throw new Error(`clang: ${result.stderr}`);
  return new Uint8Array(result.stdout);
}
