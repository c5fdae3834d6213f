import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { headersFile, openKernelHeaders } from "../../../runtime/compile/kernel-headers.ts";
import { prepare } from "../dialect/fake-env.ts";

const path = fileURLToPath(new URL(`../../../bpf-headers/${headersFile}`, import.meta.url));
const headers = openKernelHeaders(path);
const warn = (include: string): string[] =>
  prepare(`#include <${include}>\nint f(void *ctx) { return 0; }`, { headers }).warnings.map(({ message }) => message);

describe("the kernel's headers", () => {
  it("are found one by one, and no parts of their names", () => {
    const names = readFileSync(path, "utf8").trimEnd().split("\n").slice(1);
    expect(names.length).toBeGreaterThan(4000);
    for (const name of names) expect([name, headers.has(name)]).toEqual([name, true]);
    for (const name of ["linux/sched", "linux/sched.", "sched.h", "linux/zzz.h", "", "aaa"])
      expect([name, headers.has(name)]).toEqual([name, false]);
    expect(headers.listNames()).toEqual(names);
  });

  it.each([
    ["linux/shced.h", "linux/sched.h"],
    ["linux/blkdevs.h", "linux/blkdev.h"],
    ["net/scok.h", "net/sock.h"],
    ["uapi/linux/ptrac.h", "uapi/linux/ptrace.h"],
    ["asm/ptrce.h", "asm/ptrace.h"],
  ])("%s is asked about", (include, wanted) => {
    expect(warn(include)).toEqual([`No kernel header <${include}> is known: did you mean <${wanted}>?`]);
  });

  // What BCC's tools include, and headers that only other kernels have.
  it.each([
    "linux/sched.h",
    "uapi/linux/ptrace.h",
    "net/inet_sock.h",
    "linux/version.h",
    "uapi/linux/version.h",
    "asm/unistd_64.h",
    "linux/blk-mq.h",
    "bcc/proto.h",
    "linux/sched/ext.h",
    "linux/some_later_thing.h",
    "sound/core.h",
  ])("%s is not", (include) => {
    expect(warn(include)).toEqual([]);
  });
});
