import { type Command, InvalidArgumentError } from "commander";
import { UsageError } from "../base/errors.ts";
import { openStderrLog } from "../base/log.ts";
import { openGuard } from "../permit/guard.ts";
import type { ScriptSettings } from "../one-liner/render-script.ts";
import { adviseWord, readOneLiner } from "../session/one-liner/read-one-liner.ts";
import type { OneLinerRequest } from "../session/one-liner/read-one-liner.ts";
import { runScript } from "../session/run/session.ts";
import { addAllowOptions, readAllowed } from "./allow-options.ts";
import type { AllowFlags } from "./allow-options.ts";
import { addPictureOptions, listPictureFiles, runWithPictures } from "./picture-options.ts";
import type { PictureFlags } from "./picture-options.ts";
import { addCgroupOptions, findChosenCgroups } from "./cgroup-options.ts";
import type { CgroupFlags } from "./cgroup-options.ts";
import { addCostOption, runWithCost } from "./cost-option.ts";
import type { CostFlags } from "./cost-option.ts";
import { addGrantOptions, readGrants } from "./file-grants.ts";
import type { GrantFlags } from "./file-grants.ts";
import { addOutputOptions, runWithOutput } from "./output-options.ts";
import type { OutputFlags } from "./output-options.ts";
import { parseCount } from "./parse-count.ts";
import { severalCommands, takeOnce } from "./take-once.ts";
import { parseSeconds } from "./parse-seconds.ts";
import { addRecordOption, runWithRecording } from "./record-option.ts";
import type { RecordFlags } from "./record-option.ts";
import { addEventOptions, readRowChoice } from "./row-options.ts";
import type { RowFlags } from "./row-options.ts";
import { addWebOption, runWithPage } from "./web-option.ts";
import type { WebFlags } from "./web-option.ts";

interface OneLineFlags
  extends GrantFlags,
    AllowFlags,
    CgroupFlags,
    CostFlags,
    RecordFlags,
    Pick<RowFlags, "filter" | "columns">,
    OutputFlags,
    PictureFlags,
    WebFlags,
    Pick<OneLinerRequest, keyof ScriptSettings | "pid"> {
  readonly expression: string;
  readonly command?: string;
  readonly script?: boolean;
  readonly dryRun?: boolean;
  readonly missing: "error" | "warn";
  readonly verbose: boolean;
}

/** The name that the command line's own word is expanded to. */
export const oneLineCommand = "one-line";

const examples = `
Examples:
  bpfts -e 'tracepoint:raw_syscalls:sys_enter { count(comm); }'              system calls by process
  bpfts -e 'tracepoint:syscalls:sys_enter_openat { print("%s %s\\n", comm, str(args->filename)); }'
  bpfts -e 'tracepoint:syscalls:sys_exit_read if (args->ret > 0) { hist(args->ret, comm); }' -d 5
  bpfts -e 'profile:hz:99 { count(kstack); }' -d 5 --top 5                   where the kernel spends its time
  bpfts -e 'profile:hz:99 { count(kstack); }' -d 5 --flame cpu.svg           the same as a flame graph
  bpfts -e 'tracepoint:syscalls:sys_exit_read if (args->ret >= 0) { hist(args->ret); }' -i 1 --heatmap reads.svg
                                                                             sizes of reads over time, until Ctrl-C
  bpfts -e 'tracepoint:sched:sched_process_exec { print("%s\\n", comm); }' --max-events 3    the first three of them
  bpfts -e 'tracepoint:raw_syscalls:sys_enter { count(comm); }' --container web -d 5
  bpfts -e 'tracepoint:sched:sched_process_exec { print("%d %s\\n", pid, comm); }' --columns +time,+container
  bpfts -e 'tracepoint:raw_syscalls:sys_enter { count(comm); }' -d 5 --cost  and what the counting itself has cost
  bpfts -e 'uprobe:c:malloc { hist(arg1); }' -p 1234
  bpfts -e 'tracepoint:raw_syscalls:sys_enter if (pid == cpid) { count(args->id); }' -c 'ls /tmp'
  bpfts -e 'profile:hz:99 { count(kstack); }' --web                          a live page with a flame graph; its address is printed
  bpfts -e '…' --script > tool.ts                                            the script that it stands for

Probes: tracepoint:CATEGORY:EVENT rawtracepoint:EVENT kprobe:FUNCTION kretprobe:FUNCTION fentry:FUNCTION
  fexit:FUNCTION uprobe:LIBRARY:SYMBOL uretprobe:LIBRARY:SYMBOL usdt:PATH:[PROVIDER:]NAME profile:hz:N
  software:EVENT:N hardware:EVENT:N interval:s:N, and BCC trace's p: r: t: u:
Words: pid tid uid gid comm cpu nsecs walltime cgroup ppid cpid retval arg1 … arg6 kstack ustack, str(ptr[, length])
Tables: count(key…) sum(value, key…) min max avg hist lhist(value, min, max, step, key…), each as NAME.count(…), too;
  NAME.set(key, value) NAME.get(key) NAME.has(key) NAME.take(key); print("format", value…)`;

/** Adds the command behind \`bpfts -e\`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  const command = addGrantOptions(program.command(oneLineCommand, { hidden: true }))
    .summary("run one line of C with probes")
    .configureHelp({ commandUsage: () => "bpfts -e TEXT [options]" })
    .description("Run C in which a function is written as a probe and a block; its tables print themselves at the end.")
    .requiredOption(
      "-e, --expression <text>",
      "the text",
      takeOnce("several blocks stand one after the other in one text"),
    )
    .option(
      "-c, --command <command>",
      "run a command once the probes are attached, and end with it; its pid is cpid",
      takeOnce(severalCommands),
    )
    .option("-p, --pid <pid>", "only what this process does", parseCount)
    .option("-d, --duration <seconds>", "end by itself", parseSeconds)
    .option("-i, --interval <seconds>", "print and empty the tables again and again", parseSeconds)
    .option("--keep", "with -i: do not empty them")
    .option("--top <rows>", "only the rows with the largest values", parseCount)
    .option(
      "--sort <by>",
      "order rows by key, by value (the default) or by a part of the key, the smallest first; value:desc for the largest first",
    )
    .option("--json", "write events and tables as JSON, one object a line")
    .option("--js <typescript>", "run this in place of printing the tables, which are variables of their names")
    .option("--script", "print the script that the text stands for, and end")
    .option("--dry-run", "compile and verify, attach nothing")
    .option(
      "--missing <action>",
      "what to do about a probe that does not exist: error (the default) or warn",
      parseMissing,
      "error",
    )
    .option("--memory <mebibytes>", "the most memory that the script may use", parseCount, 64)
    .option("--verbose", "say what happens on the way; show the verifier's log of each program", false)
    .option("--json-errors", "write errors as JSON, one a line");
  addAllowOptions(
    addPictureOptions(
      addEventOptions(addRecordOption(addWebOption(addCostOption(addOutputOptions(addCgroupOptions(command)))))),
    ),
  )
    .addHelpText("after", examples)
    .action(async (flags: OneLineFlags & { readonly memory: number }) => finish(await runLine(flags)));
}

async function runLine(flags: OneLineFlags & { readonly memory: number }): Promise<number> {
  if (flags.keep === true && flags.interval === undefined)
    throw new UsageError("--keep does nothing without an interval", { hint: "give one: -i 1" });
  if (flags.keep === true && flags.heatmap !== undefined)
    throw new UsageError("--heatmap draws what each interval counts, and --keep adds the intervals up", {
      hint: "leave out --keep",
    });
  const log = openStderrLog(flags);
  const grants = readGrants(flags);
  const { pid, duration, interval, keep, top, sort, json, js, missing } = flags;
  // The script itself knows these two; any other order is the run's.
  const isOwnSort = sort === "key" || sort === "value" || sort === undefined;
  const rows = readRowChoice({ ...flags, sort: isOwnSort ? undefined : sort });
  if (flags.script === true && !isOwnSort)
    throw new UsageError(`--script has no order "${sort}": its tables are sorted by key or by value`, {
      hint: `give the order to the run: bpfts run --sort ${sort} tool.ts`,
    });
  const cgroups = await findChosenCgroups(flags);
  const script = readOneLiner({
    text: flags.expression,
    missing,
    grants,
    log,
    environment: process.env,
    ...(pid !== undefined && { pid }),
    runs: flags.script !== true && flags.dryRun !== true,
    ...(cgroups.length > 0 && { cgroups }),
    ...(duration !== undefined && { duration }),
    ...(interval !== undefined && { interval }),
    ...(keep !== undefined && { keep }),
    ...(top !== undefined && { top }),
    ...(sort !== undefined && isOwnSort && { sort }),
    ...(json !== undefined && { json }),
    ...(js !== undefined && { js }),
  });
  if (flags.script === true) {
    process.stdout.write(script.text);
    return 0;
  }
  if (flags.record !== undefined) {
    const { requireOwnFiles } = await import("./require-own-files.ts");
    const recording = ["--record", flags.record] as const;
    requireOwnFiles([["--output", flags.output], recording], []);
    // Of a picture that goes where the output goes is told where it is opened.
    requireOwnFiles([recording, ...listPictureFiles(flags)], []);
  }
  return runWithOutput(flags, async (opened) => {
    const pictures = flags.dryRun === true ? {} : flags;
    const records = flags.json === true ? (opened.output ?? 1) : undefined;
    const observed = flags.dryRun === true ? {} : flags;
    const exitCode = await runWithRecording(observed, script, (recorded) =>
      runWithCost(observed, records, (measured) =>
        runWithPage(observed, flags.expression, (shown) =>
          runWithPictures({ ...pictures, output: opened.output }, flags.expression, log, (recorders) =>
            runScript({
              script,
              args: [],
              ...(flags.command !== undefined && { command: flags.command }),
              memoryBytes: flags.memory * 1024 * 1024,
              log,
              environment: process.env,
              grants,
              attaches: flags.dryRun !== true,
              guard: openGuard(readAllowed(flags)),
              verifierLog: flags.verbose,
              ends: true,
              ...opened,
              ...(rows !== undefined && { rows }),
              ...recorders,
              ...measured,
              ...recorded,
              ...shown,
            }),
          ),
        ),
      ),
    );
    if (flags.dryRun === true) process.stdout.write("-e: ok, verified\n");
    return exitCode;
  }).catch((error: unknown) => {
    adviseWord(error, flags.expression);
    throw error;
  });
}

function parseMissing(text: string): string {
  if (text !== "error" && text !== "warn") throw new InvalidArgumentError("give error or warn");
  return text;
}
