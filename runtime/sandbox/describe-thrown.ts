import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten-core";
import { GUEST_HOOKS } from "../../sdk/wire/guest-hooks.ts";

/** What a guest threw, as data. */
export interface Thrown {
  /** Set when the sandbox stopped the guest, or a limit of it was hit. */
  readonly limit: "memory" | "stack" | "stopped" | undefined;
  /** The error's class; the type of what was thrown when it is no error. */
  readonly name: string;
  readonly message: string;
  /** QuickJS's own lines, `    at f (name:line:column)`, places in the bundle. */
  readonly stack: string;
  /** `code`, `hint` and `hostErrorId` of the SDK's errors. */
  readonly code: string | undefined;
  readonly hint: string | undefined;
  readonly hostErrorId: number | undefined;
  /** `reason` of the SDK's `Interrupt`. */
  readonly reason: string | undefined;
  /** Its cause, and the errors of an AggregateError. */
  readonly related: readonly { readonly label: string; readonly thrown: Thrown }[];
}

/** How deep causes are followed, and how many errors of one are looked at. */
const MAX_DEPTH = 6;
const MAX_ERRORS = 10;

/** Reads what was thrown. `full` says that the memory is used up, where QuickJS throws null instead of an error. */
export function describeThrown(context: QuickJSContext, error: QuickJSHandle, full: boolean, depth = 0): Thrown {
  const type = context.typeof(error);
  if (type !== "object" || context.eq(error, context.null)) return describePrimitive(context, error, type, full);
  const ownName = readText(context, error, "name");
  // Nobody shows the stack of the usual end, and reading it makes the SDK map it: a twentieth of a short run's work in the guest.
  const stack = ownName === "Interrupt" ? "" : readText(context, error, "stack");
  // Where memory ran out there may have been none for a stack.
  const isError = stack !== undefined || ownName === "InternalError";
  const name = isError ? (ownName ?? "Error") : type;
  const message = isError ? (readText(context, error, "message") ?? "") : renderObject(context, error);
  const id = readProperty(context, error, "hostErrorId");
  return {
    limit: findLimit(name, message),
    name,
    message,
    stack: stack ?? "",
    code: readText(context, error, "code"),
    hint: readText(context, error, "hint"),
    hostErrorId: typeof id === "number" ? id : undefined,
    reason: name === "Interrupt" ? readText(context, error, "reason") : undefined,
    related: isError && depth < MAX_DEPTH ? readRelated(context, error, depth + 1) : [],
  };
}

function readRelated(context: QuickJSContext, error: QuickJSHandle, depth: number): Thrown["related"] {
  const related: { label: string; thrown: Thrown }[] = [];
  const add = (label: string, value: QuickJSHandle): void => {
    if (context.typeof(value) !== "undefined")
      related.push({ label, thrown: describeThrown(context, value, false, depth) });
  };
  withProperty(context, error, "errors", (errors) => {
    const count = context.typeof(errors) === "object" ? readProperty(context, errors, "length") : 0;
    for (let at = 0; typeof count === "number" && at < Math.min(count, MAX_ERRORS); at++)
      withProperty(context, errors, String(at), (one) => add(`error ${at + 1} of ${count}`, one));
  });
  withProperty(context, error, "cause", (cause) => add("caused by", cause));
  return related;
}

/** What an object that is no error has in it, as the SDK shows values. */
function renderObject(context: QuickJSContext, object: QuickJSHandle): string {
  let text: string | undefined;
  withProperty(context, context.global, GUEST_HOOKS, (hooks) => {
    if (context.typeof(hooks) !== "object") return;
    withProperty(context, hooks, "describe", (describe) => {
      const result = context.callFunction(describe, hooks, object);
      const handle = result.error ?? result.value;
      if (result.error === undefined && context.typeof(handle) === "string") text = context.getString(handle);
      handle.dispose();
    });
  });
  return text ?? readText(context, object, "message") ?? "an object";
}

/** A getter of the script's may throw; then there is nothing to look at. */
function withProperty(
  context: QuickJSContext,
  object: QuickJSHandle,
  name: string,
  use: (value: QuickJSHandle) => void,
): void {
  let value: QuickJSHandle;
  try {
    value = context.getProp(object, name);
  } catch {
    return;
  }
  try {
    use(value);
  } finally {
    value.dispose();
  }
}

const limitMessages: Readonly<Record<string, Thrown["limit"]>> = {
  "out of memory": "memory",
  "stack overflow": "stack",
  interrupted: "stopped",
};

function findLimit(name: string, message: string): Thrown["limit"] {
  return name === "InternalError" ? limitMessages[message] : undefined;
}

function describePrimitive(context: QuickJSContext, error: QuickJSHandle, type: string, full: boolean): Thrown {
  const isNull = type === "object";
  const message = isNull
    ? "null"
    : type === "symbol"
      ? "a symbol"
      : type === "function"
        ? renderObject(context, error)
        : context.getString(error);
  const limit = full && isNull ? "memory" : undefined;
  return {
    limit,
    name: isNull ? "null" : type,
    message,
    stack: "",
    code: undefined,
    hint: undefined,
    hostErrorId: undefined,
    reason: undefined,
    related: [],
  };
}

function readText(context: QuickJSContext, object: QuickJSHandle, name: string): string | undefined {
  const value = readProperty(context, object, name);
  return typeof value === "string" ? value : undefined;
}

/** Only plain values are read, so that nothing of the guest's runs but a getter, which the sandbox can stop. */
function readProperty(context: QuickJSContext, object: QuickJSHandle, name: string): string | number | undefined {
  let handle: QuickJSHandle;
  try {
    handle = context.getProp(object, name);
  } catch {
    return undefined;
  }
  try {
    const type = context.typeof(handle);
    return type === "string" ? context.getString(handle) : type === "number" ? context.getNumber(handle) : undefined;
  } finally {
    handle.dispose();
  }
}
