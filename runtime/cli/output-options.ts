import type { Command } from "commander";
import { closeSync, openSync } from "node:fs";
import { requireValue } from "./lift-options.ts";
import { parseCount } from "./parse-count.ts";

/** The options that `addOutputOptions` adds. */
export interface OutputFlags {
  readonly maxEvents?: number;
  readonly output?: string;
  readonly utc?: boolean;
  /** Whether the file keeps what is in it. */
  readonly appends?: boolean;
}

/** Adds the options about what a script prints, which `run`, `-e` and each tool have. */
export function addOutputOptions(command: Command): Command {
  return command
    .option(
      "--max-events <count>",
      "end like Ctrl-C after so many events: records of a buffer, or lines of the trace pipe, for which something is printed",
      parseCount,
    )
    .option("-o, --output <file>", "write to a file; what the command of -c prints does not go there")
    .option("--utc", "print times in UTC, not in the time zone of this machine");
}

/** What of the flags a run takes, its output opened. */
export interface OpenOutput {
  readonly maxEvents?: number;
  readonly utc?: boolean;
  /** The descriptor of the file. */
  readonly output?: number;
}

/**
 * Does a run whose output goes where the flags say. The file is emptied before the script begins.
 *
 * @throws UsageError when it cannot be written
 */
export async function runWithOutput(
  { maxEvents, output: path, utc, appends }: OutputFlags,
  run: (output: OpenOutput) => Promise<number>,
): Promise<number> {
  const settings = { ...(maxEvents !== undefined && { maxEvents }), ...(utc !== undefined && { utc }) };
  if (path === undefined) return run(settings);
  requireValue("--output", "FILE", path);
  const output = await openOutput(path, appends === true ? "a" : "w");
  try {
    return await run({ ...settings, output });
  } finally {
    closeSync(output);
  }
}

async function openOutput(path: string, flags: "a" | "w"): Promise<number> {
  try {
    return openSync(path, flags, 0o644);
  } catch (cause) {
    const { refuseFile } = await import("../base/refuse-file.ts");
    throw refuseFile("output", path, cause);
  }
}
