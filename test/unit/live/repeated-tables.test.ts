import { describe, expect, it } from "vitest";
import { openRepeats } from "../../../runtime/live/repeated-tables.ts";

describe("tables that are shown again and again", () => {
  it("are shown at once and after each interval, until they are stopped", () => {
    let now = 0;
    const shown: string[] = [];
    const repeats = openRepeats(
      (name) => shown.push(`${name} ${now}`) > 0,
      () => now,
    );
    repeats.add(1, "counts");
    repeats.add(0.5, "other");
    expect(repeats.showDue()).toBe(500);
    now = 499;
    expect(repeats.showDue()).toBe(1);
    now = 1000;
    expect(repeats.showDue()).toBe(500);
    expect(shown).toEqual(["counts 0", "other 0", "counts 1000", "other 1000"]);
    expect(repeats.stop()).toBe(2);
    expect([repeats.showDue(), repeats.stop()]).toEqual([Infinity, 0]);
  });

  it("are not shown again when they cannot be, and once only when they are asked for twice", () => {
    let now = 0;
    const shown: string[] = [];
    const repeats = openRepeats(
      (name) => {
        shown.push(name);
        return name !== "none";
      },
      () => now,
    );
    repeats.add(1, "none");
    repeats.add(1, "counts");
    repeats.add(2, "counts");
    expect(repeats.showDue()).toBe(2000);
    now = 2000;
    repeats.showDue();
    expect(shown).toEqual(["none", "counts", "counts"]);
  });
});
