import { writeSync } from "node:fs";
import { escapeText } from "../../sdk/wire/escape-text.ts";

/**
 * Messages for the person at the terminal. The only place under `runtime/`
 * besides the CLI that writes to stderr; passed in, never global.
 */
export interface Log {
  /** Something that the user should know although the run goes on. */
  warn(message: string): void;
  /** How a run goes its way; shown with `--verbose`. */
  info(message: string): void;
  /** A text of many lines that the user or the script asked to see, under a heading. */
  show?(heading: string, text: string): void;
  /** How far a long piece of work is: one line in place of the last one, nothing for undefined. Shown on a terminal alone. */
  progress?(message: string | undefined): void;
}

export const silentLog: Log = { warn() {}, info() {} };

/** A log that writes lines to stderr, without what a terminal would act on, and survives a stderr that was closed. */
export function openStderrLog(options: { readonly verbose: boolean }): Log {
  const write = (line: string): void => {
    try {
      writeSync(2, escapeText(line, "\n\t"));
    } catch {
      // A closed or full stderr is no reason to stop tracing.
    }
  };
  /** The last line goes: a carriage return, and the sequence that clears what follows it. */
  const writeLine = (line: string): void => {
    try {
      writeSync(2, `\r\x1b[K${escapeText(line, "")}`);
    } catch {
      // As above.
    }
  };
  return {
    warn: (message) => write(`warning: ${message}\n`),
    info: (message) => {
      if (options.verbose) write(`bpfts: ${message}\n`);
    },
    show: (heading, text) => write(`--- ${heading} ---\n${text}${text.endsWith("\n") ? "" : "\n"}`),
    progress: (message) => {
      if (process.stderr.isTTY) writeLine(message ?? "");
    },
  };
}
