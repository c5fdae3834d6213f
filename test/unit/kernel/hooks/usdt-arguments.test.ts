import { describe, expect, it } from "vitest";
import {
  parseUsdtArguments,
  settleUsdtSymbols,
  splitUsdtArguments,
} from "../../../../runtime/kernel/hooks/usdt-arguments.ts";

const parse = (text: string, arch: "x86" | "arm64" = "x86"): unknown =>
  parseUsdtArguments(text, arch).map(({ operand }) => operand);
const unreadable = { kind: "unreadable", reason: expect.any(String) as string };

describe("parseUsdtArguments", () => {
  it("reads sizes and signs", () => {
    expect(
      parseUsdtArguments("-4@%edi 8@$1 2@%ax -1@%cl", "x86").map(({ size, signed, text }) => [size, signed, text]),
    ).toEqual([
      [4, true, "-4@%edi"],
      [8, false, "8@$1"],
      [2, false, "2@%ax"],
      [1, true, "-1@%cl"],
    ]);
  });

  // Offsets as in struct pt_regs.
  it.each([
    ["8@%rax", { kind: "register", register: 80 }],
    ["4@%r15d", { kind: "register", register: 0 }],
    ["1@%r8b", { kind: "register", register: 72 }],
    ["1@%sil", { kind: "register", register: 104 }],
    ["8@%rsp", { kind: "register", register: 152 }],
    ["-4@$-5", { kind: "constant", value: -5n }],
    ["8@$0x10", { kind: "constant", value: 16n }],
    ["8@$18446744073709551615", { kind: "constant", value: 18446744073709551615n }],
    ["8@(%rdi)", { kind: "memory", offset: 0n, shift: 0, base: 112 }],
    ["-4@-24(%rbp)", { kind: "memory", offset: -24n, shift: 0, base: 32 }],
    ["8@(%rdx,%rax)", { kind: "memory", offset: 0n, shift: 0, base: 96, index: 80 }],
    ["8@16(%rdx,%rax,8)", { kind: "memory", offset: 16n, shift: 3, base: 96, index: 80 }],
    ["8@8(,%rcx,2)", { kind: "memory", offset: 8n, shift: 1, index: 88 }],
    ["8f@%xmm0", { kind: "unreadable", reason: expect.stringContaining("floating-point register") as string }],
    ["8@%xmm1", { kind: "unreadable", reason: expect.stringContaining("floating-point register") as string }],
    ["8f@-16(%rsp)", { kind: "memory", offset: -16n, shift: 0, base: 152 }],
    ["1@%ah", { kind: "register", register: 81 }],
    ["-1@%bh", { kind: "register", register: 41 }],
    ["4@-64(%rip)", { kind: "memory", offset: -64n, shift: 0, base: 128 }],
    ["4@counter(%rip)", { kind: "unreadable", reason: expect.stringContaining("does not name") as string }],
    ["4@%fs:own@tpoff", { kind: "unreadable", reason: expect.stringContaining("does not name") as string }],
    ["8@%fs:16(%rax)", { kind: "thread", offset: 16n, shift: 0, base: 80 }],
    ["4@%fs:-8", { kind: "thread", offset: -8n, shift: 0 }],
    ["8@%fs:-32(,%rdx,8)", { kind: "thread", offset: -32n, shift: 3, index: 96 }],
    ["8@4202560(,%rax,4)", { kind: "memory", offset: 4202560n, shift: 2, index: 80 }],
    ["8@%gs:16", unreadable],
    ["8@4096", unreadable],
  ])("reads %s of x86", (text, operand) => {
    expect(parse(text)).toEqual([operand]);
  });

  it.each([
    ["8@x0", { kind: "register", register: 0 }],
    ["4@w30", { kind: "register", register: 240 }],
    ["8@sp", { kind: "register", register: 248 }],
    ["-4@-1", { kind: "constant", value: -1n }],
    ["8@[sp]", { kind: "memory", offset: 0n, shift: 0, base: 248 }],
    ["8@[sp, 16]", { kind: "memory", offset: 16n, shift: 0, base: 248 }],
    ["-4@[x29, -20]", { kind: "memory", offset: -20n, shift: 0, base: 232 }],
    ["8@[x1, x2]", { kind: "memory", offset: 0n, shift: 0, base: 8, index: 16 }],
    ["8@[x1, x2, lsl 3]", { kind: "memory", offset: 0n, shift: 3, base: 8, index: 16 }],
    ["8@[x1, w2, sxtw 3]", unreadable],
    ["8@x31", unreadable],
  ])("reads %s of arm64", (text, operand) => {
    expect(parse(text, "arm64")).toEqual([operand]);
  });

  it("puts numbers in the place of variables", () => {
    const find =
      (places: Readonly<Record<string, number>>) =>
      (symbol: string): number | undefined =>
        places[symbol];
    const settle = (text: string): string =>
      settleUsdtSymbols(text, {
        findDistance: find({ counter: 100, "table.0": -8 }),
        findAddress: find({ counter: 4096 }),
        findThreadOffset: find({ own: -24 }),
      });
    expect(settle("-4@counter(%rip) 8@%rax 8@16+counter(%rip) 4@table.0+4(%rip) 8@counter-4(%rip) -4@$5")).toBe(
      "-4@100(%rip) 8@%rax 8@116(%rip) 4@-4(%rip) 8@96(%rip) -4@$5",
    );
    expect(settle("8@counter")).toBe("8@100(%rip)");
    expect(settle("4@counter(,%rax,4) 4@counter+8(%rax) 4@%fs:own@tpoff 8@%fs:own@tpoff+8(,%rdx,8)")).toBe(
      "4@4096(,%rax,4) 4@4104(%rax) 4@%fs:-24 8@%fs:-16(,%rdx,8)",
    );
    // What has no name here stays as it is.
    for (const text of [
      "4@missing(%rip)",
      "4@missing(,%rax,4)",
      "4@%fs:missing@tpoff",
      "8@%fs:16(%rax)",
      "8f@%xmm0",
      "-4@-24(%rbp)",
      "4@(%rsi,%rcx,4)",
    ])
      expect(settle(text)).toBe(text);
  });

  it("keeps operands with spaces in one piece", () => {
    expect(splitUsdtArguments("8@[sp, 16] -4@w1  8@5")).toEqual(["8@[sp, 16]", "-4@w1", "8@5"]);
    expect(splitUsdtArguments("")).toEqual([]);
  });
});
