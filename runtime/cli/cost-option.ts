import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import type { KernelPort } from "../kernel/door/port.ts";

/** The option that `addCostOption` adds. */
export interface CostFlags {
  readonly cost?: true;
}

/** What a run takes that is to be measured. */
export interface Measured {
  readonly watchPort?: (port: KernelPort) => KernelPort;
}

/** Adds the option by which the user asks what the run's own programs cost. */
export function addCostOption(command: Command): Command {
  return command.option(
    "--cost",
    "say on stderr at the end what each BPF program of the run has cost: events, run time, share of a CPU, memory of its maps",
  );
}

/** Does a run and tells at its end, whatever that is, what its programs have cost: as records on the descriptor `records` if that is given, else on stderr. */
export async function runWithCost(
  { cost }: CostFlags,
  records: number | undefined,
  run: (measured: Measured) => Promise<number>,
): Promise<number> {
  if (cost !== true) return run({});
  const { openCostMeter } = await import("../inspect/top/run-costs.ts");
  const { describeCosts, renderCosts } = await import("../inspect/top/render-costs.ts");
  const { renderJson } = await import("../../sdk/print/render-json.ts");
  const meter = openCostMeter();
  const tell = (): void => {
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
    status = await run({ watchPort: (given) => meter.watchPort(given) });
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
