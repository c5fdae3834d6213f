import { describe, expect, it } from "vitest";
import { errno } from "../../../../runtime/kernel/door/errno.ts";
import { attachTogether, canShareLink } from "../../../../runtime/kernel/hooks/multi-links.ts";
import type { MultiPlace, PlacedRow } from "../../../../runtime/kernel/hooks/multi-links.ts";
import { openFakeKernel } from "../../../support/fake-kernel.ts";

const place = (offset: number, change: Partial<MultiPlace> = {}): MultiPlace =>
  ({
    kind: "uprobe",
    path: "/bin/x",
    pid: -1,
    retprobe: false,
    offset: BigInt(offset),
    refCtrOffset: 0n,
    ...change,
  }) as MultiPlace;

const row = (offset: number, change: Partial<MultiPlace> = {}): PlacedRow<number> => ({
  owner: offset,
  place: place(offset, change),
  cookie: BigInt(offset * 10),
});

const readNumbers = (bytes: Uint8Array): number[] => [...new BigUint64Array(bytes.slice().buffer)].map(Number);
const code = (major: number, minor: number): number => (major << 16) | (minor << 8);

describe("canShareLink", () => {
  it("knows since when, and that the first kernels looked at one thread of a process alone", () => {
    expect(canShareLink([place(1)], code(6, 5))).toBe(false);
    expect(canShareLink([place(1)], code(6, 6))).toBe(true);
    expect(canShareLink([place(1), place(2, { pid: 5 })], code(6, 9))).toBe(false);
    expect(canShareLink([place(1, { pid: 5 })], code(6, 10))).toBe(true);
    expect(canShareLink([{ kind: "kprobe", retprobe: false, addresses: [1n] }], code(5, 18))).toBe(true);
    expect(canShareLink([place(1), undefined], code(7, 0))).toBe(false);
    expect(canShareLink([], code(7, 0))).toBe(false);
  });
});

describe("attachTogether", () => {
  it("makes one link for each binary, process and direction, with a cookie for each place", () => {
    let handle = 100;
    const kernel = openFakeKernel({ attachUprobeMulti: () => ++handle });
    const { links, failed } = attachTogether(kernel.port, 7, [
      row(1),
      row(2, { path: "/bin/y" }),
      row(3, { refCtrOffset: 9n }),
      row(4, { ownCookie: () => 77n }),
    ]);
    expect(failed).toEqual([]);
    expect(links).toEqual([
      { handle: 101, owners: [1, 3, 4] },
      { handle: 102, owners: [2] },
    ]);
    const [, target] = kernel.argsOf("attachUprobeMulti")[0] as [number, Record<string, Uint8Array>];
    expect(readNumbers(target["offsets"]!)).toEqual([1, 3, 4]);
    expect(readNumbers(target["refCtrOffsets"]!)).toEqual([0, 9, 0]);
    expect(readNumbers(target["cookies"]!)).toEqual([10, 30, 77]);
  });

  it("finds the places that the kernel refuses, and attaches all others", () => {
    let handle = 0;
    const refused = new Set([3, 11]);
    const kernel = openFakeKernel({
      attachUprobeMulti: (_program, { offsets }) =>
        readNumbers(offsets).some((offset) => refused.has(offset)) ? errno.EINVAL : ++handle,
    });
    const { links, failed } = attachTogether(
      kernel.port,
      7,
      Array.from({ length: 16 }, (_, index) => row(index)),
    );
    expect(failed).toEqual([3, 11]);
    expect(links.flatMap(({ owners }) => owners).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 16 }, (_, index) => index).filter((index) => !refused.has(index)),
    );
    expect(kernel.argsOf("attachUprobeMulti").length).toBeLessThan(20);
  });

  it("asks once where the whole set is refused", () => {
    const kernel = openFakeKernel({ attachUprobeMulti: () => errno.ESRCH });
    expect(attachTogether(kernel.port, 7, [row(1), row(2), row(3)])).toEqual({ links: [], failed: [1, 2, 3] });
    expect(kernel.argsOf("attachUprobeMulti")).toHaveLength(1);
  });

  it("attaches every function of a name, under the name's cookie", () => {
    const kernel = openFakeKernel({ attachKprobeMulti: () => 1 });
    attachTogether(kernel.port, 7, [
      { owner: "a", place: { kind: "kprobe", retprobe: true, addresses: [5n, 6n] }, cookie: 1n },
      { owner: "b", place: { kind: "kprobe", retprobe: true, addresses: [7n] }, cookie: 2n },
    ]);
    const [, addresses, cookies, retprobe] = kernel.argsOf("attachKprobeMulti")[0] as [
      number,
      Uint8Array,
      Uint8Array,
      boolean,
    ];
    expect([readNumbers(addresses), readNumbers(cookies), retprobe]).toEqual([[5, 6, 7], [1, 1, 2], true]);
  });
});
