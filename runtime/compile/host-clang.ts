import { readClock } from "../base/clock.ts";
import type { ClangResult } from "./clang-result.ts";
import { randomBytes } from "node:crypto";
import { closeSync, constants, copyFileSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { hostClangVariable } from "../base/host-clang.ts";
import type { HostClangAnswer, HostClangRequest } from "../base/host-clang.ts";
import { hasOwnHeaders } from "./own-headers.ts";

/** A port has one user at a time; whoever comes second waits for the first one's clang. */
const patienceMs = 120_000;
const pauseMs = 10;

/**
 * Lets the host of this virtual machine run clang, where there is one that offers it. Undefined when it does not, refuses,
 * or when its files may not be what they are here: then clang has to run here.
 */
export function runHostClang(clang: string, args: readonly string[], input: string): ClangResult | undefined {
  const port = process.env[hostClangVariable];
  // A header of the user's own may be another one here than on the host.
  if (!port || hasOwnHeaders(input)) return undefined;
  try {
    const file = openPort(port);
    if (file === undefined) return undefined;
    try {
      return takeAnswer(askHost(file, { id: randomBytes(8).toString("hex"), clang, args, input }), args);
    } finally {
      closeSync(file);
    }
  } catch {
    // No such port, none of ours to open, or an output that cannot be read here.
    return undefined;
  }
}

function openPort(path: string): number | undefined {
  for (const until = readClock() + patienceMs; readClock() < until; pause()) {
    try {
      return openSync(path, constants.O_RDWR);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
    }
  }
  return undefined;
}

function askHost(file: number, request: HostClangRequest): HostClangAnswer {
  // The first line end closes what another process may have left half written.
  const line = Buffer.from(`\n${JSON.stringify(request)}\n`);
  for (let at = 0; at < line.length; ) at += retry(() => writeSync(file, line, at));
  const chunk = Buffer.alloc(1 << 16);
  let text = Buffer.alloc(0);
  for (;;) {
    const length = retry(() => readSync(file, chunk));
    if (length === 0) return { id: request.id };
    text = Buffer.concat([text, chunk.subarray(0, length)]);
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      const answer = parseAnswer(text.toString("utf8", 0, end));
      if (answer?.id === request.id) return answer;
      text = text.subarray(end + 1);
    }
  }
}

function parseAnswer(line: string): HostClangAnswer | undefined {
  try {
    return JSON.parse(line) as HostClangAnswer;
  } catch {
    // The rest of an answer that its process did not wait for.
    return undefined;
  }
}

/** Puts what clang made where its arguments say. */
function takeAnswer(answer: HostClangAnswer, args: readonly string[]): ClangResult | undefined {
  const { status, stderr = "", output } = answer;
  if (status === undefined || output === undefined) return undefined;
  const at = args.indexOf("-o");
  const target = at < 0 ? "-" : args[at + 1]!;
  if (target !== "-" && status === 0) copyFileSync(output, target);
  return { ok: status === 0, stdout: target === "-" ? readFileSync(output) : Buffer.alloc(0), stderr };
}

/** A signal may end the call early; whoever asked still wants the answer, as with a clang that runs here. */
function retry<T>(call: () => T): T {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EINTR") throw error;
    }
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
}
