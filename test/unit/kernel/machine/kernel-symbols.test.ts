import { describe, expect, it } from "vitest";
import { openKernelSymbols } from "../../../../runtime/kernel/machine/kernel-symbols.ts";
import { openFakeFiles } from "../../../support/fake-files.ts";

const core = `0000000000000000 A per_cpu_start
ffffffff81000000 T _text
ffffffff81000000 T startup_64
ffffffff81000040 t __pfx_schedule
ffffffff81000050 T schedule
ffffffff81000100 W weak_one
ffffffff81000100 T strong_one
ffffffff82000000 D some_data
ffffffff82001000 B _end
`;
const modules = `ffffffffc0002000 t late_function\t[veth]
ffffffffc0001000 t veth_open\t[veth]
ffffffffc0100f00 t bpf_prog_abc_f\t[bpf]
`;

function open(texts: Record<string, string>, now?: () => number): (address: bigint) => string | undefined {
  const symbols = openKernelSymbols(openFakeFiles(texts), now ?? (() => 0));
  return (address) => {
    const found = symbols.find(address);
    return found === undefined
      ? undefined
      : `${found.name}+${found.offset}${found.module === undefined ? "" : ` [${found.module}]`}`;
  };
}

const kallsyms = "/proc/kallsyms";
const both = {
  [kallsyms]: core + modules,
  "/proc/modules": "veth 8192 0 - Live 0xffffffffc0001000\nother 4096 1 veth, Live 0xffffffffc0200000\n",
};

describe("openKernelSymbols", () => {
  const name = open(both);

  it("names addresses of the kernel up to the next symbol", () => {
    expect([0xffffffff81000050n, 0xffffffff810000ffn, 0xffffffff82000fffn].map(name)).toEqual([
      "schedule+0",
      "schedule+175",
      "some_data+4095",
    ]);
  });

  it("takes a function's own name before a mark of the linker's, and a strong one before a weak one of the same address", () => {
    expect(name(0xffffffff81000000n)).toBe("startup_64+0");
    expect(name(0xffffffff81000101n)).toBe("strong_one+1");
  });

  it("names modules, whose symbols stand in any order, to their end and not beyond", () => {
    expect([0xffffffffc0001010n, 0xffffffffc0002010n, 0xffffffffc0002fffn].map(name)).toEqual([
      "veth_open+16 [veth]",
      "late_function+16 [veth]",
      "late_function+4095 [veth]",
    ]);
    expect(name(0xffffffffc0003000n)).toBeUndefined();
  });

  it("names programs, whose size nobody tells, to the end of their page", () => {
    expect([0xffffffffc0100ff0n, 0xffffffffc0101000n].map(name)).toEqual(["bpf_prog_abc_f+240 [bpf]", undefined]);
  });

  it("names nothing before, behind and outside of the kernel", () => {
    expect(
      [0n, 0x1000n, 0x7fff00000000n, 0xffffffff80ffffffn, 0xffffffff82001001n, 0xffff888000000000n].map(name),
    ).toEqual([undefined, undefined, undefined, undefined, undefined, undefined]);
  });

  it("takes addresses as signed numbers, too", () => {
    expect(name(BigInt.asIntN(64, 0xffffffff81000050n))).toBe("schedule+0");
  });

  it("names nothing where addresses are hidden", () => {
    const hidden = open({ [kallsyms]: core.replace(/^f{8}\w{8}/gm, "0".repeat(16)) });
    expect(hidden(0xffffffff81000050n)).toBeUndefined();
  });

  it("reads the table again for what it does not know, at most once a second", () => {
    const texts = { [kallsyms]: core };
    let time = 0;
    const later = open(texts, () => time);
    expect(later(0xffffffffc0001010n)).toBeUndefined();
    texts[kallsyms] = core + modules;
    expect(later(0xffffffffc0001010n)).toBeUndefined();
    time = 1001;
    expect(later(0xffffffffc0001010n)).toBe("veth_open+16 [veth]");
  });
});
