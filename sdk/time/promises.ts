import { Interrupt } from "../wire/errors.ts";

/**
 * Promises whose rejection is not lost. QuickJS tells nobody when a promise is rejected that nobody handles, so scripts get a `Promise` whose promises
 * say so themselves; the host rewrites async functions so that theirs are of that kind, too (`runtime/script/lower-async.ts`).
 */
const Native = Promise;
const nativeThen = Native.prototype.then;
type Executor = ConstructorParameters<typeof Promise<unknown>>[0];

/** Set while nobody has asked for a promise's end. */
const UNHEARD = Symbol("unheard");
interface Watched extends Promise<unknown> {
  [UNHEARD]?: boolean;
}

/** Rejected, and nobody has asked yet. */
const unhandled = new Map<Watched, unknown>();

function watch(promise: Watched): Watched {
  promise[UNHEARD] = true;
  nativeThen.call(promise, undefined, (error: unknown) => {
    if (promise[UNHEARD] === true) unhandled.set(promise, error);
  });
  return promise;
}

function then(this: Watched, onValue?: () => unknown, onError?: () => unknown): Promise<unknown> {
  if (this[UNHEARD] === true) {
    this[UNHEARD] = false;
    unhandled.delete(this);
  }
  const next = nativeThen.call(this, onValue, onError);
  // Who takes both ends has handled it. So does every `await`, whose own promise would cost as much again.
  return typeof onValue === "function" && typeof onError === "function" ? next : watch(next);
}

function WatchedPromise(executor: Executor): Promise<unknown> {
  if (new.target === undefined) throw new TypeError("Promise must be called with new");
  return watch(
    Reflect.construct(Native, [executor], new.target === (WatchedPromise as unknown) ? Native : new.target) as Watched,
  );
}

/** Gives the script the `Promise` that is watched. */
export function watchPromises(): void {
  const fixed = { configurable: true, writable: true, enumerable: false };
  Object.setPrototypeOf(WatchedPromise, Native);
  for (const name of ["all", "allSettled", "any", "race", "reject"] as const) {
    const native = Native[name] as (this: typeof Promise, argument: unknown) => Watched;
    Object.defineProperty(WatchedPromise, name, {
      ...fixed,
      value: (argument: unknown) => watch(native.call(Native, argument)),
    });
  }
  Object.defineProperty(WatchedPromise, "resolve", { ...fixed, value: Native.resolve.bind(Native) });
  Object.defineProperty(WatchedPromise, "name", { value: "Promise" });
  Object.defineProperty(WatchedPromise, "prototype", { value: Native.prototype, writable: false });
  Object.defineProperty(Native.prototype, "then", { ...fixed, value: then });
  const nativeFinally = Native.prototype.finally;
  Object.defineProperty(Native.prototype, "finally", {
    ...fixed,
    value(this: Watched, handler?: () => void) {
      return watch(nativeFinally.call(this, handler));
    },
  });
  Object.defineProperty(globalThis, "Promise", { ...fixed, value: WatchedPromise });
}

/** Runs a function once what runs now is done, before any timer. What it throws ends the script. */
export function queueMicrotask(run: () => unknown): void {
  if (typeof run !== "function") throw new TypeError("queueMicrotask() takes a function");
  void watch(nativeThen.call(Native.resolve(), () => void run()) as Watched);
}

/** Throws the first rejection that nobody has handled by now. */
export function throwUnhandled(): void {
  if (unhandled.size === 0) return;
  for (const [promise, error] of unhandled) {
    unhandled.delete(promise);
    // A call that blocked has thrown it.
    if (!(error instanceof Interrupt && error.isDelivered)) throw error;
  }
}
