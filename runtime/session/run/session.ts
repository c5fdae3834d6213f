import { InterruptedError } from "../../base/errors.ts";
import type { SourceLocation } from "../../base/location.ts";
import type { Log } from "../../base/log.ts";
import { Scope } from "../../base/scope.ts";
import { locateInPlace } from "../../base/text-place.ts";
import { openCacheFolder } from "../../compile/cache-folder.ts";
import type { ProbePreference } from "../../dialect/words/preferred-probes.ts";
import type { CSource } from "../../dialect/text/unit.ts";
import { openAddon } from "../../kernel/door/addon.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import { haveOwnPids } from "../../kernel/machine/pid-namespace.ts";
import { openTracePipe } from "../../kernel/machine/trace-pipe.ts";
import type { TracePipe } from "../../kernel/machine/trace-pipe.ts";
import { listTracepoints } from "../../kernel/machine/tracefs.ts";
import { openUserSpace } from "../../kernel/user/user-space.ts";
import type { UserSpace } from "../../kernel/user/user-space.ts";
import type { FileGrants, FileScope } from "../../script/file-scope.ts";
import { openSandbox } from "../../sandbox/sandbox.ts";
import { readScript } from "../../script/read-script.ts";
import type { Script, ScriptText } from "../../script/read-script.ts";
import { haveStacks, loadUnit } from "../load/build-program.ts";
import { openDebugOutput } from "../load/debug-output.ts";
import type { SharedMaps } from "../load/plan-maps.ts";
import { buildUnit } from "../build/build-unit.ts";
import { openPreference } from "../build/prefer-probes.ts";
import { openBuilder, readSource } from "../build/open-builder.ts";
import type { Builder } from "../build/open-builder.ts";
import { emptyProgram } from "../load/empty-program.ts";
import { openLookups } from "../bridge/open-lookups.ts";
import { makeDryProgram, openDryPort } from "../load/dry-run.ts";
import type { BuildRequest } from "../build/build-request.ts";
import type { BuiltProgram, UnverifiedFunction } from "../load/program.ts";
import { verifyBeforeClose } from "../load/verify-rest.ts";
import { openProcessWatch } from "../wait/process-watch.ts";
import { openGuestLibrary } from "./guest-library.ts";
import { openLineLocator } from "./locate-lines.ts";
import { requireEngine } from "./require-engine.ts";
import type { PreparedRun } from "./prepare-run.ts";
import { openReadable } from "./readable-files.ts";
import { openTurn, watchSupervisor } from "./handover.ts";
import type { Handover, Turn } from "./handover.ts";
import { openEndedProcesses } from "./ended-processes.ts";
import type { EndedProcesses } from "./ended-processes.ts";
import { detachProbes } from "./detach-probes.ts";
import { quoteLines } from "./quote-lines.ts";
import { openCaptureTarget, redirectOutput } from "./redirect-output.ts";
import { runGuest } from "./run-guest.ts";
import type { GuestRun } from "./run-guest.ts";
import type { KeptTables } from "../load/kept-tables.ts";
import type { RowChoice } from "../../../sdk/wire/row-choice.ts";
import type { HistogramMessage } from "../../../sdk/wire/histogram-message.ts";
import type { StackMessage } from "../../../sdk/wire/stack-message.ts";
import type { LabPlace } from "../../../sdk/wire/lab-place.ts";
import type { Tape } from "../record/tape.ts";
import type { CaptureTarget, RecordSink, TestTarget } from "../bridge/bridge-state.ts";
import { openGuard } from "../../permit/guard.ts";
import type { Guard } from "../../permit/guard.ts";
import { openInstructionLines } from "../load/locate-instruction.ts";
import { pinTables } from "../load/pin-tables.ts";
import { noteUnit } from "../load/note-unit.ts";
import { openCommand } from "../wait/command.ts";
import type { CommandPlace } from "../wait/command.ts";

/** One run of one script. */
export interface RunOptions {
  /** A path, or a script that stands in no file. */
  readonly script: string | ScriptText;
  /** The script's own arguments. */
  readonly args: readonly string[];
  /** The command of `-c`. */
  readonly command?: string;
  /** Where it runs; beside this process unless given. */
  readonly commandPlace?: CommandPlace;
  /** Units: bytes of memory that the script may use. */
  readonly memoryBytes: number;
  /** Ends the script like Ctrl-C so long after its first wait, in a check after its start and after each build. Units: milliseconds. */
  readonly durationMs?: number;
  /** Which rows and columns the user wants to see; all when absent. */
  readonly rows?: RowChoice;
  /** Paths of the cgroups whose processes the user wants to see; a program that does not ask for them is refused. */
  readonly cgroups?: readonly string[];
  /** Ends the script like Ctrl-C when it has shown so many events: records of a buffer, or lines of the trace pipe, for which it printed something. */
  readonly maxEvents?: number;
  /** Has the script's times in UTC. */
  readonly utc?: boolean;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What the user lets the script read besides its own files. */
  readonly grants: FileGrants;
  /** False for a check: programs meet the verifier, nothing is attached, the script ends where it would wait. */
  readonly attaches: boolean;
  /** False for a check that only compiles: the script goes on with programs and maps that the kernel does not have. */
  readonly loads?: boolean;
  /** Sees each text before it is built; what it throws goes to the script. */
  readonly observe?: (source: CSource, cflags: readonly string[], builder: Builder) => void;
  /** For a check: the functions that nothing loaded meet the verifier when the script closes their program or ends; told of those that cannot. */
  readonly reportUnverified?: (functions: readonly UnverifiedFunction[]) => void;
  /** Notes what the script asks for, and refuses what the user has not allowed. */
  readonly guard: Guard;
  /** Show the verifier's log of programs that it accepts, too. */
  readonly verifierLog: boolean;
  /** How probes on functions of the kernel are made where both ways can do it; as the text says unless given. */
  readonly prefer?: ProbePreference;
  /** The places of the lab that the script runs in. */
  readonly lab?: readonly LabPlace[];
  /** Takes the stacks for the pictures; absent when the user asked for none. */
  readonly recordStack?: (stack: StackMessage) => void;
  /** Takes the histograms for the heat map; absent when the user asked for none. */
  readonly recordHistogram?: (histogram: HistogramMessage) => void;
  /** Takes records of what the script shows; absent when nobody reads them. */
  readonly records?: RecordSink;
  /** Runs the script as a file of tests. */
  readonly openTests?: (script: Script) => TestTarget;
  /** The capture of packets that the user asked for, with the descriptor of its file. */
  readonly capture?: Omit<CaptureTarget, "write"> & { readonly fd: number };
  /** The file that the script's output goes to, by its descriptor; standard output unless given. */
  readonly output?: number;
  /** Whether the script does nothing more at Ctrl-C, and at the command's end, than show what it has: a one-liner. Its probes are detached before it hears of it. */
  readonly ends?: boolean;
  /** For one of several versions of a script that follow each other. */
  readonly handover?: Handover;
  /** What was done of the run before. */
  readonly prepared?: PreparedRun;
  /** Records what the script is told. */
  readonly tape?: Tape;
  /** Puts something between the run and the kernel. */
  readonly watchPort?: (port: KernelPort) => KernelPort;
  /** Runs the script as the beginning of a session, in place of running it to its end. */
  readonly live?: LiveRun;
}

/** How a session runs. */
export interface LiveRun {
  /** The tables that its texts share by their names. */
  readonly tables: KeptTables;
  /** Runs the session. `read` makes lines of the session ready for the sandbox; C texts are placed in what was read last. */
  run(guest: GuestRun, read: (text: ScriptText) => Promise<Script>): Promise<number>;
}

/**
 * Runs a script to its end: reads it, opens the kernel, gives the script what
 * it asks for, and leaves nothing behind. Answers the exit status that the script chose.
 *
 * @throws BpftsError of any kind.
 */
export async function runScript(options: RunOptions): Promise<number> {
  const scope = new Scope();
  let files: FileScope | undefined;
  let detach = (): void => {};
  try {
    const cache = openCacheFolder(options.environment, options.log);
    const library = openGuestLibrary(cache);
    const without = requireEngine(options.environment);
    const read = (text: string | ScriptText): Promise<Script> =>
      readScript(text, {
        readLibrary: library.read,
        store: library.store,
        grants: options.grants,
        ...(options.live && { form: "session" }),
        ...(options.handover && { noteFile: options.handover.noteFile }),
      });
    const script = await read(options.script);
    let current = script;
    files = script.scope;
    const port = options.watchPort?.(openAddon()) ?? openAddon();
    if (options.attaches && haveOwnPids()) options.log.warn(ownPidsWarning);
    port.signalsCatch();
    scope.defer(() => port.signalsRelease());
    const command =
      options.command === undefined
        ? undefined
        : scope.own(openCommand(port, options.command, options.log, options.commandPlace));
    // Node looks there when the sandbox asks for the time zone; the command has its environment by then.
    if (options.utc === true) process.env["TZ"] = "UTC";
    detach = () => {
      // The command's processes end first: what bpfts starts to detach is a child, too, and stays.
      command?.close();
      detachProbes(port, options.log);
    };
    let pipe: TracePipe | undefined;
    const openPipe = (): TracePipe => (pipe ??= scope.own(openTracePipe(port)));
    const userSpace = scope.own(openUserSpace(port, options.log));
    const ended = openEndedProcesses(port);
    let readable: FileScope | undefined;
    const watch = openProcessWatch((pid) => userSpace.symbols.notice(pid));
    const finishers: (() => void)[] = [];
    const output = redirectOutput(port, options.output);
    const turn = options.handover && openTurn(options.handover, output);
    if (turn !== undefined) scope.defer(() => turn.release());
    const programs: BuiltProgram[] = [];
    const guest: GuestRun = {
      script,
      library: library.guest,
      openSandbox: options.prepared?.openSandbox ?? ((sandbox) => openSandbox({ ...sandbox, without })),
      args: options.args,
      findReadable: () => (readable ??= openReadable(options.script, options.args, options.grants)),
      guard: options.guard,
      port: options.attaches ? (turn?.port ?? output) : muteOutput(options.loads === false ? openDryPort(port) : port),
      build: openBuild(
        () => current,
        port,
        options,
        {
          openBuilder: () => openBuilder({ ...options, port, cache, files: current.scope }),
          openPipe,
          userSpace,
          watchProcess(pid) {
            // What it starts and what ends at once is known by the kernel's records alone.
            if (pid === command?.pid) userSpace.symbols.follow(pid);
            watch.watch(pid);
          },
          atEnd: (finish) => void finishers.push(finish),
          noteProgram: (program) => void programs.push(program),
          ...(turn && { turn }),
          ...(options.rows?.added.some((name) => name !== "time") === true && { ended }),
          ...(command && { commandPid: command.pid }),
        },
        scope,
      ),
      openTracePipe: openPipe,
      lookups: openLookups(port, userSpace, ended.find),
      log: options.log,
      memoryBytes: options.memoryBytes,
      ...(options.durationMs !== undefined && { durationMs: options.durationMs }),
      ...(options.rows && { rows: options.rows }),
      ...(options.cgroups && { cgroups: options.cgroups }),
      ...(options.maxEvents !== undefined && { maxEvents: options.maxEvents }),
      waits: options.attaches,
      ...(options.lab && { lab: options.lab }),
      ...(options.tape && { tape: options.tape }),
      ...(options.recordStack && { recordStack: options.recordStack }),
      ...(options.records && { records: options.records }),
      ...(options.openTests && { tests: options.openTests(script) }),
      ...(options.recordHistogram && { recordHistogram: options.recordHistogram }),
      ...(options.capture && { capture: openCaptureTarget(port, options.capture) }),
      watch: options.handover === undefined ? watch : watchSupervisor(options.handover, watch),
      ...(command !== undefined && { command }),
      detachAll: () => {
        detachProbes(port, options.log);
        for (const program of programs) program.detachAll();
      },
      ...((options.ends === true || script.ends === true) && { detaches: "first" }),
      ...(turn && { whenSetUp: turn.take, detaches: "drained" }),
    };
    const status =
      options.live === undefined
        ? await runGuest(guest)
        : await options.live.run(guest, async (text) => (current = await read(text)));
    for (const finish of finishers) finish();
    return status;
  } catch (error) {
    // Ctrl-C is no error, also when the script has not begun.
    if (options.attaches && error instanceof InterruptedError) return 0;
    throw files === undefined ? error : quoteLines(error, files);
  } finally {
    scope.defer(detach);
    scope.close();
    options.handover?.leave();
  }
}

/** Filters by pid would match nothing without a word. */
const ownPidsWarning =
  "bpfts runs in a PID namespace of its own, as in a container: BPF programs see the pids of the host, not those of this namespace, so filters by pid (-p, cpid, command.pid) match nothing. Run it in the host's PID namespace (docker run --pid=host)";

/** A check has a line of its own to say: what the script prints on its way is not for anybody. */
function muteOutput(port: KernelPort): KernelPort {
  const write: KernelPort["write"] = (fd, bytes, timeoutMs) =>
    fd === 1 ? bytes.length : port.write(fd, bytes, timeoutMs);
  return Object.create(port, { write: { value: write } }) as KernelPort;
}

/** What is opened when a script first needs it. */
interface Openers {
  readonly userSpace: UserSpace;
  readonly commandPid?: number;
  watchProcess(pid: number): void;
  openBuilder(): Builder;
  openPipe(): TracePipe;
  /** Does something when the script has come to its end. */
  atEnd(finish: () => void): void;
  noteProgram(program: BuiltProgram): void;
  /** For one of several versions of the script. */
  readonly turn?: Turn;
  /** Where the user wants to know whose the processes were that are gone. */
  readonly ended?: EndedProcesses;
}

/** A pipe that cannot be opened is the error of the call that reads it, not of a script that never does. */
function openEarly(open: () => TracePipe, log: Log): void {
  try {
    open();
  } catch (error) {
    log.info((error as Error).message);
  }
}

/** What `new BPF(…)` in the script comes down to. Tools are found at the first text that has anything in it. */
function openBuild(
  findScript: () => Script,
  port: KernelPort,
  options: RunOptions,
  open: Openers,
  scope: Scope,
): (request: BuildRequest) => BuiltProgram {
  let builder: Builder | undefined;
  let builtFor: Script | undefined;
  const sharedMaps: SharedMaps = new Map();
  const prefer =
    options.prefer === undefined
      ? (source: CSource): CSource => source
      : openPreference(options.prefer, port, options.log);
  return (request) => {
    const script = findScript();
    const source = prefer(readSource(request, script));
    if (source.text.trim() === "") return emptyProgram;
    // The files that a text may name are those of its script.
    if (builtFor !== script) builder = undefined;
    builtFor = script;
    builder ??= open.openBuilder();
    options.observe?.(source, request.cflags ?? [], builder);
    const debug = openDebugOutput(request.debug ?? 0, options.verifierLog, options.log);
    debug.showText(source, request.cflags ?? [], builder);
    const built = buildUnit(source, request.cflags ?? [], builder);
    debug.showObject(built, source, builder.files);
    const unit = request.pins === undefined ? built : pinTables(built, request.pins);
    // clang may have run for a while: a signal that came meanwhile counts before anything is loaded.
    if (port.signalPending() !== 0) throw new InterruptedError("A signal came while the C text was compiled");
    const { place } = source;
    const locate = (offset: number): SourceLocation | undefined => place && locateInPlace(place, offset);
    const locateLine = openLineLocator(source);
    noteUnit(options.guard, unit, port.possibleCpus());
    options.guard.admitObject(unit.bytes, openInstructionLines(unit.bytes, locateLine));
    if (options.loads === false) return makeDryProgram(unit);
    // What a probe prints before the script first reads must not be lost.
    if (options.attaches && source.text.includes("bpf_trace_printk")) openEarly(open.openPipe, options.log);
    const context = {
      guard: options.guard,
      port,
      log: options.log,
      machine: builder.machine,
      listTracepoints,
      userSpace: open.userSpace,
      watchProcess: open.watchProcess,
      sharedMaps,
      logLevel: debug.logLevel,
      noteLogs: debug.noteLogs,
      attaches: options.attaches,
      locate,
      locateLine,
    };
    const { machine } = builder;
    if (options.attaches)
      open.ended?.start((own) =>
        scope.own(
          loadUnit(buildUnit(own, [], builder!), {
            ...context,
            guard: openGuard(new Set()),
            machine,
            sharedMaps: new Map(),
          }),
        ),
      );
    const program = loadUnit(unit, {
      ...context,
      ...(options.live && { keptTables: options.live.tables }),
      ...(open.turn && { keptTables: open.turn.tables, beforeExclusive: open.turn.take }),
    });
    open.noteProgram(program);
    if (open.commandPid !== undefined && haveStacks(unit)) open.watchProcess(open.commandPid);
    scope.own(program);
    if (options.reportUnverified === undefined) return program;
    const verified = verifyBeforeClose(program, options.reportUnverified);
    open.atEnd(verified.finish);
    return verified.program;
  };
}
