import type { Command } from "commander";
import { openStderrLog } from "../base/log.ts";
import type { Log } from "../base/log.ts";
import type { Capture } from "../captures/open-capture.ts";
import { requireValue } from "./lift-options.ts";

/** The option that `addCaptureOption` adds. */
export interface CaptureFlags {
  readonly pcap?: string;
}

/** What a run takes whose packets are captured. */
export interface Captured {
  readonly capture?: Capture;
  /** Where the script's own output goes when standard output is the capture's. */
  readonly output?: number;
}

const STANDARD_ERROR = 2;

/** Adds the option by which the user has packets of the script written to a file. */
export function addCaptureOption(command: Command): Command {
  return command.option(
    "--pcap <file>",
    "write the packets that the script captures to a file for tshark and Wireshark; - is standard output, and what the script prints goes to standard error then",
  );
}

/** Does a run whose packets go to the file that the flags name, which is opened before it. `output` is the descriptor of the file of `--output`. */
export async function runWithCapture(
  { pcap: path }: CaptureFlags,
  output: number | undefined,
  log: Log,
  run: (captured: Captured) => Promise<number>,
): Promise<number> {
  if (path === undefined) return run({});
  requireValue("--pcap", "CAPTURE", path);
  const { openCapture, STANDARD_OUTPUT } = await import("../captures/open-capture.ts");
  const capture = openCapture(path, output);
  let isDone = false;
  try {
    const status = await run({
      capture,
      ...(path === STANDARD_OUTPUT && output === undefined && { output: STANDARD_ERROR }),
    });
    isDone = true;
    return status;
  } finally {
    capture.finish(isDone);
    const { count } = capture;
    const name = path === STANDARD_OUTPUT ? capture.path : `"${path}"`;
    if (count > 0) openStderrLog({ verbose: true }).info(`wrote ${count} packet${count === 1 ? "" : "s"} to ${name}`);
    else if (isDone) log.warn(`The script captured no packets, so ${name} has none`);
  }
}
