import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten-core";

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
}

/** Reads what was thrown. `full` says that the memory is used up, where QuickJS throws null instead of an error. */
export function describeThrown(context: QuickJSContext, error: QuickJSHandle, full: boolean): Thrown {
  const type = context.typeof(error);
  if (type !== "object" || context.eq(error, context.null)) return describePrimitive(context, error, type, full);
  const stack = readText(context, error, "stack");
  const name = readText(context, error, "name") ?? (stack === undefined ? type : "Error");
  const message = readText(context, error, "message") ?? (stack === undefined ? "an object" : "");
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
  };
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
  const message = isNull ? "null" : type === "symbol" ? "a symbol" : context.getString(error);
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
