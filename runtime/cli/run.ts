import { statSync } from "node:fs";
import { basename } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { InterruptedError, UsageError } from "../base/errors.ts";
import { openStderrLog } from "../base/log.ts";
import type { Log } from "../base/log.ts";
import type { EnteredLab } from "../lab/enter-lab.ts";
import { openGuard } from "../permit/guard.ts";
import { addAllowOptions, readAllowed } from "./allow-options.ts";
import type { AllowFlags } from "./allow-options.ts";
import { addCaptureOption, runWithCapture } from "./capture-option.ts";
import type { CaptureFlags } from "./capture-option.ts";
import { addCgroupOptions, findChosenCgroups } from "./cgroup-options.ts";
import type { CgroupFlags } from "./cgroup-options.ts";
import { addCostOption, runWithCost } from "./cost-option.ts";
import type { CostFlags, Measured } from "./cost-option.ts";
import { addGrantOptions, readGrants } from "./file-grants.ts";
import type { GrantFlags } from "./file-grants.ts";
import { addOutputOptions, runWithOutput } from "./output-options.ts";
import type { OutputFlags } from "./output-options.ts";
import { parseSeconds } from "./parse-seconds.ts";
import { addPictureOptions, listPictureFiles, runWithPictures } from "./picture-options.ts";
import type { PictureFlags, PictureKind } from "./picture-options.ts";
import { addPlaceOptions, readPlaces } from "./place-grants.ts";
import type { PlaceFlags } from "./place-grants.ts";
import { addRecordOption, runWithRecording } from "./record-option.ts";
import type { Recorded, RecordFlags } from "./record-option.ts";
import { addRowOptions, readRowChoice } from "./row-options.ts";
import type { RowFlags } from "./row-options.ts";
import type { JoinedVersion } from "../watch/join-versions.ts";
import { runScript } from "../session/run/session.ts";
import { severalCommands, takeOnce } from "./take-once.ts";
import { addWebOption, runWithPage } from "./web-option.ts";
import type { Shown, WebFlags } from "./web-option.ts";

interface RunOptions
  extends CaptureFlags,
    CgroupFlags,
    CostFlags,
    RecordFlags,
    GrantFlags,
    OutputFlags,
    PictureFlags,
    PlaceFlags,
    RowFlags,
    WebFlags {
  readonly command?: string;
  readonly memory: number;
  readonly duration?: number;
  readonly verbose: boolean;
  readonly prefer?: "fentry" | "kprobe";
  readonly lab?: string;
  readonly in?: string;
  readonly watch?: true;
  readonly fresh?: true;
}

const examples = `
Examples:
  bpfts run hello.ts
  bpfts run hello.ts -- --interval 1        the script sees its own arguments
  bpfts run --duration 10 counts.ts         end by itself; what the script does at its end is done
  bpfts run --max-events 5 opensnoop.ts     end after five lines; behind a tool's name, too: bpfts opensnoop --max-events 5
  bpfts run --filter 'ret<0,comm~^ba' --fields comm,path opensnoop.ts
                                            of its rows those that meet both conditions, of these two columns
  bpfts run --sort count:desc slabratetop.ts of each interval's rows the largest first by this column
  bpfts run --columns +time,+container,-fd opensnoop.ts
                                            with the time, and the container of each process; without a column of its own
  bpfts run -o opens.txt --utc opensnoop.ts write to a file, times in UTC
  bpfts run --container web opensnoop.ts    one container's alone, also bpfts opensnoop --container web; the script's C has to ask,
                                            see filter_by_containers in the manual
  bpfts run -c 'ls /tmp' opensnoop.ts       hold the command until the script waits, trace it, end with it
  bpfts run --watch counts.ts               save the script, and the new text runs in place of the old one; its tables stay
  bpfts run --allow-signal killer.ts        let the script's C send signals; bpfts check lists what a script asks for
  bpfts run --prefer fentry tcpconnect.ts   kprobe__NAME and kretprobe__NAME by fentry and fexit, which cost less;
                                            functions that attach_kprobe names stay kprobes
  bpfts run --allow-dev eth0 drop.ts        let it attach to the device that the default route leads through
  bpfts run --lab two-nodes.json drop.ts    let it attach to what is in that lab; see bpfts lab --help
  bpfts run --lab two-nodes.json --in pod1 -c 'ping -c 2 10.77.2.1' drop.ts
  bpfts run --flame cpu.html -c ./job scripts/tools/profile.ts
  bpfts run --heatmap disk.svg scripts/tools/biolatency.ts
                                            its stacks as a flame graph for a browser, in place of the list
  bpfts run --pcap drops.pcapng drop.ts     write the packets that it captures to a file for Wireshark; --pcap - | tshark -r -
  bpfts run --max-cpu 5% kfree.ts           end it when its BPF programs take more of a CPU than that; also --max-rate 200000
  bpfts run --record run.bpfrec counts.ts   record what the script is told; bpfts replay run.bpfrec runs it on that again
  bpfts run --web biolatency.ts             show its histograms and heat map on a live page of this machine; the address is printed
  bpfts run --web 127.0.0.1:8080 opensnoop.ts
  bpfts run --cost opensnoop.ts             say at the end how often each of its BPF programs ran, how long, and what its maps take
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
    .option(
      "-c, --command <command>",
      "run a command once the script waits, and end with it; the script knows its pid",
      takeOnce(severalCommands),
    )
    .option("--duration <seconds>", "end like Ctrl-C, so long after the script first waits", parseSeconds)
    .option("--memory <mebibytes>", "the most memory that the script may use", parseMemory, 64)
    .addOption(
      new Option(
        "--prefer <kind>",
        "probe functions of the kernel by fentry, or by kprobes, where the C text names them and both can do it",
      ).choices(["fentry", "kprobe"]),
    )
    .option(
      "--lab <file>",
      "run the script in the lab of this file, or of this name: the one that is up, else one that is made for this run",
    )
    .option("--in <place>", "run the command of -c in this node or pod of the lab")
    .option(
      "--watch",
      "run the script anew when a file of it is saved; tables that the change does not concern keep what is in them",
    )
    .option("--fresh", "with --watch: all tables start empty")
    .option("--verbose", "say what happens on the way; show the verifier's log of each program", false)
    .option("--json-errors", "write errors as JSON, one a line");
  addPlaceOptions(
    addAllowOptions(
      addPictureOptions(
        addRowOptions(
          addRecordOption(addWebOption(addCostOption(addCaptureOption(addOutputOptions(addCgroupOptions(command)))))),
        ),
      ),
    ),
  )
    .addHelpText("after", examples)
    .action(async (script: string, args: readonly string[], options: RunOptions & AllowFlags) => {
      if (options.in !== undefined && (options.lab === undefined || options.command === undefined))
        throw new UsageError("--in needs --lab and -c", {
          hint: "it names the node or pod of the lab that the command runs in",
        });
      if (options.fresh === true && options.watch === undefined)
        throw new UsageError("--fresh does nothing without --watch", { hint: "bpfts run --watch --fresh SCRIPT" });
      await requireFiles(script, options);
      const version = options.watch === undefined ? undefined : await joinWatch(script, options);
      if (typeof version === "number") return finish(version);
      const log = openStderrLog(options);
      const rows = readRowChoice(options);
      const cgroups = await findChosenCgroups(options);
      const lab = options.lab === undefined ? undefined : await openLabOf(options.lab, log);
      if (lab === "interrupted") return finish(0);
      try {
        const { command } = options;
        const runObserved = (observers: Measured & Recorded & Shown): Promise<number> =>
          runWithOutput({ ...options, appends: version?.isFirst === false }, (opened) =>
            runWithCapture(options, opened.output, log, (captured) =>
              runWithPictures({ ...options, output: opened.output }, nameRun(script, command), log, (recorders) =>
                runScript({
                  script,
                  args,
                  ...(command !== undefined && { command }),
                  ...(options.in !== undefined && { commandPlace: lab!.findCommandPlace(options.in) }),
                  memoryBytes: options.memory * 1024 * 1024,
                  ...(options.duration !== undefined && { durationMs: Math.ceil(options.duration * 1000) }),
                  ...opened,
                  ...captured,
                  ...(cgroups.length > 0 && { cgroups }),
                  ...(rows !== undefined && { rows }),
                  log,
                  environment: process.env,
                  grants: readGrants(options),
                  attaches: true,
                  guard: openGuard(readAllowed(options), lab?.addPlaces(readPlaces(options)) ?? readPlaces(options)),
                  ...(lab !== undefined && { lab: lab.places }),
                  verifierLog: options.verbose,
                  ...(options.prefer !== undefined && { prefer: options.prefer }),
                  ...recorders,
                  ...observers,
                  ...(version && { handover: version.handover, prepared: version.prepared }),
                }),
              ),
            ),
          );
        finish(
          await runWithRecording(options, script, (recorded) =>
            runWithCost(options, undefined, (measured) =>
              runWithPage(options, nameRun(script, command), (shown) =>
                runObserved({ ...measured, ...recorded, ...shown }),
              ),
            ),
          ),
        );
      } finally {
        lab?.close();
      }
    });
}

/** @throws UsageError for an option that would write over the script */
async function requireFiles(script: string, options: RunOptions): Promise<void> {
  const { record, output, pcap } = options;
  const pictures = listPictureFiles(options);
  if (record === undefined && output === undefined && pcap === undefined && pictures.length === 0) return;
  const { requireOwnFiles } = await import("./require-own-files.ts");
  const read = [["the script", script]] as const;
  requireOwnFiles([["--output", output], ["--record", record], ...pictures], read);
  // Of a capture that goes where the output goes is told where it is opened.
  requireOwnFiles([["--record", record], ...pictures, ["--pcap", pcap === "-" ? undefined : pcap]], read);
}

/** Options that a run of several versions does not take, and why. */
const unwatched: Readonly<
  Record<"cost" | "maxCpu" | "maxRate" | "lab" | "pcap" | "record" | "web" | PictureKind, string>
> = {
  cost: "each version would be measured by itself",
  maxCpu: "each version would be measured by itself",
  maxRate: "each version would be measured by itself",
  record: "each version would record anew",
  web: "each version would open a page of its own",
  lab: "each version would make the lab, and take it down",
  pcap: "each version would write it anew",
  flame: "each version would draw it anew",
  heatmap: "each version would draw it anew",
  folded: "each version would write it anew",
  speedscope: "each version would write it anew",
  pprof: "each version would write it anew",
  perfetto: "each version would write it anew",
};

/** In the process of one version: waits for its beginning. Else runs the versions to their end and answers the exit status. @throws UsageError */
async function joinWatch(script: string, options: RunOptions): Promise<JoinedVersion | number> {
  const { isVersion, joinVersions } = await import("../watch/join-versions.ts");
  if (isVersion()) {
    const { prepareRun } = await import("../session/run/prepare-run.ts");
    const settings = {
      memoryBytes: options.memory * 1024 * 1024,
      log: openStderrLog(options),
      environment: process.env,
    };
    return (await joinVersions(() => prepareRun(settings))) ?? 0;
  }
  for (const [key, reason] of Object.entries(unwatched)) {
    const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (options[key as keyof typeof unwatched] !== undefined)
      throw new UsageError(`--watch and --${name} do not go together: ${reason}`, {
        hint: `leave out --watch, or --${name}`,
      });
  }
  if (statSync(script, { throwIfNoEntry: false })?.isFile() !== true)
    throw new UsageError(`--watch needs a file to watch, and "${script}" is none`, {
      hint: "name the script's file, for example scripts/hello.ts",
    });
  const { watchScript } = await import("../watch/watch-script.ts");
  const { sayWatch } = await import("../watch/say-watch.ts");
  return watchScript({ script, isFresh: options.fresh === true, say: sayWatch });
}

/** The heading of a picture. */
function nameRun(script: string, command: string | undefined): string {
  const name = basename(script, ".ts");
  return command === undefined ? name : `${name}: ${command}`;
}

/** Ctrl-C is no error, also when the lab is not up yet. */
async function openLabOf(path: string, log: Log): Promise<EnteredLab | "interrupted"> {
  const { enterLab } = await import("../lab/enter-lab.ts");
  try {
    return enterLab(path, log);
  } catch (error) {
    if (error instanceof InterruptedError) return "interrupted";
    throw error;
  }
}

function parseMemory(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 16 || value > 2048)
    throw new InvalidArgumentError("give a whole number of MiB from 16 to 2048");
  return value;
}
