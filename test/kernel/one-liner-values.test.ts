import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildProgram } from "../support/own-program.ts";
import { makeFolder, runCli } from "../support/run-cli.ts";

const program = buildProgram("values.c", join(makeFolder(), "values"));

/** What a one-liner prints about `values.c`, a line each. */
async function trace(text: string, ...options: readonly string[]): Promise<string[]> {
  const result = await runCli(["-e", text, "-c", program, ...options]);
  expect({ status: result.status, stderr: result.stderr }).toEqual({
    status: 0,
    stderr: expect.stringMatching(/^Attached \d probes?\.\n$/) as string,
  });
  return result.stdout.trimEnd().split("\n");
}

describe("tables hold the numbers that they are given", () => {
  const give = `uprobe:${program}:give`;

  it("keeps the sign of what was set", async () => {
    const text = `${give} { kept.set(tid, (int)arg1); }
      uretprobe:${program}:give { sum(kept.get(tid)); min(kept.get(tid)); lhist(kept.get(tid), -10, 10, 5); count(kept.take(tid)); }`;
    expect(await trace(text)).toEqual([
      ...["sum: 1", "", "min: -1", ""],
      "lhist:",
      "     value               : count     distribution",
      `        -5 -> -1         : 1        |${"*".repeat(40)}|`,
      `         0 -> 4          : 1        |${"*".repeat(40)}|`,
      ...["", "count:", "-1  1", "2   1"],
    ]);
  });

  it("has room for the widest value, through other tables too", async () => {
    const text = `${give} { x.set(1, (u8)1); x.set(1, 1000); y.set(1, z.get(1)); z.set(1, x.get(1) + 70000); print("%d\\n", x.get(1)); }`;
    expect(await trace(text)).toEqual(["1000", "1000", "x:", "1  1000", "", "y:", "1  71000", "", "z:", "1  71000"]);
  });

  it("takes 0 for a time as well as nsecs", async () => {
    const text = `${give} { x.set(1, 0); x.set(1, nsecs); print("%d\\n", x.get(1) <= nsecs && nsecs - x.get(1) < 1000000000); }`;
    expect((await trace(text)).slice(0, 2)).toEqual(["1", "1"]);
  });

  it("tells -1 and 4294967295 apart", async () => {
    const text = `${give} { k.count((u32)arg1); k.count((int)arg1); max((u32)arg1); max((int)arg1); }`;
    expect(await trace(text)).toEqual(["k:", "-1          1", "4294967295  1", "2           2", "", "max: 4294967295"]);
  });

  it("counts enumerators by their numbers", async () => {
    const text = `enum sign { LESS = -1, MORE = 2 }; enum wide { WIDE = 0x100000005ULL };
      ${give} { enum sign x = LESS; enum wide w = WIDE; count(x); wide.count(w); print("%d %llu\\n", x, w); }`;
    const line = "-1 4294967301";
    expect(await trace(text)).toEqual([line, line, "count:", "-1  2", "", "wide:", "4294967301  2"]);
  });
});
