import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { btfKind, parseBtf } from "../../runtime/object/btf.ts";
import { mapKinds } from "../../sdk/abi/map-kinds.ts";
import { BPFAttachType, BPFProgType } from "../../sdk/abi/program-types.ts";

const types = parseBtf(readFileSync("/sys/kernel/btf/vmlinux"));

/** What this kernel says of an enumeration: names without their prefix, and numbers. */
function listEnum(name: string, prefix: string): ReadonlyMap<string, number> {
  const found = types.find(name, btfKind.enum)!;
  const own = types.listEnumerators(found).filter((row) => row.name.startsWith(prefix) && !row.name.endsWith("UNSPEC"));
  return new Map(own.map((row) => [row.name.slice(prefix.length), Number(row.value)]));
}

/** Those of our numbers that the kernel has, by its own names: it has no others, and gives each the same number. */
function expectNumbers(ours: ReadonlyMap<string, number>, kernel: ReadonlyMap<string, number>): void {
  expect(kernel.size).toBeGreaterThan(20);
  const known = [...ours].filter(([name]) => kernel.has(name));
  expect(known).toEqual(known.map(([name]) => [name, kernel.get(name)]));
  const numbers = new Set(ours.values());
  expect([...kernel].filter(([, number]) => !numbers.has(number))).toEqual([]);
}

describe("the kernel's numbers", () => {
  it("has a row for every kind of map", () => {
    expect(mapKinds.map(({ type }) => type)).toEqual(mapKinds.map((_, index) => index + 1));
    const ours = new Map(mapKinds.map(({ name, type }) => [name, type]));
    expectNumbers(ours, listEnum("bpf_map_type", "BPF_MAP_TYPE_"));
  });

  it("has a name for every type of program", () => {
    expectNumbers(new Map(Object.entries(BPFProgType)), listEnum("bpf_prog_type", "BPF_PROG_TYPE_"));
  });

  it("has a name for every place that a program attaches to", () => {
    expectNumbers(new Map(Object.entries(BPFAttachType)), listEnum("bpf_attach_type", "BPF_"));
  });
});
