import { afterEach, describe, expect, it } from "vitest";
import { seedRandom } from "../../../../sdk/guest/random.ts";

const own = Math.random;
afterEach(() => {
  Math.random = own;
});

const draw = (seed: readonly [number, number, number, number], count: number): number[] => {
  seedRandom(seed);
  return Array.from({ length: count }, () => Math.random());
};

describe("seedRandom", () => {
  it("draws from 0 up to 1, evenly", () => {
    const counts = new Array<number>(10).fill(0);
    for (const value of draw([1, 2, 3, 4], 20_000)) counts[Math.floor(value * 10)]!++;
    expect(counts).toHaveLength(10);
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(250);
  });

  it("draws the same from the same seed, and others from a seed that differs by a bit", () => {
    expect(draw([5, 6, 7, 8], 5)).toEqual(draw([5, 6, 7, 8], 5));
    expect(new Set([...draw([5, 6, 7, 8], 5), ...draw([5, 6, 7, 9], 5)]).size).toBe(10);
  });
});
