import { describe, expect, it } from "vitest";
import { readFunctionAddresses } from "../../../../runtime/kernel/machine/kallsyms.ts";

const symbols = "1000 t twin\n2000 t twin\n3000 T plain\n3000 T plain\n4000 T other\n0 T hidden\n";
const names = new Set(["twin", "plain", "hidden"]);

describe("the addresses of functions for one link", () => {
  it("are those that the kernel can trace, behind an instruction for indirect jumps too", () => {
    const traceable = new Set([0x2004n, 0x3000n, 0x4000n]);
    expect([...readFunctionAddresses(names, symbols, () => traceable)]).toEqual([
      ["twin", [0x2000n]],
      ["plain", [0x3000n]],
    ]);
  });

  it("are all where the kernel does not say", () => {
    expect([...readFunctionAddresses(names, symbols, () => undefined)]).toContainEqual(["twin", [0x1000n, 0x2000n]]);
  });
});
