import type { Command } from "commander";
import type { DoctorReport } from "../inspect/doctor.ts";
import type { DoctorState } from "../inspect/doctor-row.ts";

/** What the command needs of the CLI's main. */
export interface DoctorCommandDeps {
  /** What the process shall end with, once everything is written. */
  setExitStatus(status: number): void;
}

/** Adds `doctor`: is everything there that a run needs? Ends with 0 when a script can run, with 3 when none can. */
export function addDoctorCommand(program: Command, deps: DoctorCommandDeps): void {
  program
    .command("doctor")
    .description("check the tools, the kernel, the mounts and the rights that scripts need, and say what to do")
    .option("--json", "print an array of { name, state, found, advice }")
    .addHelpText("after", "\nExamples:\n  bpfts doctor\n  bpfts doctor --json | jq '.[] | select(.state != \"ok\")'\n")
    .action(async (flags: { readonly json?: boolean }) => {
      const { openDoctorOutside } = await import("../inspect/doctor-outside.ts");
      const { readDoctorReports } = await import("../inspect/doctor.ts");
      const reports = readDoctorReports(openDoctorOutside(process.env));
      process.stdout.write(flags.json ? `${JSON.stringify(reports, undefined, 2)}\n` : renderReports(reports));
      deps.setExitStatus(canRun(reports) ? 0 : 3);
    });
}

/** Whether `bpfts run` can work at all. */
export function canRun(reports: readonly Pick<DoctorReport, "state">[]): boolean {
  return reports.every(({ state }) => state !== "missing");
}

/** Renders a line a row, its advice below it, and a summary. */
export function renderReports(reports: readonly DoctorReport[]): string {
  const width = Math.max(...reports.map(({ name }) => name.length));
  const lines = reports.flatMap(({ name, state, found, advice }) => {
    const line = `${state.padEnd(7)}  ${name.padEnd(width)}  ${found}`;
    return advice === undefined ? [line] : [line, `${"".padEnd(7 + 2 + width + 2)}-> ${advice}`];
  });
  return `${lines.join("\n")}\n\n${renderSummary(reports)}\n`;
}

function renderSummary(reports: readonly DoctorReport[]): string {
  const count = (wanted: DoctorState): number => reports.filter(({ state }) => state === wanted).length;
  if (!canRun(reports)) return `bpfts run cannot work here yet: ${count("missing")} missing.`;
  if (count("warn") === 0) return "All is well.";
  return `bpfts run works here; ${count("warn")} of ${reports.length} rows say what some scripts will miss.`;
}
