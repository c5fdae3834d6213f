import { describe, expect, it } from "vitest";
import { openNapper } from "../../../../runtime/session/wait/nap.ts";

const mebibyte = 1024 * 1024;

type Round = readonly [waitedMs: number, busyMs: number, isLarge?: boolean];

/** The naps of polls that each waited `waitedMs` for their events, with a script that then works for `busyMs`. */
function listNaps(capacityBytes: number, rounds: readonly Round[]): number[] {
  let time = 1000;
  const napper = openNapper(() => time);
  return rounds.map(([waitedMs, busyMs, isLarge = false]) => {
    const napMs = napper.findNap(capacityBytes)?.ms ?? 0;
    time += napMs + waitedMs;
    napper.notePoll(isLarge);
    time += busyMs;
    return napMs;
  });
}

const repeat = (count: number, ...round: Round): Round[] => Array.from({ length: count }, () => round);

describe("openNapper", () => {
  it("rests between polls that find events at once, from the eleventh on", () => {
    const naps = listNaps(4 * mebibyte, repeat(16, 0, 0));
    expect(naps).toEqual([...Array<number>(10).fill(0), ...Array<number>(6).fill(50)]);
  });

  it("counts the time that the script works as rest", () => {
    expect(listNaps(4 * mebibyte, repeat(40, 0, 20)).slice(-3)).toEqual([30, 30, 30]);
  });

  it("looks the more often how full the buffers are the smaller they are, and does not rest for a small one", () => {
    const look = (capacityBytes: number): number | undefined => {
      const napper = openNapper(() => 1000);
      for (let i = 0; i < 20; i++) napper.notePoll(false);
      return napper.findNap(capacityBytes)?.lookMs;
    };
    expect([16 * mebibyte, mebibyte, mebibyte / 2, mebibyte / 8].map(look)).toEqual([50, 5, 2, undefined]);
  });

  it("lets nothing wait that comes singly, and nothing that comes after a silence", () => {
    expect(listNaps(4 * mebibyte, repeat(100, 55, 0)).every((napMs) => napMs === 0)).toBe(true);
    expect(listNaps(4 * mebibyte, [...repeat(20, 0, 0), [500, 0], ...repeat(9, 0, 0)]).slice(-9)).toEqual(
      Array(9).fill(0),
    );
  });

  it("fetches what a large batch left behind without a rest", () => {
    expect(listNaps(4 * mebibyte, repeat(20, 0, 4, true)).every((napMs) => napMs === 0)).toBe(true);
    expect(listNaps(4 * mebibyte, [...repeat(12, 0, 0), [0, 0, true], ...repeat(2, 0, 0)]).slice(-4)).toEqual([
      50, 50, 0, 50,
    ]);
  });

  it("gives a script that is busy its events without a rest", () => {
    expect(listNaps(4 * mebibyte, repeat(40, 0, 60)).every((napMs) => napMs === 0)).toBe(true);
  });
});
