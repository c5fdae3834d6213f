import { Command, CommanderError } from "commander";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "../base/errors.ts";
import { openStderrLog } from "../base/log.ts";
import { findSimilar } from "../base/similar.ts";
import { findTool } from "./find-tool.ts";
import { findPackageFile } from "../session/build/package-files.ts";
import { findExitCode, renderError, renderErrorJson } from "./render-error.ts";
import { explainResource, requireLimits } from "./resource-limits.ts";
import { version } from "./version.ts";
import { watchOutput } from "./watch-output.ts";

/** A module that adds one command; loaded only when that command, or the help of all, is asked for. */
interface CommandModule {
  addCommand(program: Command, finish: (exitCode: number) => void): void;
}

const modules: Readonly<Record<string, () => Promise<CommandModule>>> = {
  run: () => import("./run.ts"),
  live: () => import("./live.ts"),
  replay: () => import("./replay.ts"),
  test: () => import("./test.ts"),
  check: () => import("./check.ts"),
  list: () => import("./list.ts"),
  prog: () => import("./prog.ts"),
  map: () => import("./map.ts"),
  link: () => import("./link.ts"),
  net: () => import("./net.ts"),
  top: () => import("./top.ts"),
  flame: () => import("./flame.ts"),
  lab: () => import("./lab.ts"),
  tools: () => import("./tools.ts"),
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

/** Commands that no word of the command line names. */
const hidden: Readonly<Record<string, () => Promise<CommandModule>>> = { "one-line": () => import("./one-line.ts") };

const examples = `
Examples:
  bpfts run scripts/hello.ts                     trace until Ctrl-C
  bpfts run -c 'mkdir /tmp/x' scripts/hello.ts   trace while a command runs
  bpfts -e 'tracepoint:raw_syscalls:sys_enter { count(comm); }'
                                                 one line of C with probes; bpfts -e --help
  bpfts live                                     a prompt: attach, look, change, while it runs
  bpfts tools                                    the tools that come with bpfts
  bpfts opensnoop -x                             run one of them
  bpfts biolatency --web                         … on a live page of this machine
  bpfts list -v '*open*'                         what a script can attach to
  bpfts prog                                     the BPF programs in the kernel, and who holds them
  bpfts net                                      what is attached to devices, namespaces and cgroups
  bpfts top                                      what each of them costs
  bpfts flame cpu.txt -o cpu.html                a flame graph of recorded stacks; --before OLD: what has changed
  bpfts lab up two-nodes.json                    a network of namespaces to try scripts in
  bpfts check scripts/hello.ts                   compile and verify, attach nothing
  bpfts test                                     run the tests beside scripts, on recordings
  bpfts types scripts/counts.ts                  the types of its tables, out of the compiled program
  bpfts init                                     make an editor check the scripts of this folder
  bpfts doctor                                   what this machine can do
  bpfts vm run --kernel 6.1 scripts/hello.ts     the same script on another kernel

Exit status:
  0    done; also Ctrl-C on a script that runs
  1    the script or its C text is wrong, or fails
  2    bad usage of the command line
  3    this machine or user cannot do it
  70   a bug of bpfts
  124  the time of vm run --timeout is over
  130  Ctrl-C on a check, which has no result then
  127, 126, the command's own status      with -c: not found, not executable, ended
  N    the script called exit(N)`;

/** Options that take the next word as their value, so that it is no command. */
const optionsWithValue =
  /^(-c|--command|--memory|-I|--allow-read|--allow-dev|--allow-netns|--allow-cgroup|--lab|--in|-p|--pid|-d|--duration|-i|--interval|--top|--sort|--prefer|--flame|--heatmap|--folded|--speedscope|--pprof|--perfetto|-o|--output|--js|--missing|--max-events|--max-cpu|--max-rate|--record|--cgroup|--container|--filter|--fields|--columns)$/;

/** The position of the first word that is neither an option nor its value; -1 when there is none. */
function findWord(args: readonly string[]): number {
  for (let at = 0; at < args.length; at++) {
    if (!args[at]!.startsWith("-")) return at;
    if (optionsWithValue.test(args[at]!)) at++;
  }
  return -1;
}

/** `bpfts -c CMD execsnoop -x` is `bpfts run -c CMD …/execsnoop.ts -- -x`. */
async function expandTool(args: readonly string[]): Promise<readonly string[]> {
  const at = findWord(args);
  const name = args[at];
  if (name === undefined || name === "help" || Object.hasOwn(modules, name) || Object.hasOwn(hidden, name)) return args;
  const path = findTool(name);
  if (path === undefined) return args;
  const { liftOptions } = await import("./lift-options.ts");
  const { lifted, rest } = liftOptions(args.slice(at + 1), readFileSync(path, "utf8"));
  return ["run", ...args.slice(0, at), ...lifted, path, "--", ...rest];
}

/** `bpfts -e TEXT` and `bpfts run -e TEXT` are a command of their own. */
function expandOneLine(args: readonly string[]): readonly string[] {
  const given = args[0] === "run" ? args.slice(1) : args;
  for (let at = 0; at < given.length && given[at]!.startsWith("-") && given[at] !== "--"; at++) {
    if (/^(?:-e|--expression(?:=|$))/.test(given[at]!)) {
      // The option would take the word behind it for its text.
      const asksForHelp = /^(?:-h|--help)$/.test(given[at + 1] ?? "");
      return ["one-line", ...(asksForHelp ? ["--help"] : given)];
    }
    if (optionsWithValue.test(given[at]!)) at++;
  }
  return args;
}

/** The hint for a word that is neither a command nor a tool. */
async function suggestWord(word: string): Promise<string | undefined> {
  const { listTools } = await import("./list-tools.ts");
  const names = [...Object.keys(modules), ...listTools().map(({ name }) => name)];
  const similar = findSimilar(word, names);
  return similar === undefined ? undefined : `did you mean "${similar}"?`;
}

/** `--web` may have an address behind it or none: the next word is often a script. */
async function joinAddress(args: readonly string[]): Promise<readonly string[]> {
  if (!args.includes("--web")) return args;
  const { looksLikeAddress } = await import("../web/parse-address.ts");
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const isAddress = (at: number): boolean =>
    at > 0 && at < end && args[at - 1] === "--web" && looksLikeAddress(args[at]!);
  return args.flatMap((arg, at) => {
    if (isAddress(at)) return [];
    return arg === "--web" && at < end ? [`--web=${isAddress(at + 1) ? args[at + 1]! : "127.0.0.1:0"}`] : [arg];
  });
}

async function runCommand(given: readonly string[]): Promise<number> {
  let exitCode = 0;
  const args = await expandTool(expandOneLine(await joinAddress(given)));
  const program = new Command("bpfts")
    .description("eBPF scripts in TypeScript: the kernel side as inline C in BCC's dialect, the user side in a sandbox")
    .version(version, "-V, --version")
    .addHelpText("after", examples)
    .showSuggestionAfterError(true);
  const word = args[findWord(args)];
  const load = word === undefined ? undefined : (modules[word] ?? hidden[word]);
  if (word !== undefined && word !== "help" && load === undefined) {
    throw new UsageError(`There is no command or tool "${word}"`, {
      hint: (await suggestWord(word)) ?? adviseWord(word),
    });
  }
  // Where a script runs nobody asks for Node's own stream, which takes a while to open.
  if (word !== "run" && word !== "replay" && word !== "one-line")
    watchOutput((error) => process.exit(error === undefined ? 0 : report(error, given)));
  const wanted = load === undefined ? Object.values(modules) : [load];
  for (const open of args.includes("--version") && word === undefined ? [] : wanted) {
    (await open()).addCommand(program, (code) => {
      exitCode = code;
    });
  }
  overrideExit(program);
  if (args.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    throw error instanceof CommanderError && error.exitCode !== 0
      ? describeUsage(error, findPath(program, args), args)
      : error;
  }
  return exitCode;
}

/** commander ends the process on its own where it may; every command throws instead. */
function overrideExit(command: Command): void {
  command.exitOverride();
  command.configureOutput({ outputError: () => {} });
  for (const child of command.commands) overrideExit(child);
}

/** The command and its subcommands that a command line names: `bpfts map get`. */
function findPath(program: Command, args: readonly string[]): string {
  let command = program;
  const path = [program.name()];
  for (const word of args) {
    const next = command.commands.find((child) => child.name() === word);
    if (next === undefined) continue;
    command = next;
    // The command has no word of its own that a user types.
    path.push(Object.hasOwn(hidden, word) ? "-e" : word);
  }
  return path.join(" ");
}

function adviseWord(word: string): string {
  return /^\w+:[^/]/.test(word)
    ? `a text of probes follows -e: bpfts -e '${word.includes("{") ? word : `${word} { count(comm); }`}'`
    : "bpfts --help lists the commands, bpfts tools the tools";
}

/** Short options of `bpfts -e` that `bpfts run` has in their long form alone: a script may have that letter itself. */
const spelledOut: Readonly<Record<string, string>> = { "-d": "--duration" };

/** Words of bpftool between its command and an object, which have no place here: `bpftool prog show id 42`. */
const leftOut: readonly string[] = ["show", "list", "id", "name", "pinned"];

/** A line that has a word too many, without those; undefined where it has none of them. */
function adviseWithout(path: string, args: readonly string[]): string | undefined {
  if (!/^bpfts (?:prog|map|link)$/.test(path) || !args.some((word) => leftOut.includes(word))) return undefined;
  const rest = args.filter((word) => !leftOut.includes(word) && word !== "--json-errors");
  return `did you mean bpfts ${rest.join(" ")}?`;
}

/** A mistake on the command line in our own words and with our own exit code. */
function describeUsage(error: CommanderError, path: string, args: readonly string[]): UsageError {
  const [first, ...rest] = error.message
    .replace(/^error: /, "")
    .replaceAll("'one-line'", "'-e'")
    .split("\n");
  const suggestion = rest
    .join(" ")
    .replace(/^\(|\)$/g, "")
    .toLowerCase();
  const spelled = spelledOut[/^unknown option '(-\w)'/.exec(first ?? "")?.[1] ?? ""];
  let own = `see ${path} --help`;
  if (error.code === "commander.excessArguments") own = adviseWithout(path, args) ?? own;
  if (error.code === "commander.unknownOption" && path === "bpfts run")
    own =
      spelled === undefined
        ? "a script's own options go after --; see bpfts run --help"
        : `did you mean ${spelled}? A script's own options go after --`;
  return new UsageError(first!.charAt(0).toUpperCase() + first!.slice(1), {
    cause: error,
    hint: suggestion === "" ? own : suggestion,
  });
}

/** Tells of an error on stderr. Answers the exit status. */
function report(error: unknown, args: readonly string[]): number {
  const text = args.includes("--json-errors")
    ? renderErrorJson(error)
    : renderError(error, { verbose: args.includes("--verbose") });
  process.stderr.write(text);
  return findExitCode(error);
}

/** Does what a command line asks for. Answers the exit status; what went wrong is on stderr by then. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    requireLimits();
    return await runCommand(args);
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) process.exit(0);
    return report(explainResource(thrown), args);
  }
}
