import { describe, expect, it } from "vitest";
import { openNapper } from "../../../../runtime/session/wait/nap.ts";

const mebibyte = 1024 * 1024;

type Round = readonly [waitedMs: number, busyMs: number, isLarge?: boolean];

/** The naps of polls that each waited `waitedMs` for their events, with a script that then works for `busyMs`. */
function listNaps(capacityBytes: number, rounds: readonly Round[]): number[] {
  let time = 1000;
  const napper = openNapper(() => time);
  return rounds.map(([waitedMs, busyMs, isLarge = false]) => {
    const napMs = napper.findNap(capacityBytes);
    time += napMs + waitedMs;
    napper.notePoll(waitedMs, isLarge);
    time += busyMs;
    return napMs;
  });
}

const repeat = (count: number, ...round: Round): Round[] => Array.from({ length: count }, () => round);

describe("openNapper", () => {
  it("rests between polls that find events at once", () => {
    expect(listNaps(4 * mebibyte, repeat(11, 0.1, 0.1))).toEqual([0, 0, 0, 16, 16, 16, 16, 16, 16, 16, 16]);
  });

  it("rests no longer than the smallest buffer takes, and not at all for a small one", () => {
    expect(listNaps(mebibyte / 2, repeat(10, 0.1, 0.1)).at(-1)).toBe(2);
    expect(listNaps(mebibyte / 8, repeat(20, 0.1, 0.1)).at(-1)).toBe(0);
  });

  it("lets nothing wait that comes after a silence", () => {
    expect(listNaps(4 * mebibyte, repeat(40, 5, 0.1)).every((napMs) => napMs === 0)).toBe(true);
    expect(listNaps(4 * mebibyte, [...repeat(5, 0, 0), [100, 0], ...repeat(4, 0, 0)])).toEqual([
      0, 0, 0, 16, 16, 16, 0, 0, 0, 16,
    ]);
  });

  it("fetches what a large batch left behind without a rest", () => {
    expect(listNaps(4 * mebibyte, repeat(20, 0, 4, true)).every((napMs) => napMs === 0)).toBe(true);
    expect(listNaps(4 * mebibyte, [...repeat(4, 0, 0), [0, 0, true], ...repeat(2, 0, 0)])).toEqual([
      0, 0, 0, 16, 16, 0, 16,
    ]);
  });

  it("gives a script that is busy its events without a rest", () => {
    expect(listNaps(4 * mebibyte, repeat(20, 0, 9)).every((napMs) => napMs === 0)).toBe(true);
    expect(listNaps(4 * mebibyte, [...repeat(4, 0, 0), [0, 50], ...repeat(2, 0, 0)])).toEqual([0, 0, 0, 16, 16, 0, 16]);
  });
});
