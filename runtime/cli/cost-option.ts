import { writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { openStderrLog } from "../base/log.ts";
import type { KernelPort } from "../kernel/door/port.ts";

/** The option that `addCostOption` adds. */
export interface CostFlags {
  readonly cost?: true;
  readonly maxCpu?: number;
  readonly maxRate?: number;
}

/** What a run takes that is to be measured. */
export interface Measured {
  readonly watchPort?: (port: KernelPort) => KernelPort;
}

/** Adds the options about what the run's own programs cost. */
export function addCostOption(command: Command): Command {
  return command
    .option(
      "--cost",
      "say on stderr at the end what each BPF program of the run has cost: events, run time, share of a CPU, memory of its maps",
    )
    .option("--max-cpu <percent>", "end like Ctrl-C when its BPF programs take more of one CPU than that", parsePercent)
    .option("--max-rate <count>", "end like Ctrl-C when one of them runs more often in a second than that", parseRate);
}

/** Does a run and tells at its end, whatever that is, what its programs have cost: as records on the descriptor `records` if that is given, else on stderr. */
export async function runWithCost(
  { cost, maxCpu, maxRate }: CostFlags,
  records: number | undefined,
  run: (measured: Measured) => Promise<number>,
): Promise<number> {
  const isLimited = maxCpu !== undefined || maxRate !== undefined;
  if (cost !== true && !isLimited) return run({});
  const { openCostMeter } = await import("../inspect/top/run-costs.ts");
  const { describeCosts, renderCosts } = await import("../inspect/top/render-costs.ts");
  const { renderJson } = await import("../../sdk/print/render-json.ts");
  const { limitCosts } = await import("../inspect/top/cost-limits.ts");
  const meter = openCostMeter();
  const limits = {
    ...(maxCpu !== undefined && { maxCpuPercent: maxCpu }),
    ...(maxRate !== undefined && { maxRate }),
  };
  const watchPort = (port: KernelPort): KernelPort => {
    const watched = meter.watchPort(port);
    if (!isLimited) return watched;
    return limitCosts(watched, limits, () => meter.readRuns(), openStderrLog({ verbose: false }).warn);
  };
  const tell = (): void => {
    if (cost !== true) return;
    const costs = meter.read();
    const lines = describeCosts(costs).map((row) => `${renderJson(row)}\n`);
    const text = records === undefined ? renderCosts(costs) : lines.join("");
    try {
      writeFileSync(records ?? 2, text);
    } catch {
      // A reader that is gone wants no report.
    }
  };
  let status: number;
  try {
    status = await run({ watchPort });
  } catch (error) {
    // What failed before it loaded anything says so itself.
    if (meter.read().programs.length > 0) tell();
    throw error;
  } finally {
    meter.close();
  }
  tell();
  return status;
}

function parsePercent(text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?)\s*%?$/.exec(text) ?? [];
  if (number === undefined || Number(number) <= 0)
    throw new InvalidArgumentError("give percent of one CPU, such as 5%");
  return Number(number);
}

function parseRate(text: string): number {
  const [, number] = /^(\d+)(?:\/s)?$/.exec(text) ?? [];
  if (number === undefined || Number(number) === 0)
    throw new InvalidArgumentError("give how often a second, such as 200000");
  return Number(number);
}
