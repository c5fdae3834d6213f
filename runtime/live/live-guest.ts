import { basename } from "node:path";
import { GuestLimitError, InterruptedError } from "../base/errors.ts";
import type { Closable } from "../base/scope.ts";
import { waitSources } from "../kernel/door/port.ts";
import type { KernelPort } from "../kernel/door/port.ts";
import { openGuard } from "../permit/guard.ts";
import type { Thrown } from "../sandbox/describe-thrown.ts";
import { defaultLimits, openSandbox } from "../sandbox/sandbox.ts";
import type { GuestLines, Outcome, Sandbox } from "../sandbox/sandbox.ts";
import { bundleName } from "../script/bundle-name.ts";
import { noGrants, openFileScope } from "../script/file-scope.ts";
import type { Script } from "../script/read-script.ts";
import { openBridge } from "../session/bridge/bridge.ts";
import { openLookups } from "../session/bridge/open-lookups.ts";
import type { BuiltProgram } from "../session/load/program.ts";
import { describeGuestFailure } from "../session/run/guest-failure.ts";
import { quoteLines } from "../session/run/quote-lines.ts";
import type { GuestRun } from "../session/run/run-guest.ts";
import { mapStack, renderFrames } from "../session/run/script-stack.ts";
import { openWaiter, wakeAtSecondLook } from "../session/wait/waiter.ts";
import type { Waiter } from "../session/wait/waiter.ts";
import { GUEST_HOOKS, LIVE_HOOK } from "../../sdk/wire/guest-hooks.ts";
import type { LiveHooks } from "../../sdk/wire/guest-hooks.ts";
import { openLineChunks } from "./line-chunks.ts";
import { openLineStopper } from "./line-stopper.ts";

/** How a piece of guest code ended. */
export type LinesEnd =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: unknown }
  /** By Ctrl-C. */
  | { readonly kind: "interrupted" }
  /** The session is over. */
  | { readonly kind: "over"; readonly status: number };

/** The guest of a session: lines run one after the other in one context. */
export interface LiveGuest extends Closable {
  /** Runs the script that the session begins with, up to where it would wait. */
  begin(script: Script): LinesEnd;
  /** Runs lines to their end, waits included, and prints the value of the last expression. */
  run(script: Script): LinesEnd;
  /** Runs the script of a text that is attached, whose names are its own. */
  attach(script: Script): LinesEnd;
  /** Calls what the session has in the guest. */
  call(hook: "showTable" | "clearTable", ...values: readonly (string | number)[]): LinesEnd;
  /** Asks what the session has in the guest for names, as JSON; "" when it has none to give. */
  ask(hook: "listNames" | "listMembers", path?: string): string;
  /** Hands over what came, and does what is due. Answers when to ask again. Units: milliseconds. */
  idle(): { readonly end: LinesEnd; readonly nextMs: number };
  /** Runs what the script registered for its end. */
  end(): LinesEnd;
  /** The programs that were built, the oldest first. */
  readonly programs: readonly BuiltProgram[];
}

/** What runs beside a prompt must leave it usable. Units: milliseconds. */
const IDLE_BUDGET_MS = 2000;
/** How often events are looked for while nothing comes, and under a stream of them. Units: milliseconds. */
const REST_MS = 50;
const BUSY_MS = 5;
/** What end handlers get. Units: milliseconds. */
const END_BUDGET_MS = 5000;

/** Opens the guest of a session. */
export async function openLiveGuest(run: GuestRun): Promise<LiveGuest> {
  const stopper = openLineStopper(run.port);
  const lookups = run.lookups ?? openLookups(run.port);
  const chunks = openLineChunks();
  const programs: BuiltProgram[] = [];
  let sandbox: Sandbox | undefined;
  let isBeginning = false;
  let lastSignal = 0;
  const takeSignal = (): number => {
    const taken = run.port.signalTake();
    if (taken !== 0) lastSignal = taken;
    return taken;
  };
  const port = Object.create(run.port, { signalTake: { value: takeSignal } }) as KernelPort;
  const inner = openWaiter(port, undefined, {
    runJobs: () => sandbox?.runJobs().ran ?? 0,
    findTimeLeft: () => stopper.findTimeLeft(),
    ...(run.watch && { watch: run.watch }),
  });
  const waiter: Waiter = {
    waitFor(timeoutMs, sources, check) {
      if (isBeginning && timeoutMs !== 0) {
        stopper.stopHere();
        throw new InterruptedError("The session waits in the script's place");
      }
      return inner.waitFor(timeoutMs, sources, check);
    },
  };
  const bridge = openBridge(
    {
      ...run,
      port,
      build: (request) => {
        const built = run.build(request);
        programs.push(built);
        return built;
      },
      scriptName: basename(run.script.files[0] ?? "", ".ts"),
      findReadable: run.findReadable ?? (() => openFileScope(undefined, noGrants)),
      guard: run.guard ?? openGuard(new Set()),
      command: undefined,
      lab: run.lab ?? [],
      waiter,
      lookups,
      findTimeLeft: () => stopper.findTimeLeft(),
      excuse: (work) => stopper.excuse(work),
      // Who presses Ctrl-C wants the prompt back; the session goes on.
      noteBatch: () => undefined,
      stop: (reason) => stopper.stop(reason),
      renderStack: (stack) => renderFrames(mapStack(stack, chunks.script), chunks.script),
    },
    () => stopper.isStopped(),
  );
  sandbox = await (run.openSandbox ?? openSandbox)({
    limits: { ...defaultLimits, ...(run.memoryBytes !== undefined && { memoryBytes: run.memoryBytes }) },
    library: run.library,
    call: bridge.call,
    shouldStop: () => stopper.shouldStop(),
    runGuarded: (step) => run.port.runGuarded(step) === 1,
  });
  const guest = sandbox;

  /** Takes what signals have left. A second Ctrl-C ends the process at once, so each line begins without a first one. */
  const clearSignals = (): boolean => {
    takeSignal();
    const signal = lastSignal;
    lastSignal = 0;
    if (signal === 0) return false;
    if (signal !== SIGINT) stopper.stop({ kind: "exit", code: 0 });
    run.port.signalsRelease();
    run.port.signalsCatch();
    return true;
  };

  const sortEnd = (outcome: Outcome, script: Script | undefined): LinesEnd => {
    const { wasStoppedHere, wasTooLong } = stopper;
    const cuts = guest.cuts;
    stopper.begin();
    if (wasStoppedHere) guest.callHook("dropOutput" satisfies keyof LiveHooks);
    const flushed = guest.callHook("flush");
    const wasInterrupted = clearSignals();
    const { reason } = stopper;
    if (reason !== undefined) return { kind: "over", status: reason.kind === "exit" ? reason.code : 0 };
    const thrown = findThrown(outcome) ?? findThrown(flushed);
    if (guest.isBroken) {
      const error = thrown && describe(thrown, script);
      return { kind: "failed", error: error ?? new GuestLimitError("The session's memory is used up") };
    }
    if (cuts > 0 && wasInterrupted)
      run.log.warn("Ctrl-C ended one long operation, such as a sort: what it worked on may be half done");
    if (wasStoppedHere || thrown === undefined)
      return wasInterrupted && !wasStoppedHere ? { kind: "interrupted" } : { kind: "done" };
    if (wasTooLong)
      return {
        kind: "failed",
        error: new GuestLimitError(
          `What ran beside the prompt took more than ${IDLE_BUDGET_MS / 1000} s and was stopped`,
        ),
      };
    if (thrown.name === "Interrupt" || thrown.limit === "stopped") return { kind: "interrupted" };
    return { kind: "failed", error: describe(thrown, script) };
  };

  const describe = (thrown: Thrown, script: Script | undefined): unknown => {
    const error = describeGuestFailure(thrown, chunks.script, (id) => bridge.findError(id));
    return script === undefined ? error : quoteLines(error, script.scope);
  };

  /** Runs promises, timers and events until the lines are done; undefined when they are left to go on beside the prompt. */
  const settle = (lines: GuestLines): Outcome | undefined => {
    for (;;) {
      const { outcome } = guest.runJobs();
      if (outcome.kind === "thrown") return outcome;
      const state = lines.check();
      if (state !== undefined) return state;
      const turn = guest.callHook("idle" satisfies keyof LiveHooks);
      if (turn.kind === "thrown") return turn;
      if (guest.haveJobs()) continue;
      if (isBeginning) return undefined;
      const { timerMs, events, haveRings } = turn.value as ReturnType<LiveHooks["idle"]>;
      if (timerMs === undefined && !events && !haveRings) {
        run.log.warn("The line waits for a promise that nothing can settle");
        return undefined;
      }
      try {
        inner.waitFor(Math.min(timerMs ?? REST_MS, REST_MS), events ? waitSources.rings : 0, wakeAtSecondLook());
      } catch (error) {
        if (!(error instanceof InterruptedError)) throw error;
        const told = guest.callHook("interrupt");
        if (told.kind !== "done" || told.value !== true) return undefined;
      }
    }
  };

  const runLines = (script: Script, isApart: boolean, prints: boolean): LinesEnd => {
    stopper.begin();
    const code = chunks.add(script, isApart);
    const lines = guest.runLines(code, bundleName, /\bawait\b/.test(script.code));
    const outcome = settle(lines) ?? done;
    const shown =
      prints && outcome.kind === "done" && lines.check() !== undefined ? lines.handValue(showValue) : outcome;
    const end = sortEnd(shown, script);
    if (lines.check() !== undefined) lines.close();
    return end;
  };

  const callText = (code: string): LinesEnd => {
    stopper.begin();
    const lines = guest.runLines(code, bundleName, false);
    const end = sortEnd(lines.check() ?? done, undefined);
    lines.close();
    return end;
  };

  return {
    programs,
    begin(script) {
      const started = [
        guest.callHook("start"),
        guest.callHook(LIVE_HOOK),
        guest.evaluate(`import * as sdk from "bpfts"; globalThis.${GUEST_HOOKS}.begin(sdk);`, bundleName),
        guest.runJobs().outcome,
        guest.checkModule() ?? done,
      ].find(({ kind }) => kind === "thrown");
      if (started !== undefined) return sortEnd(started, undefined);
      isBeginning = true;
      const end = runLines(script, false, false);
      isBeginning = false;
      return end;
    },
    run: (script) => runLines(script, false, true),
    attach: (script) => runLines(script, true, false),
    call: (hook, ...values) =>
      callText(`globalThis.${GUEST_HOOKS}.${hook}(${values.map((value) => JSON.stringify(value)).join()})`),
    ask(hook, path = "") {
      stopper.begin(IDLE_BUDGET_MS);
      const lines = guest.runLines(JSON.stringify(path), bundleName, false);
      const outcome = lines.handValue(hook);
      lines.close();
      stopper.begin();
      return outcome.kind === "done" && typeof outcome.value === "string" ? outcome.value : "";
    },
    idle() {
      stopper.begin(IDLE_BUDGET_MS);
      const jobs = guest.runJobs();
      const turn = jobs.outcome.kind === "thrown" ? jobs.outcome : guest.callHook("idle" satisfies keyof LiveHooks);
      const end = sortEnd(turn, undefined);
      if (turn.kind === "thrown") return { end, nextMs: REST_MS };
      const { timerMs, isBusy } = turn.value as ReturnType<LiveHooks["idle"]>;
      const restMs = isBusy || jobs.ran > 0 || guest.haveJobs() ? BUSY_MS : REST_MS;
      return { end, nextMs: Math.min(timerMs ?? REST_MS, restMs) };
    },
    end() {
      stopper.beginEnd(END_BUDGET_MS);
      const end = guest.callHook("end");
      const jobs = guest.runJobs().outcome;
      const result = sortEnd([end, jobs].find(({ kind }) => kind === "thrown") ?? done, undefined);
      bridge.reportLosses();
      return result;
    },
    close() {
      bridge.close();
      lookups.close();
      guest.close();
    },
  };
}

const SIGINT = 2;
const showValue = "showValue" satisfies keyof LiveHooks;
const done: Outcome = { kind: "done", value: undefined };

function findThrown(outcome: Outcome): Thrown | undefined {
  return outcome.kind === "thrown" ? outcome.thrown : undefined;
}
