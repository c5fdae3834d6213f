import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from "quickjs-emscripten-core";
import { InternalError, InterruptedError } from "../base/errors.ts";
import type { Closable } from "../base/scope.ts";
import { GUEST_HOOKS } from "../../sdk/wire/guest-hooks.ts";
import { HOST_FUNCTION } from "../../sdk/wire/protocol.ts";
import { captureImage, copyPages, restoreImage } from "../engine/image.ts";
import type { GuestImage, WasmMemory } from "../engine/image.ts";
import { installCall } from "../engine/install-call.ts";
import type { HostCall } from "../engine/install-call.ts";
import type { MachineCodeStore } from "../engine/machine-code.ts";
import type { EngineTrick } from "../engine/tricks.ts";
import { describeThrown } from "./describe-thrown.ts";
import type { Thrown } from "./describe-thrown.ts";
import { loadQuickJs } from "./load-quickjs.ts";

/** What a guest may use up. */
export interface SandboxLimits {
  /** Units: bytes of Wasm memory, everything included. */
  readonly memoryBytes: number;
  /** Units: bytes of QuickJS's stack. More than 256 KiB overflows the host's own stack first. */
  readonly stackBytes: number;
}

export const defaultLimits: SandboxLimits = { memoryBytes: 64 * 1024 * 1024, stackBytes: 256 * 1024 };

/** A module that is there before the script and that it imports by name. */
export interface GuestLibrary {
  readonly name: string;
  readonly readCode: () => Promise<string>;
  /** Where an image of the guest with the library in it is kept between runs. */
  readonly images?: { find(): GuestImage | undefined; write(image: GuestImage): void };
  /** Where the machine code of QuickJS is kept between runs. */
  readonly machineCode?: MachineCodeStore;
}

export interface SandboxOptions {
  readonly library?: GuestLibrary;
  readonly limits: SandboxLimits;
  readonly call: HostCall;
  /** Calls a function and answers whether it was ended from outside: QuickJS does not ask `shouldStop` within one of its own long operations. */
  readonly runGuarded?: (run: () => void) => boolean;
  /** Asked every few thousand operations of the guest: true stops it, and nothing in the guest can catch that. */
  readonly shouldStop: () => boolean;
  /** What the sandbox leaves out of the tricks that make it quicker; nothing unless given. */
  readonly without?: ReadonlySet<EngineTrick>;
}

/** How a stretch of guest code ended. */
export type Outcome =
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "thrown"; readonly thrown: Thrown };

/** A QuickJS that runs one script. No API of Node's is in it; what the guest can reach is `call`. */
export interface Sandbox extends Closable {
  /** Runs a module up to its first `await`, or its end. */
  evaluate(code: string, name: string): Outcome;
  /** How the module that was evaluated stands: still waiting in an `await`, done, or thrown. */
  checkModule(): Outcome | undefined;
  /** Whether promises have something to run. */
  haveJobs(): boolean;
  /** Runs promise jobs until there are none. Answers how many ran. */
  runJobs(): { readonly ran: number; readonly outcome: Outcome };
  /** Calls one of the guest's hooks; one that the script does not have answers undefined. */
  callHook(name: string): Outcome;
  /** Runs lines as a script, whose declarations are there for the next one. `waits` says that an `await` of it may wait. */
  runLines(code: string, name: string, waits: boolean): GuestLines;
  /** Whether Wasm itself has failed: no more guest code runs. */
  readonly isBroken: boolean;
  /** How often guest code was ended from outside within an operation of the engine, which may have left anything half done. */
  readonly cuts: number;
  /** Units: bytes of Wasm memory now. It never shrinks. */
  readonly memoryBytes: number;
}

/** Lines that were run. Owner: the caller closes them. */
export interface GuestLines extends Closable {
  /** How they stand: still waiting, done, or thrown. */
  check(): Outcome | undefined;
  /** Calls one of the guest's hooks with the value of the last expression, once they are done. */
  handValue(hook: string): Outcome;
}

const done: Outcome = { kind: "done", value: undefined };

/** Opens a sandbox. Owner: the caller closes it. */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const without = options.without ?? new Set();
  const { module, memory, keepCode } = await loadQuickJs(
    options.limits.memoryBytes,
    without,
    options.library?.machineCode,
  );
  const runtime = module.newRuntime({
    maxStackSizeBytes: options.limits.stackBytes,
    interruptHandler: options.shouldStop,
  });
  const context = runtime.newContext();
  const sandbox = new QuickJsSandbox(runtime, context, memory, options, keepCode);
  installCall(context, HOST_FUNCTION, sandbox.countCalls(options.call), without);
  if (options.library !== undefined) {
    const { images, ...library } = options.library;
    const keepsImages = images !== undefined && !without.has("image");
    await installLibrary(sandbox, memory, { ...library, ...(keepsImages && { images }) });
  }
  return sandbox;
}

/** What the host holds of the guest is the same with an image and without: the same calls in the same order came before. */
async function installLibrary(
  sandbox: QuickJsSandbox,
  memory: WasmMemory,
  { name, readCode, images }: GuestLibrary,
): Promise<void> {
  const image = images?.find();
  if (image !== undefined && restoreImage(memory, image)) return;
  const code = await readCode();
  const before = images === undefined ? undefined : copyPages(memory);
  sandbox.evaluateLibrary(code, name);
  if (before !== undefined) images!.write(captureImage(memory, before));
}

const EVAL_ASYNC = 1 << 7;

class QuickJsSandbox implements Sandbox {
  private readonly runtime: QuickJSRuntime;
  private readonly context: QuickJSContext;
  private readonly memory: WasmMemory;
  private readonly options: SandboxOptions;
  private readonly keepCode: () => void;
  /** Guest code that is under way, each within a call of the host's that the one before it made. */
  private runs = 0;
  private calls = 0;
  cuts = 0;
  private module: QuickJSHandle | undefined;
  private broken: Thrown | undefined;
  private closed = false;

  constructor(
    runtime: QuickJSRuntime,
    context: QuickJSContext,
    memory: WasmMemory,
    options: SandboxOptions,
    keepCode: () => void,
  ) {
    this.runtime = runtime;
    this.context = context;
    this.memory = memory;
    this.options = options;
    this.keepCode = keepCode;
  }

  get memoryBytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** Keeps count of the calls that the guest waits for. */
  countCalls(call: HostCall): HostCall {
    return (name, argument, bytes) => {
      this.calls++;
      const answer = call(name, argument, bytes);
      this.calls--;
      return answer;
    };
  }

  evaluateLibrary(code: string, name: string): void {
    const outcome = this.evaluate(code, name);
    const jobs = this.runJobs().outcome;
    const failed = [outcome, jobs, this.checkModule() ?? done].find(({ kind }) => kind === "thrown");
    if (failed?.kind === "thrown" && failed.thrown.limit === "stopped")
      throw new InterruptedError("A signal came before the script began");
    if (failed?.kind === "thrown")
      throw new InternalError(`The sandbox's library failed: ${failed.thrown.message}`, {
        detail: failed.thrown.stack,
      });
    if (this.module?.alive === true) this.module.dispose();
    this.module = undefined;
  }

  evaluate(code: string, name: string): Outcome {
    return this.guard(() => {
      const result = this.context.evalCode(code, name, { type: "module" });
      if (result.error !== undefined) return this.fail(result.error);
      this.module = result.value;
      return done;
    });
  }

  checkModule(): Outcome | undefined {
    if (this.module === undefined) return done;
    const state = this.context.getPromiseState(this.module);
    if (state.type === "pending") return undefined;
    if (state.type === "rejected") return this.fail(state.error);
    // A module without a pending promise is its own exports, which the host has no use for.
    if (state.notAPromise !== true) state.value.dispose();
    return done;
  }

  haveJobs(): boolean {
    return this.broken === undefined && this.runtime.hasPendingJob();
  }

  runJobs(): { ran: number; outcome: Outcome } {
    // Asked before every wait: to look costs a fifth of running none.
    if (this.broken === undefined && !this.runtime.hasPendingJob()) return { ran: 0, outcome: done };
    let ran = 0;
    const outcome = this.guard(() => {
      const result = this.runtime.executePendingJobs();
      if (result.error !== undefined) return this.fail(result.error);
      ran = result.value;
      return done;
    });
    return { ran, outcome };
  }

  callHook(name: string, ...values: readonly QuickJSHandle[]): Outcome {
    return this.guard(() => {
      const hooks = this.context.getProp(this.context.global, GUEST_HOOKS);
      if (this.context.typeof(hooks) !== "object") {
        hooks.dispose();
        return done;
      }
      const hook = this.context.getProp(hooks, name);
      const result = this.context.callFunction(hook, hooks, ...values);
      hook.dispose();
      hooks.dispose();
      if (result.error !== undefined) return this.fail(result.error);
      const value: unknown = this.context.dump(result.value);
      result.value.dispose();
      return { kind: "done", value };
    });
  }

  runLines(code: string, name: string, waits: boolean): GuestLines {
    let result: QuickJSHandle | undefined;
    const ended = this.guard(() => {
      // Source: JS_EVAL_TYPE_GLOBAL, and JS_EVAL_FLAG_ASYNC in quickjs.h: a promise of an object whose `value` is that of the script.
      const evaluated = this.context.evalCode(code, name, (waits ? EVAL_ASYNC : 0) as never);
      if (evaluated.error !== undefined) return this.fail(evaluated.error);
      result = evaluated.value;
      return done;
    });
    const close = (): void => {
      if (result?.alive === true && this.broken === undefined) result.dispose();
    };
    const readState = (): { outcome: Outcome; value?: QuickJSHandle } | undefined => {
      if (ended.kind === "thrown" || result === undefined) return { outcome: ended };
      if (this.broken !== undefined) return { outcome: { kind: "thrown", thrown: this.broken } };
      if (!waits) return { outcome: done, value: result };
      const state = this.context.getPromiseState(result);
      if (state.type === "pending") return undefined;
      if (state.type === "rejected") return { outcome: this.fail(state.error) };
      return { outcome: done, value: this.context.getProp(state.value, "value") };
    };
    return {
      check: () => readState()?.outcome,
      handValue: (hook) => {
        const value = readState()?.value;
        return value === undefined ? done : this.callHook(hook, value);
      },
      close,
    };
  }

  get isBroken(): boolean {
    return this.broken !== undefined;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    // A guest whose Wasm trapped cannot be taken down in order; its memory goes with the module.
    if (this.broken !== undefined) return;
    this.keepCode();
    try {
      if (this.module?.alive === true) this.module.dispose();
      this.context.dispose();
      this.runtime.dispose();
    } catch {
      // QuickJS asserts that everything was freed, which does not hold after it ran out of memory.
    }
  }

  private fail(error: QuickJSHandle): Outcome {
    const thrown = describeThrown(this.context, error, this.isFull());
    if (error.alive) error.dispose();
    return { kind: "thrown", thrown };
  }

  /** Runs guest code. What comes out as a host exception is the Wasm itself failing: then no more of it may run. */
  private guard(run: () => Outcome): Outcome {
    if (this.broken !== undefined) return { kind: "thrown", thrown: this.broken };
    const { runGuarded } = this.options;
    if (runGuarded === undefined || this.runs > 0) {
      this.runs++;
      const outcome = this.runOrBreak(run);
      this.runs--;
      return outcome;
    }
    this.runs = 1;
    this.calls = 0;
    let outcome: Outcome | undefined;
    const wasEnded = runGuarded(() => {
      outcome = this.runOrBreak(run);
    });
    const isWithinGuest = this.runs > this.calls;
    this.runs = 0;
    if (!wasEnded && outcome !== undefined) return outcome;
    // A call of the host's that was ended has left the guest as any call does.
    if (isWithinGuest) this.cuts++;
    return { kind: "thrown", thrown: makeThrown("stopped", "interrupted") };
  }

  private runOrBreak(run: () => Outcome): Outcome {
    try {
      return run();
    } catch (error) {
      const limit =
        error instanceof RangeError && /call stack/i.test(error.message)
          ? "stack"
          : this.isFull()
            ? "memory"
            : undefined;
      this.broken = makeThrown(limit, error instanceof Error ? error.message : String(error));
      return { kind: "thrown", thrown: this.broken };
    }
  }

  /** Whether the next large piece of memory would not fit: then an error without a name is an out of memory that had no room to say so. */
  private isFull(): boolean {
    return this.memory.buffer.byteLength >= this.options.limits.memoryBytes * 0.75;
  }
}

function makeThrown(limit: Thrown["limit"], message: string): Thrown {
  return {
    limit,
    name: "InternalError",
    message,
    stack: "",
    code: undefined,
    hint: undefined,
    hostErrorId: undefined,
    reason: undefined,
    related: [],
  };
}
