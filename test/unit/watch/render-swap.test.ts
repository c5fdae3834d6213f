import { describe, expect, it } from "vitest";
import { renderSwap } from "../../../runtime/watch/render-swap.ts";

const swap = { files: ["a.ts"], durationMs: 142.6, kept: [], left: [], before: [], now: [] };

describe("the sentence about a swap", () => {
  it("names the files, the time and the tables that stay", () => {
    const tables = ["counts", "stacks"];
    expect(renderSwap({ ...swap, files: ["a.ts", "b.h"], kept: tables, before: tables, now: tables })).toBe(
      "reloaded a.ts, b.h in 143 ms, kept counts, stacks",
    );
  });

  it("says why a table does not stay, and which are new and gone", () => {
    expect(
      renderSwap({
        ...swap,
        kept: ["counts"],
        left: [{ name: "dist", reason: "its flags have changed" }],
        before: ["counts", "dist", "old"],
        now: ["counts", "dist", "fresh", "more"],
      }),
    ).toBe(
      "reloaded a.ts in 143 ms, kept counts; dist starts empty, because its flags have changed; fresh, more start empty; old is gone",
    );
  });

  it("has nothing to say of tables where there are none", () => {
    expect(renderSwap(swap)).toBe("reloaded a.ts in 143 ms");
  });
});
