import { renderColumns } from "../objects/render-columns.ts";
import { nameProgramType } from "../prog/describe-programs.ts";
import type { ProgramCost, RunCosts } from "./run-costs.ts";

/** What a program has cost, as `--json` prints it. */
export interface CostRow {
  readonly type: "cost";
  readonly program: string;
  readonly program_type: string;
  readonly events: bigint;
  readonly run_time_ns: bigint;
  /** Units: ns an event, 0 for none. */
  readonly ns_per_event: number;
  /** Of one CPU, while the program was loaded. */
  readonly cpu_percent: number;
  readonly maps: number;
  /** Units: bytes of its maps, of which others may use some, too. */
  readonly map_bytes: number;
}

/** Describes what the programs of a run have cost, the dearest first. */
export function describeCosts({ programs, mapBytes }: RunCosts): readonly CostRow[] {
  return [...programs]
    .sort((a, b) => Number(b.runTimeNs - a.runTimeNs))
    .map((program) => ({
      type: "cost" as const,
      program: program.name,
      program_type: nameProgramType(program.type),
      events: program.events,
      run_time_ns: program.runTimeNs,
      ns_per_event: program.events === 0n ? 0 : Math.round(Number(program.runTimeNs) / Number(program.events)),
      cpu_percent: findPercent(program.runTimeNs, program.lifeNs),
      maps: program.mapIds.length,
      map_bytes: sumBytes(program.mapIds, mapBytes),
    }));
}

/** Renders the same as a table with a line on all of them; a map that several programs use counts once there. */
export function renderCosts(costs: RunCosts): string {
  const rows = describeCosts(costs);
  if (rows.length === 0) return "cost: no program was loaded\n";
  const table = renderColumns(
    ["PROGRAM", "TYPE", "EVENTS", "NS/EVENT", "RUN MS", "CPU%", "MAPS KIB"],
    rows.map((row) => [
      row.program,
      row.program_type,
      row.events,
      row.ns_per_event,
      (Number(row.run_time_ns) / 1e6).toFixed(3),
      row.cpu_percent.toFixed(2),
      (row.map_bytes / 1024).toFixed(0),
    ]),
  );
  const ids = new Set(costs.programs.flatMap(({ mapIds }) => mapIds));
  const life = findLongest(costs.programs);
  const time = costs.programs.reduce((sum, { runTimeNs }) => sum + runTimeNs, 0n);
  const bytes = sumBytes([...ids], costs.mapBytes);
  return `${table}cost: ${findPercent(time, life).toFixed(2)} % of one CPU in ${(Number(life) / 1e9).toFixed(2)} s, ${ids.size} map${ids.size === 1 ? "" : "s"} with ${(bytes / 1024).toFixed(0)} KiB\n`;
}

function findLongest(programs: readonly ProgramCost[]): bigint {
  return programs.reduce((longest, { lifeNs }) => (lifeNs > longest ? lifeNs : longest), 0n);
}

function findPercent(timeNs: bigint, lifeNs: bigint): number {
  return lifeNs === 0n ? 0 : Math.round((Number(timeNs) / Number(lifeNs)) * 100_000) / 1000;
}

function sumBytes(ids: readonly number[], mapBytes: ReadonlyMap<number, number>): number {
  return ids.reduce((sum, id) => sum + (mapBytes.get(id) ?? 0), 0);
}
