import type { Command } from "commander";
import { PrivilegeError, UnsupportedFeatureError } from "../base/errors.ts";
import { openStderrLog } from "../base/log.ts";
import { openHistory } from "../live/line-history.ts";
import { openProbeCosts } from "../live/probe-costs.ts";
import type { ProbeCosts } from "../live/probe-costs.ts";
import { openPipedLines } from "../live/piped-lines.ts";
import { runLive } from "../live/run-live.ts";
import { openTerminalLines } from "../live/terminal-lines.ts";
import { openGuard } from "../permit/guard.ts";
import { openSharedTables } from "../session/load/shared-tables.ts";
import { readOneLiner } from "../session/one-liner/read-one-liner.ts";
import { runScript } from "../session/run/session.ts";
import { addAllowOptions, readAllowed } from "./allow-options.ts";
import type { AllowFlags } from "./allow-options.ts";
import { addGrantOptions, readGrants } from "./file-grants.ts";
import type { GrantFlags } from "./file-grants.ts";
import { renderError, renderErrorJson } from "./render-error.ts";

interface LiveFlags extends GrantFlags, AllowFlags {
  readonly expression: readonly string[];
  readonly verbose: boolean;
  readonly jsonErrors?: true;
}

const examples = `
Examples:
  bpfts live                                 a prompt; .help lists what it knows
  bpfts live counts.ts                       with the programs and names of a script
  bpfts live -e 'tracepoint:raw_syscalls:sys_enter { count(comm); }'
  bpfts live < session.txt                   lines from a file or a pipe

  > .on tracepoint:syscalls:sys_enter_openat { count(comm); }
  1: tracepoint:syscalls:sys_enter_openat
  > count
  count:
  sshd  3
  bash  12
  > .every 1 count
  > .off 1

A line is TypeScript; what it declares is there for the next one. Ctrl-C stops what runs, not the session; Ctrl-D ends it.`;

/** Adds `bpfts live`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  const command = addGrantOptions(program.command("live"))
    .summary("a prompt: attach, look, change, while it runs")
    .description(
      "Open a session: lines of TypeScript run one after the other in one sandbox, and texts of bpfts -e are attached and detached between them.",
    )
    .argument("[script]", "a script to begin with; it runs until it would wait")
    .option(
      "-e, --expression <text>",
      "attach a text at the beginning; may be given more than once",
      (text: string, texts: readonly string[]) => [...texts, text],
      [],
    )
    .option("--verbose", "say what happens on the way", false)
    .option("--json-errors", "write errors as JSON, one a line");
  addAllowOptions(command)
    .addHelpText("after", examples)
    .action(async (script: string | undefined, flags: LiveFlags) => {
      finish(await openSession(script, flags));
    });
}

async function openSession(script: string | undefined, flags: LiveFlags): Promise<number> {
  const log = openStderrLog(flags);
  const grants = readGrants(flags);
  const tables = openSharedTables();
  const environment = process.env;
  const costs = openCosts();
  const history = openHistory(environment, log);
  const session = runScript({
    script: script ?? { name: "live.ts", text: "export {};\n", sources: {} },
    args: [],
    memoryBytes: 64 * 1024 * 1024,
    log,
    environment,
    grants,
    attaches: true,
    guard: openGuard(readAllowed(flags)),
    verifierLog: flags.verbose,
    ...(costs && { watchPort: costs.watchPort }),
    live: {
      tables,
      run: (guest, read) =>
        runLive(guest, read, {
          script,
          texts: flags.expression,
          tables,
          costs,
          readText: (text, name) => readOneLiner({ text, name, missing: "error", grants, log, environment }),
          openLines: (write, complete) =>
            process.stdin.isTTY && process.stdout.isTTY
              ? openTerminalLines({
                  input: process.stdin,
                  output: process.stdout,
                  complete,
                  ...history,
                })
              : openPipedLines(process.stdin, write),
          report: (error) =>
            process.stderr.write(flags.jsonErrors === true ? renderErrorJson(error) : renderError(error, flags)),
        }),
    },
  });
  return session.finally(() => costs?.close());
}

/** Who may not have the kernel count runs has a session all the same. */
function openCosts(): ProbeCosts | undefined {
  try {
    return openProbeCosts();
  } catch (error) {
    if (error instanceof PrivilegeError || error instanceof UnsupportedFeatureError) return undefined;
    throw error;
  }
}
