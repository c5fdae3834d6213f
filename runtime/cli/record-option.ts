import type { Command } from "commander";
import { resolve } from "node:path";
import type { ScriptText } from "../script/read-script.ts";
import type { Tape } from "../session/record/tape.ts";
import { requireValue } from "./lift-options.ts";

/** The option that `addRecordOption` adds. */
export interface RecordFlags {
  readonly record?: string;
}

/** What a run takes that is to be recorded. */
export interface Recorded {
  readonly tape?: Tape;
}

/** Adds the option by which the user has a run recorded. */
export function addRecordOption(command: Command): Command {
  return command.option(
    "--record <file>",
    "record what the script is told: events, tables, names; bpfts replay FILE runs it again on that, or a changed one",
  );
}

/** Does a run that is recorded into the file that the flags name; one that fails leaves a recording of what it came to. */
export async function runWithRecording(
  { record }: RecordFlags,
  script: string | ScriptText,
  run: (recorded: Recorded) => Promise<number>,
): Promise<number> {
  if (record === undefined) return run({});
  requireValue("--record", "FILE", record);
  const { openRecorder } = await import("../session/record/recorder.ts");
  const recorder = openRecorder(
    record,
    typeof script === "string" ? { script: resolve(script) } : { script: script.name, text: script.text },
  );
  try {
    try {
      return await run({ tape: recorder.tape });
    } finally {
      recorder.finish();
    }
  } finally {
    recorder.close();
  }
}
