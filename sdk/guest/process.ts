import { requireText } from "../checks/check-options.ts";
import { callHost } from "../wire/host.ts";
import { eprint, flush } from "../print/output.ts";
import { chooseCgroups } from "../queries/containers.ts";
import { wantRecords } from "../print/output-records.ts";
import { wantHistograms } from "../print/record-histogram.ts";
import { makeExtraColumns } from "../columns/extra-columns.ts";
import { changeColumns } from "../print/added-columns.ts";
import { chooseRows, describeUnusedChoice } from "../print/row-choice.ts";
import { chooseSort, describeUnusedSort } from "../print/sorted-rows.ts";
import { limitShownEvents } from "../print/shown-events.ts";
import { noteStart } from "../time/start-time.ts";
import { seedRandom } from "./random.ts";

/**
 * The name of the script's file, without its folder and ending.
 *
 * @example
 * import { print, script_name } from "bpfts";
 * print(`usage: bpfts run ${script_name}.ts -- [-p PID]`);
 */
export let script_name = "";

/**
 * The script's own arguments, those after `--`.
 *
 * @example
 * import { argv, print } from "bpfts";
 * const [pid = "all processes"] = argv;
 * print(pid); // all processes
 */
export let argv: readonly string[] = [];

/**
 * The child of `-c`.
 *
 * @example
 * import { command, print } from "bpfts";
 * print(command === undefined ? "started without -c" : "a child is held");
 */
export class ChildCommand {
  /** The process that everything of the command descends from: the command itself, or the shell that runs it. */
  readonly root_pid: number;
  #isShell: boolean;

  /** @internal */
  constructor(pid: number, isShell: boolean) {
    this.root_pid = pid;
    this.#isShell = isShell;
  }

  /** The command's own pid. Where a shell runs the command line, it is the shell's: a warning says so. */
  get pid(): number {
    if (this.#isShell) callHost("note_shell_pid", null);
    this.#isShell = false;
    return this.root_pid;
  }
}

/**
 * The child of `-c`, held until the script first waits; undefined when the script was started without one.
 *
 * @example
 * import { BPF, command } from "bpfts";
 * const b = new BPF({
 *   text: `
 * const volatile u32 root_pid = ${command?.root_pid ?? 0};
 * TRACEPOINT_PROBE(sched, sched_process_exec) {
 *     if (bpf_get_current_pid_tgid() >> 32 == root_pid) bpf_trace_printk("it begins");
 *     return 0;
 * }`,
 * });
 * b.trace_print();
 */
export let command: ChildCommand | undefined;

/**
 * How many CPUs this machine may ever have; per-CPU values have one entry for each.
 *
 * @example
 * import { BPF, possible_cpus } from "bpfts";
 * const b = new BPF({ text: `BPF_PERF_ARRAY(cycles, NUM_CPUS);`, cflags: [`-DNUM_CPUS=${possible_cpus}`] });
 * b.close();
 */
export let possible_cpus = 1;

/** Whether the user asked for pictures of stacks. */
export let isStackWanted = false;

/** Whether the user asked for a capture of packets. */
export let isPacketWanted = false;

/** Takes what this run starts with. This module itself may have been read in an earlier run. */
export function startScript(): void {
  const started = callHost("start", null);
  script_name = started.script;
  argv = started.argv;
  command = started.command === null ? undefined : new ChildCommand(started.command.pid, started.command.isShell);
  possible_cpus = started.possibleCpus;
  isStackWanted = started.wantsStacks;
  isPacketWanted = started.wantsPackets;
  wantHistograms(started.wantsHistograms);
  wantRecords(started.records ?? null);
  chooseCgroups(started.cgroups);
  chooseRows(started.rows);
  chooseSort(started.rows.sort);
  changeColumns(started.rows, makeExtraColumns);
  limitShownEvents(started.maxEvents);
  noteStart(BigInt(started.monotonicNs));
  seedRandom(started.seed);
}

/**
 * Ends the script at once: its end handlers run, nothing else of it does.
 *
 * @example
 * import { eprint, exit, have_function_probes } from "bpfts";
 * if (!have_function_probes()) {
 *   eprint("this tool needs kprobes or fentry");
 *   exit(0);
 * }
 */
export function exit(code = 0): never {
  flush();
  callHost("exit", { code });
  // The host stops the script here; what it throws for that cannot be caught.
  for (;;);
}

const endHandlers: (() => unknown)[] = [];

/**
 * Registers what runs when the script ends, however it does: the last registered first. Source: Python's atexit.
 *
 * @example
 * import { on_exit, print } from "bpfts";
 * on_exit(() => print("the end"));
 * print("the beginning"); // the beginning
 */
export function on_exit(handler: () => unknown): void {
  endHandlers.push(handler);
}

/** Runs the end handlers, each even when one before it failed. The first failure is thrown at the end. */
export function runEndHandlers(): void {
  let first: { readonly error: unknown } | undefined;
  for (let handler = endHandlers.pop(); handler !== undefined; handler = endHandlers.pop()) {
    try {
      handler();
    } catch (error) {
      first ??= { error };
    }
  }
  if (first !== undefined) throw first.error;
}

/** Warns of what the user chose and the script had no use for. */
export function warnUnused(): void {
  for (const unused of [describeUnusedChoice(), describeUnusedSort()]) if (unused !== undefined) eprint(unused);
}

/**
 * Reads a text file below /proc or /sys, or of a folder that the user grants with `--allow-read`; nothing else is readable. A tool that comes with bpfts
 * reads the files that the user names as its arguments, too.
 *
 * @throws BpfError when it lies elsewhere, also through a symbolic link, or cannot be read
 *
 * @example
 * import { print, read_file } from "bpfts";
 * print(read_file("/proc/loadavg").trim());
 */
export function read_file(path: string): string {
  requireText("read_file()", "a path", path);
  return callHost("read_file", { path });
}

/**
 * The clock that `bpf_ktime_get_ns` reads. Units: nanoseconds.
 *
 * @example
 * import { monotonic_ns, print } from "bpfts";
 * const started = monotonic_ns();
 * print(monotonic_ns() >= started); // true
 */
export function monotonic_ns(): bigint {
  return BigInt(callHost("now", null).monotonicNs);
}
