import { describe, expect, it } from "vitest";
import { requireProcess } from "../../../../runtime/kernel/user/require-process.ts";

const stat = (name: string, state: string, flags: number): string => `7 (${name}) ${state} 1 7 7 0 -1 ${flags} 0 0`;
const fail = (code: string) => (): never => {
  throw Object.assign(new TypeError(code), { code });
};

describe("a process that is to be traced", () => {
  it("is one that runs a program", () => {
    expect(() =>
      requireProcess("Cannot", 7, { readStat: () => stat("a) Z (b", "S", 0x400000), readProgram: () => "/bin/a" }),
    ).not.toThrow();
    expect(() => requireProcess("Cannot", process.pid)).not.toThrow();
  });

  it.each([
    [
      "that has ended",
      { readStat: fail("ENOENT"), readProgram: () => "" },
      "BPFTS_ATTACH",
      "Cannot: there is no process 7: it has ended",
    ],
    [
      "that ends this moment",
      { readStat: () => stat("a", "S", 0), readProgram: fail("ENOENT") },
      "BPFTS_ATTACH",
      "Cannot: there is no process 7: it has ended",
    ],
    [
      "that nobody has waited for",
      { readStat: () => stat("a b", "Z", 0), readProgram: fail("ENOENT") },
      "BPFTS_ATTACH",
      "Cannot: process 7 (a b) has ended; its parent has not taken notice yet",
    ],
    [
      "of the kernel",
      { readStat: () => stat("kthreadd", "S", 0x208040), readProgram: fail("ENOENT") },
      "BPFTS_ATTACH",
      "Cannot: process 7 (kthreadd) is a thread of the kernel: it runs no program",
    ],
    [
      "of another user",
      { readStat: () => stat("a", "S", 0), readProgram: fail("EACCES") },
      "BPFTS_PRIVILEGE",
      "Cannot: this user may not look into process 7",
    ],
  ])("says what became of one %s", (_, reader, code, message) => {
    expect(() => requireProcess("Cannot", 7, reader)).toThrow(expect.objectContaining({ code, message }));
  });
});
