import { describe, expect, it } from "vitest";
import { disassemble } from "../../../runtime/object/disassemble.ts";

/** One instruction of 8 bytes. Source: the encoding of Documentation/bpf/standardization/instruction-set.rst. */
function encode(opcode: number, target = 0, source = 0, offset = 0, immediate = 0): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, opcode);
  view.setUint8(1, target | (source << 4));
  view.setInt16(2, offset, true);
  view.setInt32(4, immediate, true);
  return bytes;
}

const render = (...instructions: readonly Uint8Array[]): string[] =>
  disassemble(new Uint8Array(instructions.flatMap((bytes) => [...bytes])), {
    nameCall: (number) => (number === 7 ? "vfs_read" : undefined),
    nameFunction: (at) => (at === 3 ? "helper_of_mine" : undefined),
  }).map(({ text }) => text);

describe("disassembling", () => {
  it.each([
    ["signed division", encode(0x3f, 1, 2, 1), "r1 s/= r2"],
    ["signed remainder of half a register", encode(0x94, 3, 0, 1, 10), "w3 s%= 10"],
    ["a move that extends the sign", encode(0xbf, 1, 2, 8), "r1 = (s8)r2"],
    ["a load that extends the sign", encode(0x91, 1, 2, -4), "r1 = *(s8 *)(r2 -4)"],
    ["a swap of bytes", encode(0xd7, 5, 0, 0, 32), "r5 = bswap32 r5"],
    ["a long jump", encode(0x06, 0, 0, 0, -9), "gotol pc-9"],
    ["a bounded jump", encode(0xe5, 0, 0, 4, 0), "may_goto pc+4"],
    ["an exchange", encode(0xdb, 1, 2, 0, 0xe1), "r2 = atomic64_xchg((u64 *)(r1 +0), r2)"],
    ["a compared exchange of 32 bits", encode(0xc3, 1, 2, 8, 0xf1), "r0 = atomic_cmpxchg((u32 *)(r1 +8), r0, r2)"],
    ["a store with release", encode(0xdb, 1, 2, 0, 0x110), "store_release((u64 *)(r1 +0), r2)"],
    ["a read of a packet", encode(0x28, 0, 0, 0, 12), "r0 = *(u16 *)skb[12]"],
    ["a call of the kernel", encode(0x85, 0, 2, 0, 7), "call vfs_read"],
    ["a call of a function without a name", encode(0x85, 0, 0, 0, 9), "call helper#9"],
    ["a call of the program's own", encode(0x85, 0, 1, 2, 5), "call pc+2 <helper_of_mine>"],
    ["what is no instruction", encode(0xff, 1, 2), "unknown instruction ff (registers 1 and 2, offset 0, number 0)"],
  ])("writes %s", (_name, bytes, text) => {
    expect(render(bytes)).toEqual([text]);
  });

  it("counts a wide number as two and leaves half of one alone", () => {
    expect(render(encode(0x18, 1, 0, 0, -1), encode(0, 0, 0, 0, 1), encode(0x95))).toEqual([
      "r1 = 0x1ffffffff",
      "exit",
    ]);
    expect(render(encode(0x18, 1, 1, 0, 5))).toEqual(["r1 = map[id:5]"]);
  });
});
