import { describe, expect, it } from "vitest";
import { openProcessCache } from "../../../sdk/columns/process-cache.ts";

describe("what is known of processes", () => {
  it("is asked for once a second, and stays when the process is gone", () => {
    let time = 0;
    const asked: number[] = [];
    const answers: (string | null)[] = ["web", "db", null, null];
    const cache = openProcessCache(
      (pid: number) => (asked.push(pid), answers.shift() ?? null),
      () => time,
    );
    const seen = [0, 999, 1000, 1999, 2000].map((at) => ((time = at), cache.find(7)));
    expect(seen).toEqual(["web", "web", "db", "db", "db"]);
    expect(asked).toEqual([7, 7, 7]);
  });

  it("is null of a process that was gone before", () => {
    const cache = openProcessCache(
      () => null,
      () => 0,
    );
    expect(cache.find(7)).toBe(null);
  });

  it("does not grow for ever", () => {
    let count = 0;
    const cache = openProcessCache(
      () => ++count,
      () => 0,
    );
    for (let pid = 0; pid <= 4096; pid++) cache.find(pid);
    expect(cache.find(4096)).toBe(4097);
    expect(cache.find(0)).toBe(4098);
  });
});
