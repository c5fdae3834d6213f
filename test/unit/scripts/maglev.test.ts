import { describe, expect, it } from "vitest";
import { build_maglev_table, hash_text, maglev_sizes } from "../../../scripts/net/parts/maglev.ts";

const name = (at: number): string => `10.0.${at >> 8}.${at & 255}:8080`;
const names = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => name(at));

/** The pseudocode of the paper, with whole permutations: Populate() of section 3.4. */
function populate(backends: readonly string[], size: number): readonly string[] {
  const sorted = [...backends].sort();
  const permutation = sorted.map((backend) => {
    const offset = hash_text(backend, 0x6d61676c) % size;
    const skip = (hash_text(backend, 0x65760000) % (size - 1)) + 1;
    return Array.from({ length: size }, (_, at) => Number((BigInt(offset) + BigInt(at) * BigInt(skip)) % BigInt(size)));
  });
  const next = sorted.map(() => 0);
  const entry: (number | undefined)[] = Array.from({ length: size });
  let filled = 0;
  while (true)
    for (const at of sorted.keys()) {
      let candidate = permutation[at]![next[at]!]!;
      while (entry[candidate] !== undefined) {
        next[at]!++;
        candidate = permutation[at]![next[at]!]!;
      }
      entry[candidate] = at;
      next[at]!++;
      if (++filled === size) return entry.map((place) => sorted[place!]!);
    }
}

function build(backends: readonly string[], size: number): readonly string[] {
  return [...build_maglev_table(backends, size)].map((at) => backends[at]!);
}

describe("a Maglev table", () => {
  it.each([
    [1, 251],
    [2, 251],
    [7, 1021],
    [100, 1021],
    [250, 251],
    [13, 16381],
  ])("of %i backends in %i places is the one of the paper's pseudocode", (count, size) => {
    expect(build(names(count), size)).toEqual(populate(names(count), size));
  });

  it("does not depend on the order of the list", () => {
    expect(build([...names(9)].reverse(), 1021)).toEqual(build(names(9), 1021));
  });

  it.each([2, 3, 10, 50])("gives each of %i backends as many places, but one", (count) => {
    const places = names(count).map((backend) => build(names(count), 1021).filter((one) => one === backend).length);
    expect(Math.max(...places) - Math.min(...places)).toBeLessThanOrEqual(1);
  });

  it.each([3, 10, 50])("of %i backends without one of them changes few places of the others", (count) => {
    const size = 16381;
    const before = build(names(count), size);
    for (const gone of [name(0), name(count - 1)]) {
      const left = names(count).filter((backend) => backend !== gone);
      const after = build(left, size);
      const moved = before.filter((backend, at) => backend !== gone && backend !== after[at]).length;
      expect(moved / size).toBeLessThan(0.05);
      expect(after).not.toContain(gone);
    }
  });

  it("is empty without backends, and takes prime sizes", () => {
    expect([...build_maglev_table([], 3)]).toEqual([0, 0, 0]);
    const isPrime = (size: number): boolean =>
      !Array.from({ length: Math.floor(Math.sqrt(size)) - 1 }, (_, at) => at + 2).some((by) => size % by === 0);
    expect(maglev_sizes.filter((size) => !isPrime(size))).toEqual([]);
  });
});
