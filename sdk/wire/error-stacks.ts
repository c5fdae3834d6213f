import { ANSWER_MARK, HOST_FUNCTION } from "./protocol.ts";

/**
 * `error.stack` in the script's own files. QuickJS writes a stack when an error is made, with places in the bundle; an error that is made by a constructor
 * gets them mapped when somebody reads them, as V8 writes them. Errors that the engine itself throws keep the engine's text; `readStack` maps that, too.
 */
type RawCall = (name: string, argument: string) => unknown;
type ErrorConstructorLike = new (...values: unknown[]) => Error;

const names = [
  "Error",
  "AggregateError",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
] as const;

/** The lines of a stack that stand in the script's files; the engine's own where the host cannot tell. */
function renderFrames(raw: string): string {
  const call = (globalThis as Record<string, unknown>)[HOST_FUNCTION] as RawCall;
  const answer = call("render_stack", JSON.stringify({ stack: raw }));
  if (typeof answer !== "string" || answer[0] !== ANSWER_MARK) return raw.trimEnd();
  return (JSON.parse(answer.slice(1)) as string[]).join("\n");
}

function render(error: Error, raw: string): string {
  const frames = renderFrames(raw);
  const heading = error.message === "" ? error.name : `${error.name}: ${error.message}`;
  return frames === "" ? heading : `${heading}\n${frames}`;
}

/** Whether a stack is as QuickJS wrote it: without a heading. */
const isRaw = (stack: string): boolean => /^ {4}at /.test(stack);

/** The stack of any error, mapped; "" for none. */
export function readStack(error: Error): string {
  const { stack } = error as { readonly stack?: unknown };
  if (typeof stack !== "string") return "";
  return isRaw(stack) ? render(error, stack) : stack;
}

/** The stack that a getter will map. */
const RAW = Symbol("raw");
type LazyGetter = (() => string) & { readonly [RAW]: string };

function defineStack(error: Error, value: unknown): void {
  Object.defineProperty(error, "stack", { value, writable: true, configurable: true, enumerable: false });
}

function defineLazily(error: Error, raw: string): void {
  const get = (): string => {
    const stack = render(error, raw);
    // A frozen error is read anew each time.
    if (Object.isExtensible(error)) defineStack(error, stack);
    return stack;
  };
  Object.defineProperty(error, "stack", {
    configurable: true,
    enumerable: false,
    get: Object.assign(get, { [RAW]: raw }),
    set: (value: unknown) => defineStack(error, value),
  });
}

function mapLazily(error: Error): Error {
  const raw = error.stack;
  if (raw !== undefined) defineLazily(error, raw);
  return error;
}

/**
 * Calls `resume`, which throws `error` into a function that waits for a promise, and puts the place of that `await` behind the error's stack. The engine writes
 * a stack where an error without one is thrown: so it is asked for the place when something fails, and never else. Meanwhile the error has no other stack;
 * the function must not catch it.
 */
export function traceAwait<Result>(error: unknown, resume: () => Result): Result {
  const stack = error instanceof Error ? Object.getOwnPropertyDescriptor(error, "stack") : undefined;
  if (stack?.configurable !== true || !Object.isExtensible(error)) return resume();
  const traced = error as Error;
  delete traced.stack;
  try {
    return resume();
  } finally {
    const place = /^ {4}at .*?(\([^()]+:\d+:\d+\))/.exec(traced.stack ?? "")?.[1];
    Object.defineProperty(traced, "stack", stack);
    if (place !== undefined) addFrame(traced, stack, `    at async ${place}\n`);
  }
}

function addFrame(error: Error, { get, value }: PropertyDescriptor, frame: string): void {
  const raw = get === undefined ? value : (get as Partial<LazyGetter>)[RAW];
  if (typeof raw !== "string") return;
  if (get !== undefined) defineLazily(error, raw + frame);
  else if (isRaw(raw)) defineStack(error, raw + frame);
  // Somebody has read it, or wrote one of his own.
  else if (raw.includes("\n    at ")) defineStack(error, `${raw}\n${renderFrames(frame)}`.trimEnd());
}

function mapStacks(): void {
  let base: object | undefined;
  for (const name of names) {
    const Native = globalThis[name] as ErrorConstructorLike;
    const Mapped = function (...values: unknown[]): Error {
      const target = new.target === undefined || new.target === (Mapped as unknown) ? Native : new.target;
      return mapLazily(Reflect.construct(Native, values, target) as Error);
    };
    Object.setPrototypeOf(Mapped, base ?? Native);
    base ??= Mapped;
    Object.defineProperties(Mapped, {
      name: { value: name, configurable: true },
      length: { value: Native.length, configurable: true },
      prototype: { value: Native.prototype, writable: false },
    });
    const fixed = { value: Mapped, writable: true, configurable: true, enumerable: false };
    Object.defineProperty(Native.prototype, "constructor", fixed);
    Object.defineProperty(globalThis, name, fixed);
  }
}

if (typeof (globalThis as Record<string, unknown>)[HOST_FUNCTION] === "function") mapStacks();
