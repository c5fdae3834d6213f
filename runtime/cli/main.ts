import { Command, CommanderError } from "commander";
import { dirname } from "node:path";
import { UsageError } from "../base/errors.ts";
import { openStderrLog } from "../base/log.ts";
import { findPackageFile } from "../session/build/package-files.ts";
import { findExitCode, renderError, renderErrorJson } from "./render-error.ts";
import { version } from "./version.ts";

/** A module that adds one command; loaded only when that command, or the help of all, is asked for. */
interface CommandModule {
  addCommand(program: Command, finish: (exitCode: number) => void): void;
}

const modules: Readonly<Record<string, () => Promise<CommandModule>>> = {
  run: () => import("./run.ts"),
  check: () => import("./check.ts"),
  types: () => import("./print-types.ts"),
  init: () => import("./init.ts"),
  doctor: async () => {
    const { addDoctorCommand } = await import("./doctor.ts");
    return { addCommand: (program, finish) => addDoctorCommand(program, { setExitStatus: finish }) };
  },
  vm: async () => {
    const { addVmCommands } = await import("./vm.ts");
    return {
      addCommand: (program, finish) =>
        addVmCommands(program, {
          installFolder: dirname(findPackageFile("package.json")),
          openLog: openStderrLog,
          setExitStatus: finish,
        }),
    };
  },
};

const examples = `
Examples:
  bpfts run scripts/hello.ts                     trace until Ctrl-C
  bpfts run -c 'mkdir /tmp/x' scripts/hello.ts   trace while a command runs
  bpfts check scripts/hello.ts                   compile and verify, attach nothing
  bpfts types scripts/counts.ts                  the types of its tables, out of the compiled program
  bpfts init                                     make an editor check the scripts of this folder
  bpfts doctor                                   what this machine can do
  bpfts vm run --kernel 6.1 scripts/hello.ts     the same script on another kernel

Exit status: 0 done, 1 the script or its C text is wrong, 2 bad usage,
3 this machine or user cannot do it, 70 a bug of bpfts.`;

async function runCommand(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command("bpfts")
    .description("eBPF scripts in TypeScript: the kernel side as inline C in BCC's dialect, the user side in a sandbox")
    .version(version, "-V, --version")
    .addHelpText("after", examples)
    .showSuggestionAfterError(true);
  const word = args.find((arg) => !arg.startsWith("-"));
  const wanted = word !== undefined && modules[word] !== undefined ? [modules[word]] : Object.values(modules);
  for (const load of args.includes("--version") && word === undefined ? [] : wanted) {
    (await load()).addCommand(program, (code) => {
      exitCode = code;
    });
  }
  overrideExit(program);
  if (args.length === 0) {
    program.outputHelp();
    return 0;
  }
  await program.parseAsync([...args], { from: "user" });
  return exitCode;
}

/** commander ends the process on its own where it may; every command throws instead. */
function overrideExit(command: Command): void {
  command.exitOverride();
  command.configureOutput({ outputError: () => {} });
  for (const child of command.commands) overrideExit(child);
}

/** A mistake on the command line in our own words and with our own exit code. */
function describeUsage(error: CommanderError): UsageError {
  const [first, ...rest] = error.message.replace(/^error: /, "").split("\n");
  const suggestion = rest
    .join(" ")
    .replace(/^\(|\)$/g, "")
    .toLowerCase();
  const own =
    error.code === "commander.unknownOption"
      ? "a script's own options go after --; see bpfts run --help"
      : "see bpfts --help";
  return new UsageError(first!.charAt(0).toUpperCase() + first!.slice(1), {
    cause: error,
    hint: suggestion === "" ? own : suggestion,
  });
}

/** Does what a command line asks for. Answers the exit status; what went wrong is on stderr by then. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    return await runCommand(args);
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) process.exit(0);
    const error = thrown instanceof CommanderError ? describeUsage(thrown) : thrown;
    const text = args.includes("--json-errors")
      ? renderErrorJson(error)
      : renderError(error, { verbose: args.includes("--verbose") });
    process.stderr.write(text);
    return findExitCode(error);
  }
}
