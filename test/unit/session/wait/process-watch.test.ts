import { describe, expect, it } from "vitest";
import { openProcessWatch } from "../../../../runtime/session/wait/process-watch.ts";

describe("watched processes", () => {
  it("are looked at often first, seldom later, and no more when they are gone", () => {
    let now = 1000;
    const looks: [pid: number, at: number][] = [];
    const watch = openProcessWatch(
      (pid) => {
        looks.push([pid, now - 1000]);
        return now < 3000;
      },
      () => now,
    );
    expect(watch.look()).toBe(Infinity);
    watch.watch(7);
    for (let turn = 0; turn < 12; turn++) {
      const wait = watch.look();
      // Events that come meanwhile cost nothing.
      const count = looks.length;
      expect([watch.look(), looks.length]).toEqual([wait, count]);
      if (wait === Infinity) break;
      now += wait;
    }
    expect(looks.map(([, at]) => at)).toEqual([0, 5, 10, 20, 40, 80, 160, 320, 570, 820, 1070, 1320]);
    now = 3100;
    expect(watch.look()).toBe(Infinity);
    expect(looks.at(-1)).toEqual([7, 2100]);
  });

  it("are looked at at once, and all of them often again", () => {
    let now = 0;
    const looks: number[] = [];
    const watch = openProcessWatch(
      (pid) => looks.push(pid) > 0,
      () => now,
    );
    watch.watch(1);
    for (let turn = 0; turn < 10; turn++) now += watch.look();
    looks.length = 0;
    watch.watch(2);
    expect([watch.look(), looks]).toEqual([5, [2]]);
  });
});
