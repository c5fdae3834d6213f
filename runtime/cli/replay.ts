import { type Command, Option } from "commander";
import { writeSync } from "node:fs";
import { BpftsError, UsageError } from "../base/errors.ts";
import { openStderrLog } from "../base/log.ts";
import type { RecordSink } from "../session/bridge/bridge-state.ts";
import { replayScript } from "../session/run/replay-script.ts";
import { addGrantOptions, readGrants } from "./file-grants.ts";
import type { GrantFlags } from "./file-grants.ts";
import { runWithOutput } from "./output-options.ts";
import { parseCount } from "./parse-count.ts";
import { requireOwnFiles } from "./require-own-files.ts";
import { addRowOptions, readRowChoice } from "./row-options.ts";
import type { RowFlags } from "./row-options.ts";

const examples = `
A recording is what a script was told in a run: records of buffers, reads of tables, lines of the trace pipe, names of addresses, the time. A replay
runs the script on that. It needs no root, no clang and not that kernel; it does not wait, and prints what the run printed.

What TypeScript makes of the events may be changed: other columns, other sums, another order. The C text may not, since nobody knows
what it would have seen. What a changed script asks and the run did not ask is an error at the script's line.

Examples:
  bpfts run --record run.bpfrec -c 'ls /tmp' scripts/counts.ts     record a run; also bpfts opensnoop --record, bpfts -e '…' --record
  bpfts replay run.bpfrec                                          the same output again
  bpfts replay run.bpfrec changed.ts                               what another script makes of the same events
  bpfts replay opens.bpfrec --filter 'comm==bash' --fields pid,path
  bpfts replay run.bpfrec counts.ts -- --top 5                     with other arguments of the script`;

/** Options of a run that a person tries on its recording, too. */
const runOnly = ["web", "flame", "folded", "speedscope", "pprof", "perfetto", "heatmap", "max-events", "json"];

function refuseRunOnly(name: string): never {
  throw new UsageError(`bpfts replay has no --${name}: it prints what the script prints`, {
    hint: `give --${name} to the run, beside --record`,
  });
}

interface ReplayFlags extends GrantFlags, RowFlags {
  readonly memory: number;
  readonly output?: string;
  readonly utc?: true;
  readonly verbose: boolean;
  /** For a test: where records of the output go. */
  readonly recordsFd?: number;
  /** False for a test that gives no arguments, in place of those of the run. */
  readonly args: boolean;
}

/** Adds \`bpfts replay\`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  const command = addGrantOptions(program.command("replay"))
    .summary("run a script on a recording of another run")
    .description("Run a script on what a run has recorded with --record, without the kernel.")
    .argument("<recording>", "the file that --record has written")
    .argument("[script]", "the TypeScript file; that of the run unless given")
    .argument("[args...]", "arguments of the script, after --; those of the run unless given")
    .option("-o, --output <file>", "write to a file")
    .option("--utc", "print times in UTC, not in the time zone of the run")
    .option("--memory <mebibytes>", "the most memory that the script may use", parseCount, 64)
    .option("--verbose", "say what happens on the way", false)
    .option("--json-errors", "write errors as JSON, one a line")
    .addOption(new Option("--records-fd <fd>").argParser(parseCount).hideHelp())
    .addOption(new Option("--no-args").hideHelp());
  for (const name of runOnly) {
    command.addOption(new Option(`--${name} [value]`).hideHelp());
    command.on(`option:${name}`, () => refuseRunOnly(name));
  }
  addRowOptions(command)
    .addHelpText("after", examples)
    .action(async (recording: string, script: string | undefined, args: readonly string[], flags: ReplayFlags) => {
      if (flags.output !== undefined)
        requireOwnFiles(
          [["--output", flags.output]],
          [
            ["the recording", recording],
            ["the script", script],
          ],
        );
      const rows = readRowChoice(flags);
      const replay = (output: number | undefined): Promise<number> =>
        replayScript({
          recording,
          ...(script !== undefined && { script }),
          ...((args.length > 0 || !flags.args) && { args }),
          ...(rows !== undefined && { rows }),
          ...(output !== undefined && { output }),
          ...(flags.recordsFd !== undefined && { records: openRecords(flags.recordsFd) }),
          ...(flags.utc !== undefined && { utc: flags.utc }),
          memoryBytes: flags.memory * 1024 * 1024,
          log: openStderrLog(flags),
          environment: process.env,
          grants: readGrants(flags),
        });
      try {
        finish(
          await runWithOutput({ ...(flags.output !== undefined && { output: flags.output }) }, ({ output }) =>
            replay(output),
          ),
        );
      } catch (error) {
        if (flags.recordsFd !== undefined) tellRefusal(flags.recordsFd, error);
        throw error;
      }
    });
}

/** Writes records of the output, a line each, for a test that reads them. */
function openRecords(fd: number): RecordSink {
  return { everyMs: 0, take: (lines) => writeAll(fd, `${lines}\n`) };
}

/** Errors of the command line, and of files that cannot be read, are the test's and not the script's. */
function tellRefusal(fd: number, error: unknown): void {
  if (!(error instanceof BpftsError) || !["BPFTS_USAGE", "BPFTS_SCRIPT"].includes(error.code)) return;
  const { message, hint } = error;
  writeAll(fd, `${JSON.stringify({ type: "refused", message, hint })}\n`);
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text, "utf8");
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
