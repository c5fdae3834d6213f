import { describe, expect, it } from "vitest";
import { errno } from "../../../../runtime/kernel/door/errno.ts";
import { attachProgram } from "../../../../runtime/kernel/hooks/attach.ts";
import { describeKprobe } from "../../../../runtime/kernel/hooks/kprobe.ts";
import { listFunctionAddresses } from "../../../../runtime/kernel/machine/kallsyms.ts";
import { openFakeKernel } from "../../../support/fake-kernel.ts";

const symbols = `ffffffff81000010 t show_one
ffffffff81000020 t show
ffffffff81000030 T show
ffffffff81000030 t show
ffffffff81000040 d show
ffffffffc0000010 t show\t[veth]
0000000000000000 t hidden
`;

describe("a kernel function's name that stands for several", () => {
  const list = (name: string): bigint[] => listFunctionAddresses(name, symbols);

  it("is looked for among functions of the kernel and its modules, each address once", () => {
    expect(list("show")).toEqual([0xffffffff81000020n, 0xffffffff81000030n, 0xffffffffc0000010n]);
    expect([list("show_one"), list("hidden"), list("sho.")]).toEqual([[0xffffffff81000010n], [], []]);
  });

  it("is probed in all of them when the kernel says that it is no one's", () => {
    let links = 0;
    const kernel = openFakeKernel({
      attachKprobe: (_program, symbol) => (symbol === "" ? ++links : errno.EADDRNOTAVAIL),
    });
    const made = attachProgram(kernel.port, "kretprobe", "on_show", 7, describeKprobe("show", true, 0, list));
    expect(made.map(({ handle, key }) => [handle, key])).toEqual([
      [1, "show"],
      [2, "show"],
      [3, "show"],
    ]);
    expect(kernel.argsOf("attachKprobe").slice(1)).toEqual(list("show").map((address) => [7, "", address, true, 0n]));
  });

  it("is probed in none when one of them refuses, and is an error where an offset would fit one or addresses are hidden", () => {
    let calls = 0;
    const closed: number[] = [];
    const kernel = openFakeKernel({
      attachKprobe: (_program, symbol) => (symbol !== "" ? errno.EADDRNOTAVAIL : ++calls === 3 ? errno.EINVAL : calls),
      linkClose(link) {
        closed.push(link);
        return 0;
      },
    });
    const attach = (name: string, offset = 0): unknown =>
      attachProgram(kernel.port, "kprobe", "on_show", 7, describeKprobe(name, false, offset, list));
    expect(() => attach("show")).toThrow(/^Cannot attach "on_show" to kprobe "show at 0xffffffffc0000010"/);
    expect(closed).toEqual([1, 2]);
    expect(() => attach("show", 4)).toThrow(
      'Cannot attach to kernel function "show": several functions have that name, which event_off cannot tell apart',
    );
    expect(() => attach("hidden")).toThrow(expect.objectContaining({ code: "BPFTS_PRIVILEGE" }));
  });
});
