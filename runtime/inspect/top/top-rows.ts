import { describeHolders, renderHolders } from "../objects/describe-holders.ts";
import { openLiveObjects } from "../objects/live-objects.ts";
import { renderColumns } from "../objects/render-columns.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import { nameProgramType } from "../prog/describe-programs.ts";
import type { ProgramLoad } from "./program-statistics.ts";

/** A program with what it did, as `--json` prints it. */
export interface TopRow extends ProgramLoad {
  readonly type: string;
  readonly name: string;
  readonly held_by: string;
}

/** The columns that rows can be sorted by, with the key that asks for each on a terminal. */
export const sortKeys = {
  cpu: "c",
  events: "e",
  average: "a",
  total: "t",
  runs: "r",
  name: "n",
  id: "i",
} as const;

export type SortKey = keyof typeof sortKeys;

const order: Readonly<Record<SortKey, (a: TopRow, b: TopRow) => number>> = {
  cpu: (a, b) => b.cpu_percent - a.cpu_percent || b.period_run_time_ns - a.period_run_time_ns,
  events: (a, b) => b.events_per_second - a.events_per_second,
  average: (a, b) => b.period_average_ns - a.period_average_ns,
  total: (a, b) => b.total_average_ns - a.total_average_ns,
  runs: (a, b) => Number(b.run_cnt - a.run_cnt),
  name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  id: (a, b) => a.id - b.id,
};

/** Sorts rows, the largest first; equal ones by their ids. */
export function sortRows(rows: readonly TopRow[], key: SortKey): readonly TopRow[] {
  return [...rows].sort((a, b) => order[key](a, b) || a.id - b.id);
}

type Identity = Pick<TopRow, "type" | "name" | "held_by">;

/** Names programs. What is known of one is kept: the processes are looked through only when there is a new one. */
export function openNames(port: KernelPort): (loads: readonly ProgramLoad[]) => readonly TopRow[] {
  const known = new Map<number, Identity>();
  return (loads) => {
    if (loads.some(({ id }) => !known.has(id))) {
      const objects = openLiveObjects(port);
      for (const { id } of loads) {
        const program = known.has(id) ? undefined : objects.findProgram(id);
        if (program === undefined) continue;
        known.set(id, {
          type: nameProgramType(program.type),
          name: objects.nameProgram(program),
          held_by: renderHolders(describeHolders(objects.listHolders("program", id)), objects.listPins("program", id)),
        });
      }
    }
    return loads.flatMap((load) => {
      const identity = known.get(load.id);
      return identity === undefined ? [] : [{ ...load, ...identity }];
    });
  };
}

/** Renders a table of rows. Units: ns a run, in the interval and since the kernel began to count; percent of one CPU. */
export function renderTop(rows: readonly TopRow[]): string {
  return renderColumns(
    ["ID", "TYPE", "NAME", "CPU%", "EVENTS/S", "AVG NS", "TOTAL AVG", "HELD BY"],
    rows.map((row) => [
      row.id,
      row.type,
      row.name,
      row.cpu_percent.toFixed(2),
      row.events_per_second.toFixed(1),
      row.period_average_ns,
      row.total_average_ns,
      row.held_by,
    ]),
  );
}
