import { describe, expect, it } from "vitest";
import { requirePid, requireProcess } from "../../../../runtime/kernel/user/require-process.ts";
import { openFakeFiles } from "../../../support/fake-files.ts";
import type { FakeFile } from "../../../support/fake-files.ts";

const stat = (name: string, state: string, flags: number): string => `7 (${name}) ${state} 1 7 7 0 -1 ${flags} 0 0`;
const program = { link: "/bin/a" };

describe("a process that is to be traced", () => {
  it("is one that runs a program", () => {
    const files = openFakeFiles({ "/proc/7/stat": stat("a) Z (b", "S", 0x400000), "/proc/7/exe": program });
    expect(() => requireProcess("Cannot", 7, files)).not.toThrow();
    expect(() => requireProcess("Cannot", process.pid)).not.toThrow();
  });

  it.each<[string, Record<string, FakeFile>, string, string]>([
    ["that has ended", {}, "BPFTS_ATTACH", "Cannot: there is no process 7: it has ended"],
    [
      "that ends this moment",
      { "/proc/7/stat": stat("a", "S", 0) },
      "BPFTS_ATTACH",
      "Cannot: there is no process 7: it has ended",
    ],
    [
      "that nobody has waited for",
      { "/proc/7/stat": stat("a b", "Z", 0) },
      "BPFTS_ATTACH",
      "Cannot: process 7 (a b) has ended; its parent has not taken notice yet",
    ],
    [
      "of the kernel",
      { "/proc/7/stat": stat("kthreadd", "S", 0x208040) },
      "BPFTS_ATTACH",
      "Cannot: process 7 (kthreadd) is a thread of the kernel: it runs no program",
    ],
    [
      "of another user",
      { "/proc/7/stat": stat("a", "S", 0), "/proc/7/exe": { fail: "EACCES" } },
      "BPFTS_PRIVILEGE",
      "Cannot: this user may not look into process 7",
    ],
  ])("says what became of one %s", (_, files, code, message) => {
    expect(() => requireProcess("Cannot", 7, openFakeFiles(files))).toThrow(expect.objectContaining({ code, message }));
  });
});

describe("a number that is to be a process", () => {
  const files = openFakeFiles({ "/proc/7/status": "Name:\ta\nTgid:\t7\n", "/proc/8/status": "Name:\ta\nTgid:\t7\n" });

  it("is that of a process, not of a thread and not of nothing", () => {
    expect(() => requirePid("Cannot", 7, files)).not.toThrow();
    expect(() => requirePid("Cannot", 8, files)).toThrow("Cannot: 8 is a thread of process 7");
    expect(() => requirePid("Cannot", 9, files)).toThrow("Cannot: there is no process 9: it has ended");
  });
});
