import { constants as fsConstants, readFileSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { macrosFile, openKernelMacros } from "../../../runtime/compile/kernel-macros.ts";

const path = fileURLToPath(new URL(`../../../bpf-headers/${macrosFile}`, import.meta.url));
const lines = readFileSync(path, "utf8").trimEnd().split("\n").slice(1);
const [x86, arm64] = [openKernelMacros(path, "x86"), openKernelMacros(path, "arm64")];
const read = (text: string | undefined): number => Number((text ?? "").replace(/[()UL]/g, ""));

describe("the table of the kernel's macros", () => {
  it("is found line by line", () => {
    expect(lines.length).toBeGreaterThan(9000);
    for (const line of lines) {
      const [, arch, name, value] = /^(?:(\w+):)?(\w+) (.+)$/.exec(line)!;
      if (arch !== "arm64") expect([name, x86.find(name!)]).toEqual([name, value]);
      if (arch !== "x86") expect([name, arm64.find(name!)]).toEqual([name, value]);
    }
  });

  it("has nothing else, neither parts of names nor those of the other architecture", () => {
    for (const name of ["", "O_", "O_CREA", "O_CREATE", "x86", "arm64", "ZZZ", "___"])
      expect(x86.find(name)).toBeUndefined();
    expect(arm64.find("__NR_open")).toBeUndefined();
    expect([arm64.isElsewhere("__NR_open"), x86.isElsewhere("__NR_open")]).toEqual([true, false]);
    expect([arm64.isElsewhere("__NR_openat"), arm64.isElsewhere("NO_SUCH")]).toEqual([false, false]);
    expect(arm64.listNames()).not.toContain("__NR_open");
    expect(arm64.listNames()).toContain("__NR_openat");
  });

  // Node was compiled with libc's headers for this machine.
  const known = { ...constants.errno, ...constants.signals, ...fsConstants } as Readonly<Record<string, number>>;
  const own = process.arch === "arm64" ? arm64 : x86;
  const shared = Object.keys(known).filter(
    // libc keeps the flag from 64-bit programs, which need not ask for it; the kernel has it.
    (name) => name !== "O_LARGEFILE" && own.find(name) !== undefined,
  );

  it("says what libc says", () => {
    expect(shared.length).toBeGreaterThan(130);
    expect(shared.map((name) => `${name} ${read(own.find(name))}`)).toEqual(
      shared.map((name) => `${name} ${known[name]}`),
    );
  });

  it.each([
    ["__NR_openat", 257, 56],
    ["__NR_execve", 59, 221],
    ["__NR_io_uring_enter", 426, 426],
    ["O_DIRECT", 0o40000, 0o200000],
    ["AF_INET6", 10, 10],
    ["PR_SET_NAME", 15, 15],
    ["SECCOMP_RET_ERRNO", 0x50000, 0x50000],
    ["STATX_BTIME", 0x800, 0x800],
    ["MSG_DONTWAIT", 0x40, 0x40],
    ["EPOLLOUT", 4, 4],
    ["SIGRTMIN", 32, 32],
  ])("%s is %i on x86 and %i on arm64", (name, one, other) => {
    expect([read(x86.find(name)), read(arm64.find(name))]).toEqual([one, other]);
  });
});
