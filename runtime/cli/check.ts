import type { Command } from "commander";
import { BpftsError, InterruptedError, UsageError } from "../base/errors.ts";
import { openStderrLog } from "../base/log.ts";
import { checkFile, findAttachFile, readAttachFile } from "../inspect/check.ts";
import type { CheckReport } from "../inspect/check.ts";
import { addGrantOptions, readGrants, renderGrants } from "./file-grants.ts";
import type { GrantFlags } from "./file-grants.ts";
import { checkOnKernels } from "./check-kernels.ts";
import { renderOldestKernel } from "./render-oldest-kernel.ts";
import { renderAsks } from "./render-asks.ts";
import { findExitCode, renderError, renderErrorJson } from "./render-error.ts";
import { parseStage, writeStages } from "./write-stages.ts";
import type { StageFlags } from "./write-stages.ts";

interface CheckFlags extends GrantFlags, StageFlags {
  readonly load: boolean;
  readonly attach?: string;
  readonly cflag: readonly string[];
  readonly json?: boolean;
  readonly jsonErrors?: boolean;
  readonly verbose: boolean;
  readonly kernel?: string;
  readonly stdin?: boolean;
  readonly stdinFilename?: string;
  readonly serve?: boolean;
  readonly verify?: boolean;
}

const examples = `
Examples:
  bpfts check scripts/hello.ts               up to a verified load, attaches nothing
  bpfts check opensnoop.ts -- -p 1           the script sees its own arguments
  bpfts check --no-load *.c                  several files in BCC's dialect, one line each
  bpfts check --emit c scripts/hello.ts      the C text as clang compiles it
  bpfts check --emit object -o filter.o filter.ts
                                             its object, for \`ip link set dev eth0 xdp obj filter.o sec xdp\`
  bpfts check --stdin --stdin-filename x.ts --json < x.ts
                                             what is wrong in the C of a text that need not be saved
  bpfts check --kernel all scripts/hello.ts  on every kernel of \`bpfts vm list\`, as a table`;

/** Adds `bpfts check`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  addGrantOptions(program.command("check"))
    .summary("compile and verify, attach nothing")
    .description("Take scripts, or bare .c files in the dialect, up to a verified load; attach nothing.")
    .argument("[files...]", "scripts or .c files; after --, arguments of the script")
    .option("--stdin", "take the text from standard input; compile it, load nothing")
    .option("--stdin-filename <file>", "the file that the text of --stdin is of")
    .option("--verify", "with --stdin: load what compiles, too, as root; attach nothing")
    .option("--serve", "answer requests of an editor, one JSON object a line, until standard input ends")
    .option("--no-load", "stop after compiling")
    .option(
      "--emit <stage>",
      "hand out a stage: c (the text as clang compiles it), spec (programs, maps, layouts), or object (the ELF file, for bpftool, ip and tc)",
    )
    .option("-o, --output <file>", "with --emit: write the stage into this file, or into this folder as NAME.o")
    .option(
      "--attach <file>",
      'for a .c file: a JSON array of attach calls that say which functions are loaded and as what; "auto" is FILE.attach.json beside FILE.c',
    )
    .option(
      "--cflag <flag>",
      "a flag for clang, for .c files; may be given more than once",
      (flag: string, flags: readonly string[]) => [...flags, flag],
      [],
    )
    .option("-k, --kernel <name>", "check on another kernel, or on all, in virtual machines")
    .option("--json", "print one JSON object a file")
    .option("--json-errors", "write errors as JSON, one a line")
    .option("--verbose", "say what happens on the way; show the verifier's log of each program", false)
    .addHelpText("after", examples)
    .action(async (words: readonly string[], flags: CheckFlags, command: Command) => {
      if (flags.stdin === true || flags.stdinFilename !== undefined || flags.serve === true) {
        const { checkStdin, serveChecks } = await import("./check-stdin.ts");
        if (words.length > 0)
          throw new UsageError("--stdin and --serve take no files", { hint: "name the file by --stdin-filename" });
        if (flags.emit !== undefined || flags.output !== undefined)
          throw new UsageError("--emit and -o go with files, not with --stdin or --serve", {
            hint: "bpfts check --emit object -o FILE.o SCRIPT.ts",
          });
        return finish(flags.serve === true ? await serveChecks(flags) : await checkStdin(flags));
      }
      if (flags.verify === true)
        throw new UsageError("--verify goes with --stdin", { hint: "bpfts check SCRIPT.ts verifies without it" });
      if (words.length === 0)
        throw new UsageError("Missing required argument 'files'", { hint: "bpfts check SCRIPT.ts" });
      const { files, args } = splitWords(words, command);
      parseStage(flags, files);
      if (flags.kernel !== undefined)
        return finish(
          await checkOnKernels(flags.kernel, files, listInnerArguments(args, flags), {
            json: flags.json ?? false,
            log: openStderrLog(flags),
          }),
        );
      finish(await checkFiles(files, args, flags));
    });
}

/** commander joins what stands before and after `--`: the program's own arguments tell them apart. */
function splitWords(words: readonly string[], command: Command): { files: readonly string[]; args: readonly string[] } {
  const raw = (command.parent as Command & { rawArgs: readonly string[] }).rawArgs;
  const dashes = raw.indexOf("--");
  const count = dashes < 0 ? 0 : raw.length - dashes - 1;
  return { files: words.slice(0, words.length - count), args: words.slice(words.length - count) };
}

/** What the check inside a machine is told. */
function listInnerArguments(args: readonly string[], flags: CheckFlags): readonly string[] {
  if (flags.emit !== undefined)
    throw new UsageError("--emit and --kernel cannot be given together", {
      hint: "the object is made for the types of this kernel and adapts itself to others: check it there without --emit",
    });
  const attach = flags.attach === undefined ? [] : ["--attach", flags.attach];
  return [
    ...(flags.load ? [] : ["--no-load"]),
    ...attach,
    ...renderGrants(flags),
    ...flags.cflag.flatMap((flag) => ["--cflag", flag]),
    "--",
    ...args,
  ];
}

async function checkFiles(files: readonly string[], args: readonly string[], flags: CheckFlags): Promise<number> {
  const emit = parseStage(flags, files);
  let exitCode = 0;
  for (const file of files) {
    const started = performance.now();
    try {
      const attachFile = flags.attach === "auto" ? findAttachFile(file) : flags.attach;
      const report = await checkFile(file, {
        args,
        cflags: flags.cflag,
        grants: readGrants(flags),
        ...(attachFile !== undefined && { attaches: readAttachFile(attachFile) }),
        load: flags.load,
        ...(emit !== undefined && { emit }),
        verifierLog: flags.verbose,
        log: openStderrLog(flags),
        environment: process.env,
        memoryBytes: 64 * 1024 * 1024,
      });
      if (emit !== undefined)
        writeStages(emit, report.emitted, { output: flags.output, script: file, files, log: openStderrLog(flags) });
      else
        process.stdout.write(
          flags.json
            ? `${JSON.stringify({ file, ok: true, ...report })}\n`
            : renderReport(file, report, flags, performance.now() - started, files.length === 1),
        );
    } catch (error) {
      exitCode ||= findExitCode(error);
      reportFailure(file, files.length, error, flags);
      if (error instanceof InterruptedError) break;
    }
  }
  return exitCode;
}

function renderReport(
  file: string,
  report: CheckReport,
  flags: CheckFlags,
  durationMs: number,
  isAlone: boolean,
): string {
  const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const unverified = report.unverified.map(({ name, reason }) => `  not verified: "${name}": ${reason}\n`).join("");
  const but = report.unverified.length === 0 ? "" : ` (${report.unverified.length} not)`;
  return `${file}: ok, ${count(report.programs, "program")}, ${count(report.maps, "map")}, ${flags.load ? "verified" : "compiled"}${but} in ${Math.round(durationMs)} ms\n${unverified}${isAlone ? renderAsks(report.asks) + renderOldestKernel(report.oldestKernel) : ""}`;
}

/** With several files one line each; alone, the whole story. */
function reportFailure(file: string, fileCount: number, error: unknown, flags: CheckFlags): void {
  if (flags.json)
    process.stdout.write(`${JSON.stringify({ file, ok: false, ...(JSON.parse(renderErrorJson(error)) as object) })}\n`);
  else if (flags.jsonErrors) process.stderr.write(renderErrorJson(error));
  else if (fileCount === 1 || !(error instanceof BpftsError)) process.stderr.write(renderError(error, flags));
  else
    process.stdout.write(
      `${file}: ${error.location === undefined ? "" : `line ${error.location.line}: `}${error.message}\n`,
    );
}
