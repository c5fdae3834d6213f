import { StaticLifetime } from "quickjs-emscripten-core";
import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten-core";
import type { EngineTrick } from "./tricks.ts";

/** The guest's one door: answers a string or bytes, never throws. */
export type HostCall = (name: string, argument: string, bytes: Uint8Array) => string | Uint8Array;

/** How Wasm calls a function of the host: pointers to the context, `this` and the arguments, and which function. Answers a pointer to the result. */
type CallFunction = (
  contextPointer: number,
  thisPointer: number,
  count: number,
  argumentsPointer: number,
  functionId: number,
) => number;

/** What an error takes at the most, with its name and sentence. Units: bytes. */
const ERROR_ROOM_BYTES = 64 * 1024;

/** As QuickJS's own says it. */
const outOfMemory = { name: "InternalError", message: "out of memory" };

/** Whether the guest's memory has a piece so large. The library does not look: without one it would write over the guest's memory from its start. */
function haveRoom(context: QuickJSContext, bytes: number): boolean {
  const wasm = context["module"];
  const pointer = wasm._malloc(bytes);
  wasm._free(pointer);
  return pointer !== 0 || bytes === 0;
}

const noBytes = new Uint8Array(0);

/**
 * Defines the guest's only function of the host, as a global that cannot be replaced.
 *
 * The library's own way from Wasm to a function makes two generator functions for each call, and V8 a map of each in its old generation. Measured: 130 bytes
 * a call that wait for a full collection, and half of the call's time. So the call is taken where it comes in.
 */
export function installCall(
  context: QuickJSContext,
  name: string,
  call: HostCall,
  without: ReadonlySet<EngineTrick>,
): void {
  const host = context.newFunction(name, (...values: QuickJSHandle[]) => {
    if (values.length < 2) throw new TypeError(`${name} takes a name and a text`);
    return callHost(context, call, values[0]!, values[1]!, values[2]);
  });
  context.defineProp(context.global, name, { value: host, configurable: false, enumerable: false });
  host.dispose();
  if (without.has("call")) return;
  // Private to the library, which the bundle holds in the version that the lock file names.
  const ffi = context["ffi"];
  const callbacks = context["cToHostCallbacks"] as { callFunction: CallFunction };
  callbacks.callFunction = (contextPointer, _thisPointer, count, argumentsPointer) => {
    const readArgument = (index: number): QuickJSHandle =>
      new StaticLifetime(ffi.QTS_ArgvGetJSValueConstPointer(argumentsPointer as never, index), context.runtime);
    let result: QuickJSHandle | undefined;
    try {
      // Behind the last argument lies whatever lies there.
      if (count < 2) throw new TypeError(`${name} takes a name and a text`);
      result = callHost(context, call, readArgument(0), readArgument(1), count > 2 ? readArgument(2) : undefined);
      return ffi.QTS_DupValuePointer(contextPointer as never, result.value);
    } catch (error) {
      // What it was called with, or no memory on the way in or out. Without room for the error the guest cannot go on.
      if (!haveRoom(context, ERROR_ROOM_BYTES)) throw error;
      result = context.newError(error as Error);
      return ffi.QTS_Throw(contextPointer as never, result.value);
    } finally {
      result?.dispose();
    }
  };
}

function callHost(
  context: QuickJSContext,
  call: HostCall,
  name: QuickJSHandle,
  argument: QuickJSHandle,
  bytes: QuickJSHandle | undefined,
): QuickJSHandle {
  const raw = bytes === undefined || context.typeof(bytes) === "undefined" ? undefined : context.getArrayBuffer(bytes);
  const answer = call(context.getString(name), context.getString(argument), raw?.value ?? noBytes);
  raw?.dispose();
  const bytesNeeded = typeof answer === "string" ? Buffer.byteLength(answer) + 1 : answer.byteLength;
  if (!haveRoom(context, bytesNeeded)) throw outOfMemory;
  if (typeof answer === "string") return context.newString(answer);
  const whole = answer.byteOffset === 0 && answer.byteLength === answer.buffer.byteLength;
  return context.newArrayBuffer((whole ? answer.buffer : answer.slice().buffer) as ArrayBuffer);
}
