import { Interrupt, makeError, makeArgumentError } from "./errors.ts";
import { COMMAND_ENDED, ERROR_MARK, HOST_FUNCTION, INTERRUPTED_CODE, callKinds } from "./protocol.ts";
import type { ErrorMessage } from "./error-message.ts";
import type { CallArgument, CallName, CallReply } from "./protocol.ts";
import { decodeUtf8 } from "./utf8.ts";

type RawCall = (name: string, argument: string, bytes?: ArrayBuffer) => string | ArrayBuffer;

/** Asks the host. The only way out of the sandbox. @throws BpfError with what the host says, Interrupt at a signal */
export function callHost<Name extends CallName>(
  name: Name,
  argument: CallArgument<Name>,
  bytes?: Uint8Array,
): CallReply<Name> {
  const call = requireRawCall();
  const text = typeof argument === "string" ? argument : JSON.stringify(argument);
  // Each value that crosses costs microseconds, `undefined` too.
  const answer = bytes === undefined ? call(name, text) : call(name, text, copyBuffer(bytes));
  if (typeof answer !== "string") return readBytes(name, new Uint8Array(answer)) as CallReply<Name>;
  if (answer[0] === ERROR_MARK) throw reviveError(JSON.parse(answer.slice(1)) as ErrorMessage);
  switch (callKinds[name]) {
    case "json":
      return JSON.parse(answer.slice(1)) as CallReply<Name>;
    case "text":
      return answer.slice(1) as CallReply<Name>;
    case "bytes":
      return undefined as CallReply<Name>;
  }
}

/** Text that is none to QuickJS's host, with a NUL or bytes that are no UTF-8, comes as bytes. */
function readBytes(name: CallName, bytes: Uint8Array): Uint8Array | string {
  return callKinds[name] === "text" ? decodeUtf8(bytes) : bytes;
}

/** Whether this code runs inside bpfts. */
export function haveHost(): boolean {
  return typeof (globalThis as Record<string, unknown>)[HOST_FUNCTION] === "function";
}

let rawCall: RawCall | undefined;

function requireRawCall(): RawCall {
  if (rawCall !== undefined) return rawCall;
  const found = (globalThis as Record<string, unknown>)[HOST_FUNCTION];
  if (typeof found !== "function") {
    throw makeArgumentError("This script needs bpfts to run", "start it with: bpfts run SCRIPT");
  }
  rawCall = found as RawCall;
  return rawCall;
}

/** The host is handed whole buffers, so a view into a larger one is cut out first. */
function copyBuffer(bytes: Uint8Array): ArrayBuffer {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return (whole ? bytes.buffer : bytes.slice().buffer) as ArrayBuffer;
}

function reviveError(message: ErrorMessage): Error {
  if (message.code === INTERRUPTED_CODE) return new Interrupt(message.detail === COMMAND_ENDED ? "command" : "signal");
  return makeError(message);
}
