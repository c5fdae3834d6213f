import { type Command, InvalidArgumentError, Option } from "commander";
import { openStderrLog } from "../base/log.ts";
import { openGuard } from "../permit/guard.ts";
import { addAllowOptions, readAllowed } from "./allow-options.ts";
import type { AllowFlags } from "./allow-options.ts";
import { addGrantOptions, readGrants } from "./file-grants.ts";
import type { GrantFlags } from "./file-grants.ts";
import { addPlaceOptions, readPlaces } from "./place-grants.ts";
import type { PlaceFlags } from "./place-grants.ts";
import { runScript } from "../session/run/session.ts";

interface RunOptions extends GrantFlags, PlaceFlags {
  readonly command?: string;
  readonly memory: number;
  readonly verbose: boolean;
  readonly prefer?: "fentry" | "kprobe";
}

const examples = `
Examples:
  bpfts run hello.ts
  bpfts run hello.ts -- --interval 1        the script sees its own arguments
  bpfts run -c 'ls /tmp' opensnoop.ts       hold the command until the script waits, trace it, end with it
  bpfts run --allow-signal killer.ts        let the script's C send signals; bpfts check lists what a script asks for
  bpfts run --prefer fentry tcpconnect.ts   kprobe__NAME and kretprobe__NAME by fentry and fexit, which cost less;
                                            functions that attach_kprobe names stay kprobes
  bpfts run --allow-dev eth0 drop.ts        let it attach to the device that the default route leads through
  bpfts run -I ../include tool.ts           the C text includes headers of another folder

A script reads the files of its own folder, or of the project (package.json) that it lies in, and no others.

The exit status is the command's with -c, unless the script fails or calls exit(N);
127 and 126 are those of a shell: not found, not executable.

Ctrl-C ends a script: its probes are detached, what it registered for its end runs.
A second Ctrl-C ends it at once.`;

/** Adds `bpfts run`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  const command = addGrantOptions(program.command("run"))
    .summary("run a script")
    .description(
      "Run a script: its C text is compiled for this kernel and loaded, the script itself runs in a sandbox.",
    )
    .argument("<script>", "the TypeScript file")
    .argument("[args...]", "arguments of the script, after --")
    .option("-c, --command <command>", "run a command once the script waits, and end with it; the script knows its pid")
    .option("--memory <mebibytes>", "the most memory that the script may use", parseMemory, 64)
    .addOption(
      new Option(
        "--prefer <kind>",
        "probe functions of the kernel by fentry, or by kprobes, where the C text names them and both can do it",
      ).choices(["fentry", "kprobe"]),
    )
    .option("--verbose", "say what happens on the way; show the verifier's whole log", false)
    .option("--json-errors", "write errors as JSON, one a line");
  addPlaceOptions(addAllowOptions(command))
    .addHelpText("after", examples)
    .action(async (script: string, args: readonly string[], options: RunOptions & AllowFlags) => {
      const exitCode = await runScript({
        script,
        args,
        ...(options.command !== undefined && { command: options.command }),
        memoryBytes: options.memory * 1024 * 1024,
        log: openStderrLog(options),
        environment: process.env,
        grants: readGrants(options),
        attaches: true,
        guard: openGuard(readAllowed(options), readPlaces(options)),
        verifierLog: options.verbose,
        ...(options.prefer !== undefined && { prefer: options.prefer }),
      });
      finish(exitCode);
    });
}

function parseMemory(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 16 || value > 2048)
    throw new InvalidArgumentError("give a whole number of MiB from 16 to 2048");
  return value;
}
