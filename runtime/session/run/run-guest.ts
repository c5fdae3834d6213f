import { basename } from "node:path";
import { GuestLimitError, InterruptedError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import type { TracePipe } from "../../kernel/machine/trace-pipe.ts";
import { waitSources } from "../../kernel/door/port.ts";
import type { Thrown } from "../../sandbox/describe-thrown.ts";
import { defaultLimits, openSandbox } from "../../sandbox/sandbox.ts";
import type { GuestLibrary, Outcome, Sandbox } from "../../sandbox/sandbox.ts";
import { bundleName } from "../../script/bundle-name.ts";
import { COMMAND_ENDED } from "../../../sdk/wire/protocol.ts";
import type { RowChoice } from "../../../sdk/wire/row-choice.ts";
import type { HistogramMessage } from "../../../sdk/wire/histogram-message.ts";
import type { StackMessage } from "../../../sdk/wire/stack-message.ts";
import type { LabPlace } from "../../../sdk/wire/lab-place.ts";
import type { TurnReply } from "../../../sdk/wire/guest-hooks.ts";
import { openBridge } from "../bridge/bridge.ts";
import type { Bridge } from "../bridge/bridge.ts";
import type { CaptureTarget, RecordSink, StopReason, TestTarget } from "../bridge/bridge-state.ts";
import type { Command } from "../wait/command.ts";
import { findCommandFailure, reportCommandEnd } from "../wait/command-end.ts";
import { openLookups } from "../bridge/open-lookups.ts";
import { describeGuestFailure } from "./guest-failure.ts";
import { mapStack, renderFrames } from "./script-stack.ts";
import type { GuestScript } from "./script-stack.ts";
import type { KernelLookups } from "../bridge/lookups.ts";
import type { BuildRequest } from "../build/build-request.ts";
import type { BuiltProgram } from "../load/program.ts";
import type { ProcessWatch } from "../wait/process-watch.ts";
import { noGrants, openFileScope } from "../../script/file-scope.ts";
import type { FileScope } from "../../script/file-scope.ts";
import { openStopper } from "./stopper.ts";
import type { Stopper } from "./stopper.ts";
import type { Tape } from "../record/tape.ts";
import { openGuard } from "../../permit/guard.ts";
import type { Guard } from "../../permit/guard.ts";
import { openWaiter, wakeAtSecondLook } from "../wait/waiter.ts";
import type { Waiter } from "../wait/waiter.ts";

/** What a script is run with. */
export interface GuestRun {
  readonly script: GuestScript & { readonly code: string };
  /** What the script imports as "bpfts". */
  readonly library: GuestLibrary;
  /** The script's own arguments. */
  readonly args: readonly string[];
  /** Answers what the user lets the script read while it runs; nothing besides files below /proc and /sys when absent. */
  readonly findReadable?: () => FileScope;
  readonly port: KernelPort;
  readonly build: (request: BuildRequest) => BuiltProgram;
  readonly openTracePipe: () => TracePipe;
  readonly lookups?: KernelLookups;
  readonly log: Log;
  /** One that allows nothing when absent. */
  readonly guard?: Guard;
  /** Units: bytes of memory that the guest may use, everything included. */
  readonly memoryBytes?: number;
  /** Ends the script like Ctrl-C so long after its first wait, in a check after its start and after each build. Units: milliseconds. */
  readonly durationMs?: number;
  /** Which rows and columns the user wants to see; all when absent. */
  readonly rows?: RowChoice;
  /** Paths of the cgroups whose processes the user wants to see; all processes when absent. */
  readonly cgroups?: readonly string[];
  /** Ends the script like Ctrl-C when it has shown so many events. */
  readonly maxEvents?: number;
  /** False for a check: the script ends where it would wait. */
  readonly waits?: boolean;
  readonly command?: Command;
  /** The places of the lab that the script runs in; there is no lab when absent. */
  readonly lab?: readonly LabPlace[];
  /** Takes the stacks for the pictures; absent when the user asked for none. */
  readonly recordStack?: (stack: StackMessage) => void;
  /** Takes the histograms for the heat map; absent when the user asked for none. */
  readonly recordHistogram?: (histogram: HistogramMessage) => void;
  /** Takes records of what the script shows; absent when nobody reads them. */
  readonly records?: RecordSink;
  /** Takes what a file of tests says of its tests; absent for any other script. */
  readonly tests?: TestTarget;
  /** Takes the packets of the capture; absent when the user asked for none. */
  readonly capture?: CaptureTarget;
  /** Processes to look at while the script waits. */
  readonly watch?: ProcessWatch;
  /** Called when the script has set up what it wants to see: before its first wait, or when it ends well without one. */
  readonly whenSetUp?: () => void;
  /** Takes the programs off their places before the script ends. */
  readonly detachAll?: () => void;
  /**
   * Whether a signal does so before the script hears of it: `drained` delivers meanwhile what the programs had caused, for any script; `first` leaves that
   * to a script that is known to take it, and does the same when the command has ended.
   */
  readonly detaches?: "drained" | "first";
  /** Records what the script is told, or tells it what was recorded. */
  readonly tape?: Tape;
  /** Opens the sandbox in another way than usual. */
  readonly openSandbox?: typeof openSandbox;
}

/**
 * Runs a script to its end in a sandbox of its own. Answers the exit status that it chose.
 *
 * @throws BpftsError when the script threw and nobody caught it, or passed a limit
 */
export async function runGuest(run: GuestRun): Promise<number> {
  const { port, log, command } = run;
  const stopper = openStopper(port);
  let sandbox: Sandbox | undefined;
  const waiter =
    run.waits === false
      ? refuseWaits(stopper)
      : openWaiter(port, command, {
          runJobs: () => runPromises(sandbox, stopper),
          findTimeLeft: () => stopper.findTimeLeft(),
          ...(run.watch && { watch: run.watch }),
          ...(run.durationMs !== undefined && { durationMs: run.durationMs }),
          ...(run.whenSetUp && { beforeFirst: run.whenSetUp }),
          ...(run.detachAll && run.detaches === "drained" && { detachAll: run.detachAll }),
          ...(run.detachAll && run.detaches === "first" && { detachFirst: run.detachAll }),
        });
  const lookups = run.lookups ?? openLookups(port);
  const bridge = (run.tape?.openBridge ?? openBridge)(
    {
      ...run,
      build: isTimedCheck(run) ? timeWithoutBuilds(run, run.durationMs) : run.build,
      scriptName: basename(run.script.files[0] ?? "", ".ts"),
      findReadable: run.findReadable ?? (() => openFileScope(undefined, noGrants)),
      guard: run.guard ?? openGuard(new Set()),
      command,
      lab: run.lab ?? [],
      waiter,
      lookups,
      findTimeLeft: () => stopper.findTimeLeft(),
      excuse: (work) => stopper.excuse(work),
      noteBatch: (isThere) => stopper.noteBatch(isThere),
      stop: (reason) => stopper.stop(reason),
      renderStack: (stack) => renderFrames(mapStack(stack, run.script), run.script),
    },
    () => stopper.isStopped(),
  );
  const limits = { ...defaultLimits, ...(run.memoryBytes === undefined ? {} : { memoryBytes: run.memoryBytes }) };
  sandbox = await (run.openSandbox ?? openSandbox)({
    limits,
    library: run.library,
    call: bridge.call,
    shouldStop: () => stopper.shouldStop(),
    runGuarded: (step) => port.runGuarded(step) === 1,
  });
  try {
    const turns = run.tape?.wrapTurns(waiter, () => runPromises(sandbox, stopper)) ?? waiter;
    const guest: Guest = { sandbox, bridge, stopper, waiter: turns, script: run.script, log };
    if (isTimedCheck(run)) port.signalAfter(run.durationMs);
    const failure = runToEnd(guest, run.script.code);
    if (failure === undefined && (stopper.exitCode ?? 0) === 0) run.whenSetUp?.();
    // What the script does at its end takes the time that it takes.
    if (run.durationMs !== undefined || run.maxEvents !== undefined) port.signalAfter(0);
    const last = runEndHandlers(guest);
    bridge.reportLosses();
    const thrown = failure ?? last;
    // A script that failed, or ended itself, may not have come to its events.
    if (thrown === undefined && stopper.exitCode === undefined) {
      sandbox.callHook("warnUnused");
      bridge.reportUncounted();
    }
    const refused = command && findCommandFailure(command);
    if (thrown !== undefined && refused !== undefined) log.warn(refused.message);
    if (thrown !== undefined) throw describeGuestFailure(thrown, run.script, (id) => bridge.findError(id));
    if (refused !== undefined) throw refused;
    if (run.waits === false && stopper.wasInterrupted)
      throw new InterruptedError("A signal came before the check was done");
    return findExitCode(guest, command);
  } finally {
    bridge.close();
    lookups.close();
    sandbox.close();
  }
}

/** The status that the script chose; else its command's, as strace(1) and perf(1) do. Ctrl-C is no failure of the command that it ended. */
function findExitCode({ stopper, log }: Guest, command: Command | undefined): number {
  if (command === undefined || stopper.wasInterrupted) return stopper.exitCode ?? 0;
  const status = stopper.exitCode === undefined || command.isReleased ? reportCommandEnd(command, log) : 0;
  return stopper.exitCode ?? status;
}

interface Guest {
  readonly sandbox: Sandbox;
  readonly bridge: Bridge;
  readonly stopper: Stopper;
  readonly waiter: Waiter;
  readonly script: GuestScript;
  readonly log: Log;
}

/** Lets promises of a script go on while it waits. Answers how many steps they took. */
function runPromises(sandbox: Sandbox | undefined, stopper: Stopper): number {
  if (sandbox === undefined) return 0;
  const { ran, outcome } = sandbox.runJobs();
  if (outcome.kind === "done") return ran;
  if (stopper.isStopped() || outcome.thrown.limit === "stopped")
    throw new InterruptedError("The script is being ended");
  throw new GuestLimitError(outcome.thrown.message);
}

function isTimedCheck(run: GuestRun): run is GuestRun & { readonly durationMs: number } {
  return run.waits === false && run.durationMs !== undefined;
}

/** Stops the clock of a script while its program is built, and starts it anew: clang's time is not the script's. */
function timeWithoutBuilds({ port, build }: GuestRun, durationMs: number): GuestRun["build"] {
  return (request) => {
    port.signalAfter(0);
    try {
      return build(request);
    } finally {
      port.signalAfter(durationMs);
    }
  };
}

/** A check never waits: the first wait ends the script as `exit(0)` would. */
function refuseWaits(stopper: Stopper): Waiter {
  return {
    waitFor() {
      const reason: StopReason = { kind: "checked" };
      stopper.stop(reason);
      throw new InterruptedError("A check does not wait");
    },
  };
}

/** Runs the script's lines, then its timers and promises, until nothing is left. Answers what it threw, undefined for a quiet end. */
function runToEnd(guest: Guest, code: string): Thrown | undefined {
  const { sandbox, stopper, log } = guest;
  let outcome = sandbox.callHook("start");
  if (outcome.kind === "done") outcome = sandbox.evaluate(code, bundleName);
  for (;;) {
    if (outcome.kind === "done") outcome = runJobs(sandbox);
    if (outcome.kind === "done") outcome = sandbox.callHook("turn");
    if (outcome.kind === "thrown") return sortFailure(guest, outcome.thrown);
    // QuickJS takes an end in the middle of a promise for its failure, or keeps it to itself.
    if (stopper.wasCut) {
      stopper.takeInterrupt();
      return undefined;
    }
    // What the turn has settled goes on first: it may leave more to be done.
    if (sandbox.haveJobs()) continue;
    const { timerMs, events } = (outcome.value ?? { events: false }) as TurnReply;
    if (timerMs === undefined && !events) {
      const module = sandbox.checkModule();
      if (module?.kind === "thrown") return sortFailure(guest, module.thrown);
      if (module === undefined) log.warn("The script ended while it waited for a promise that nothing can settle");
      return undefined;
    }
    if (!waitForTurn(guest, timerMs ?? -1, events)) return undefined;
  }
}

/** Runs promises. What the script's module came to by itself is its end. */
function runJobs(sandbox: Sandbox): Outcome {
  const { outcome } = sandbox.runJobs();
  if (outcome.kind === "thrown") return outcome;
  const module = sandbox.checkModule();
  return module?.kind === "thrown" ? module : outcome;
}

/** Waits for the next timer or event. Answers false when a signal came and nobody in the script waits for one. */
function waitForTurn({ sandbox, stopper, waiter }: Guest, timeoutMs: number, events: boolean): boolean {
  try {
    waiter.waitFor(timeoutMs, events ? waitSources.rings : 0, wakeAtSecondLook());
    return true;
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    const told: Outcome = sandbox.callHook("interrupt");
    if (told.kind === "done" && told.value === true) return true;
    if (error.detail !== COMMAND_ENDED) stopper.noteInterrupt();
    return false;
  }
}

/** An interrupt that nobody caught and a stop that was asked for are no failures. */
function sortFailure({ stopper }: Guest, thrown: Thrown): Thrown | undefined {
  if (stopper.isStopped()) return undefined;
  if (thrown.limit === "stopped" && stopper.takeInterrupt()) return undefined;
  if (thrown.name !== "Interrupt" && !stopper.wasCut) return thrown;
  if (thrown.reason !== COMMAND_ENDED) stopper.noteInterrupt();
  return undefined;
}

/** Runs what the script registered for its end, in bounded time after a signal, and writes what is buffered. */
function runEndHandlers(guest: Guest): Thrown | undefined {
  const { sandbox, stopper, log } = guest;
  let failure: Thrown | undefined;
  let isBroken = false;
  const note = (outcome: Outcome): void => {
    if (outcome.kind === "done" || outcome.thrown.limit === "stopped" || outcome.thrown.name === "Interrupt") return;
    // What an operation that was cut off has left half done is no fault of the script's.
    if (sandbox.cuts > 0 && outcome.thrown.name === "InternalError") isBroken = true;
    else failure ??= outcome.thrown;
  };
  const notePromises = (outcome: Outcome): void => {
    if (!stopper.wasCut) note(outcome);
  };
  do {
    stopper.startEnd();
    note(sandbox.callHook("end"));
    notePromises(sandbox.runJobs().outcome);
    // exit() in a handler and a signal end that handler; the others still run.
  } while ((stopper.takeExit() || stopper.takeInterrupt()) && stopper.findTimeLeft() > 0);
  stopper.startEnd();
  notePromises(sandbox.callHook("flush"));
  if (sandbox.cuts > 0) {
    const rest = isBroken ? ": its end handlers and the last of its output may be missing" : "";
    log.warn(`A signal ended the script within one long operation, such as the join of a huge array or a sort${rest}`);
  }
  return failure;
}
