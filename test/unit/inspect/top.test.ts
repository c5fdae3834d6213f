import { describe, expect, it } from "vitest";
import { compareSamples } from "../../../runtime/inspect/top/program-statistics.ts";
import type { Sample } from "../../../runtime/inspect/top/program-statistics.ts";
import { renderTop, sortRows } from "../../../runtime/inspect/top/top-rows.ts";
import type { TopRow } from "../../../runtime/inspect/top/top-rows.ts";

function sample(timeMs: number, counts: Readonly<Record<number, readonly [runs: number, ns: number]>>): Sample {
  return {
    timeNs: BigInt(timeMs) * 1_000_000n,
    programs: new Map(
      Object.entries(counts).map(([id, [runs, ns]]) => [Number(id), { runCount: BigInt(runs), runTimeNs: BigInt(ns) }]),
    ),
  };
}

describe("what programs cost", () => {
  const rows = compareSamples(
    sample(1000, { 1: [100, 5000], 2: [7, 70], 9: [1, 1] }),
    sample(3000, { 1: [300, 25_000], 2: [7, 70], 3: [10, 2_000_000_000] }),
  );

  it("counts from one sample to the next, and new programs from zero", () => {
    expect(rows).toEqual([
      {
        id: 1,
        period_runs: 200,
        period_run_time_ns: 20_000,
        events_per_second: 100,
        period_average_ns: 100,
        total_average_ns: 83,
        cpu_percent: 0.001,
        run_cnt: 300n,
        run_time_ns: 25_000n,
      },
      expect.objectContaining({
        id: 2,
        period_runs: 0,
        events_per_second: 0,
        period_average_ns: 0,
        total_average_ns: 10,
      }),
      expect.objectContaining({ id: 3, period_runs: 10, cpu_percent: 100, period_average_ns: 200_000_000 }),
    ]);
  });

  it("sorts by any column, equal ones by their ids", () => {
    const named: readonly TopRow[] = rows.map((row) => ({ ...row, type: "xdp", name: `p${9 - row.id}`, held_by: "-" }));
    const ids = (key: Parameters<typeof sortRows>[1]): number[] => sortRows(named, key).map(({ id }) => id);
    expect(ids("cpu")).toEqual([3, 1, 2]);
    expect(ids("events")).toEqual([1, 3, 2]);
    expect(ids("average")).toEqual([3, 1, 2]);
    expect(ids("runs")).toEqual([1, 3, 2]);
    expect(ids("name")).toEqual([3, 2, 1]);
    expect(ids("id")).toEqual([1, 2, 3]);
    expect(renderTop(sortRows(named, "events")).split("\n")[1]).toBe(
      " 1  xdp   p8      0.00     100.0        100         83  -",
    );
  });
});
