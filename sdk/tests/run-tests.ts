import { requireFunction, requireOptions, requireText } from "../checks/check-options.ts";
import { flush } from "../print/output.ts";
import { renderValue } from "../print/render-value.ts";
import { setTimeout } from "../time/timers.ts";
import { readStack } from "../wire/error-stacks.ts";
import { BpfError, Interrupt, makeArgumentError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import type { ReplayOptions, ReplayedRun, TestOptions } from "./test-shapes.ts";
import type { TestFailure } from "../wire/test-calls.ts";

interface DeclaredTest {
  readonly number: number;
  readonly run: () => unknown;
}

const queue: DeclaredTest[] = [];
let isRunning = false;
let isInside = false;

/** Declares a test; tests run one after the other, when the file has come to its end or waits. */
export function declareTest(name: unknown, options: unknown, run: unknown): void {
  requireText("test()", "its name first", name);
  if (name === "") throw makeArgumentError("test() takes a name that says something");
  requireFunction("test()", "what it does last", run);
  requireOptions("test()", options, ["skip", "root"]);
  if (isInside)
    throw makeArgumentError(
      `test(${renderValue(name, { depth: 1 })}) stands within another test`,
      "declare it behind that one",
    );
  const { skip = false, root = false } = options as TestOptions;
  const declared = callHost("note_test", {
    kind: "declare",
    name: name as string,
    stack: readStack(new Error()),
    skip: typeof skip === "string" ? skip : skip ? "" : null,
    root,
  });
  if (!declared.runs) return;
  queue.push({ number: declared.test, run: run as () => unknown });
  if (isRunning) return;
  isRunning = true;
  setTimeout(runNext, 0);
}

function runNext(): void {
  const next = queue.shift();
  if (next === undefined) {
    isRunning = false;
    return;
  }
  const { number, run } = next;
  const end = (failure: TestFailure | null): void => {
    isInside = false;
    flush();
    callHost("note_test", { kind: "end", test: number, failure });
    setTimeout(runNext, 0);
  };
  const fail = (error: unknown): void => end(describeFailure(error));
  flush();
  callHost("note_test", { kind: "begin", test: number });
  isInside = true;
  try {
    const answer = run();
    if (typeof (answer as PromiseLike<unknown> | undefined)?.then !== "function") end(null);
    else (answer as PromiseLike<unknown>).then(() => end(null), fail);
  } catch (error) {
    fail(error);
  }
}

function describeFailure(error: unknown): TestFailure {
  const isInterrupt = error instanceof Interrupt;
  if (!(error instanceof Error))
    return {
      message: `it threw ${renderValue(error, { depth: 1 })}`,
      stack: "",
      location: null,
      hint: null,
      diff: [],
      isInterrupt,
    };
  const { diff } = error as { readonly diff?: unknown };
  return {
    message: diff === undefined && !(error instanceof BpfError) ? `${error.name}: ${error.message}` : error.message,
    stack: readStack(error),
    location: error instanceof BpfError ? (error.location ?? null) : null,
    hint: error instanceof BpfError ? (error.hint ?? null) : null,
    diff: Array.isArray(diff) ? (diff as readonly string[]) : [],
    isInterrupt,
  };
}

/** Runs a script on a recording. */
export function replayScript(recording: unknown, options: unknown): ReplayedRun {
  requireText("replay()", "the recording's path first", recording);
  requireOptions("replay()", options, ["script", "args"]);
  const { script, args } = options as ReplayOptions;
  if (script !== undefined) requireText("replay()", "script", script);
  if (args !== undefined && !(Array.isArray(args) && args.every((arg) => typeof arg === "string")))
    throw makeArgumentError("replay() takes args as a list of texts", 'for example: { args: ["--top", "5"] }');
  flush();
  const reply = callHost("replay_script", {
    recording: recording as string,
    script: script ?? null,
    args: args ?? null,
  });
  const records = reply.records
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  const isRow = ({ type }: Readonly<Record<string, unknown>>): boolean => type === "row" || type === "event";
  return {
    status: reply.status,
    output: reply.output,
    errors: reply.errors,
    records,
    rows: records.filter(isRow).map(({ data }) => data as Readonly<Record<string, unknown>>),
  };
}
