import { BpftsError, InterruptedError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { readClock } from "../base/clock.ts";
import { openAddon } from "../kernel/door/addon.ts";
import { openGuard } from "../permit/guard.ts";
import type { FileGrants } from "../script/file-scope.ts";
import type { Script } from "../script/read-script.ts";
import type { TestTarget } from "../session/bridge/bridge-state.ts";
import { runScript } from "../session/run/session.ts";
import type { TestFailure, TestNote } from "../../sdk/wire/test-calls.ts";
import { spawnReplay } from "./spawn-replay.ts";
import type { Failure, FileResult, TestResult } from "./test-results.ts";

/** How files of tests are run. */
export interface TestSettings {
  /** Chooses tests by their names; all when absent. */
  readonly pattern?: RegExp;
  /** What a test may take. Units: milliseconds. */
  readonly timeoutMs: number;
  readonly memoryBytes: number;
  readonly grants: FileGrants;
  /** The same as another bpfts takes them. */
  readonly grantOptions: readonly string[];
  /** Where what the file prints goes; standard output unless given. */
  readonly output?: number;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Told of each result when it is there. */
  readonly tell: (result: TestResult) => void;
}

interface Declared {
  readonly name: string;
  readonly stack: string;
}

/** Runs the tests of one file in a sandbox of its own. What the file does wrong is in the result. */
export async function runTestFile(file: string, settings: TestSettings): Promise<FileResult> {
  const state = new FileState(settings);
  let thrown: unknown;
  let status = 0;
  try {
    status = await runScript({
      script: file,
      args: [],
      memoryBytes: settings.memoryBytes,
      log: settings.log,
      environment: settings.environment,
      grants: settings.grants,
      attaches: true,
      guard: openGuard(new Set()),
      verifierLog: false,
      openTests: (script) => state.open(script),
      ...(settings.output !== undefined && { output: settings.output }),
    });
  } catch (error) {
    thrown = error;
  }
  openAddon().signalAfter(0);
  return state.finish(file, thrown, status);
}

class FileState {
  private readonly declared: Declared[] = [];
  private readonly results: TestResult[] = [];
  private readonly waiting = new Set<number>();
  private running: { readonly test: number; readonly beganMs: number } | undefined;
  private script: Script | undefined;
  private unchosen = 0;
  private isInterrupted = false;

  constructor(private readonly settings: TestSettings) {}

  open(script: Script): TestTarget {
    this.script = script;
    return {
      note: (note) => this.note(note),
      replay: (argument) =>
        spawnReplay(script, argument, {
          grants: this.settings.grantOptions,
          memoryBytes: this.settings.memoryBytes,
          findTimeLeft: () =>
            this.running === undefined
              ? this.settings.timeoutMs
              : this.running.beganMs + this.settings.timeoutMs - readClock(),
        }),
    };
  }

  private note(note: TestNote): { readonly test: number; readonly runs: boolean } {
    if (note.kind === "declare") return this.declare(note);
    const { test } = note;
    if (note.kind === "begin") {
      this.running = { test, beganMs: readClock() };
      openAddon().signalAfter(this.settings.timeoutMs);
    } else {
      openAddon().signalAfter(0);
      // The end of its time is this test's alone.
      if (this.isLate) openAddon().signalTake();
      this.end(note.failure === null ? undefined : this.describe(note.failure));
      if (this.isInterrupted) throw new InterruptedError("The tests are being ended");
    }
    return { test, runs: true };
  }

  private declare({ name, stack, skip, root }: TestNote & { readonly kind: "declare" }): {
    readonly test: number;
    readonly runs: boolean;
  } {
    const test = this.declared.push({ name, stack });
    const { pattern } = this.settings;
    if (pattern !== undefined && !pattern.test(name)) {
      this.unchosen++;
      return { test, runs: false };
    }
    const reason = skip ?? (root && process.geteuid!() !== 0 ? "needs root" : undefined);
    if (reason !== undefined) this.add({ name, status: "skipped", durationMs: 0, ...(reason !== "" && { reason }) });
    else this.waiting.add(test);
    return { test, runs: reason === undefined };
  }

  private end(failure: Failure | undefined): void {
    const { running } = this;
    if (running === undefined) return;
    this.running = undefined;
    this.waiting.delete(running.test);
    this.add({
      name: this.declared[running.test - 1]!.name,
      status: failure === undefined ? "passed" : "failed",
      durationMs: readClock() - running.beganMs,
      ...(failure && { failure }),
    });
  }

  private add(result: TestResult): void {
    this.results.push(result);
    this.settings.tell(result);
  }

  private get isLate(): boolean {
    return this.running !== undefined && readClock() - this.running.beganMs >= this.settings.timeoutMs;
  }

  private describe({ message, stack, location: own, hint, diff, isInterrupt }: TestFailure): Failure {
    if (isInterrupt && !this.isLate) this.isInterrupted = true;
    const told = isInterrupt ? this.describeEnd() : { message, ...(hint !== null && { hint }) };
    const location = own ?? findPlace(stack);
    const lineText = location && this.script?.scope.findLine(location);
    return {
      ...told,
      diff,
      ...(location && { location: { ...location, ...(lineText !== undefined && { lineText }) } }),
    };
  }

  private describeEnd(): { readonly message: string; readonly hint?: string } {
    if (!this.isLate) return { message: "Ctrl-C ended it" };
    return {
      message: `it took longer than ${this.settings.timeoutMs / 1000} s`,
      hint: "give tests more time: --timeout SECONDS",
    };
  }

  /** What is left when the file has come to its end. */
  finish(file: string, thrown: unknown, status: number): FileResult {
    const failure = thrown === undefined ? undefined : describeThrown(thrown);
    if (this.running !== undefined) {
      const { stack } = this.declared[this.running.test - 1]!;
      const plain = (message: string): Failure =>
        this.describe({ message, stack, location: null, hint: null, diff: [], isInterrupt: false });
      if (this.isLate) this.end({ ...plain(""), ...this.describeEnd() });
      else if (failure !== undefined) this.end(failure);
      else this.end(plain(status === 0 ? unknownEnd : `it ended the file by exit(${status})`));
    }
    const left = [...this.waiting].map((test) => this.declared[test - 1]!.name);
    for (const name of left)
      this.add({
        name,
        status: "failed",
        durationMs: 0,
        failure: { message: "it did not run: the file ended before", diff: [] },
      });
    const isEmpty = this.declared.length === 0 && failure === undefined;
    const own = this.results.some((result) => result.failure === failure) ? undefined : failure;
    return {
      file,
      results: this.results,
      unchosen: this.unchosen,
      isInterrupted: this.isInterrupted,
      ...(own && { failure: own }),
      ...(isEmpty && {
        failure: { message: "it has no tests", hint: 'declare one: test("what holds", () => { … })', diff: [] },
      }),
    };
  }
}

const unknownEnd = "the file ended before it: it waits for a promise that nothing settles, or calls exit()";

function describeThrown(thrown: unknown): Failure {
  if (!(thrown instanceof BpftsError)) throw thrown;
  return {
    message: thrown.message,
    diff: [],
    ...(thrown.hint !== undefined && { hint: thrown.hint }),
    ...(thrown.location && { location: thrown.location }),
  };
}

/** The innermost place of a stack in the script's files. */
function findPlace(
  stack: string,
): { readonly file: string; readonly line: number; readonly column: number } | undefined {
  for (const line of stack.split("\n")) {
    const found = /^\s*at (?:.*\()?(\/.*?):(\d+):(\d+)\)?$/.exec(line);
    if (found !== null && !found[1]!.includes("/node_modules/"))
      return { file: found[1]!, line: Number(found[2]), column: Number(found[3]) };
  }
  return undefined;
}
