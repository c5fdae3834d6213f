import { allRows } from "../../../sdk/wire/row-choice.ts";
import { readClock } from "../../base/clock.ts";
import { ArgumentError, ResourceError } from "../../base/errors.ts";
import { readTerminal } from "./read-terminal.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import { waitSources } from "../../kernel/door/port.ts";
import { encodeUtf8, isPlainText } from "../../../sdk/wire/utf8.ts";
import type { PacketMessage } from "../../../sdk/wire/packet-message.ts";
import type { BridgeState, Handlers } from "./bridge-state.ts";
import { readScriptFile } from "./read-file.ts";
import { wakeAtSecondLook } from "../wait/waiter.ts";

/** A reader of stdout that is slow holds the script up; at a signal it gets this much more time. Units: milliseconds. */
const LAST_WRITE_MS = 300;
const WRITE_SLICE_MS = 1000;

/** The calls about the process itself: arguments, output, time, files that it may read. */
export function openSystemCalls(
  state: BridgeState,
): Handlers<
  | "start"
  | "note_shell_pid"
  | "write"
  | "write_error"
  | "exit"
  | "wait"
  | "now"
  | "read_file"
  | "lab_places"
  | "render_stack"
  | "terminal"
  | "record_stack"
  | "record_histogram"
  | "record_packet"
> {
  return {
    start: () => ({
      script: state.scriptName,
      argv: state.args,
      command: state.command === undefined ? null : { pid: state.command.pid, isShell: state.command.isShell },
      wantsStacks: state.recordStack !== undefined,
      records: state.records === undefined ? null : { everyMs: state.records.everyMs },
      wantsHistograms: state.recordHistogram !== undefined,
      wantsPackets: state.capture !== undefined,
      cgroups: state.cgroups ?? [],
      rows: state.rows ?? allRows,
      maxEvents: state.maxEvents ?? null,
      possibleCpus: state.port.possibleCpus(),
      monotonicNs: process.hrtime.bigint().toString(),
      seed: [...crypto.getRandomValues(new Uint32Array(4))] as [number, number, number, number],
    }),
    note_shell_pid() {
      state.log.warn(
        `The script compares pids with that of the command, which is a shell here: "${state.command?.line ?? ""}". What the shell starts has other pids. A single command without operators and variables runs without a shell`,
      );
      return null;
    },
    write(text, bytes) {
      const output = bytes.length > 0 ? copyBytes(bytes) : text;
      state.records?.takeText?.(typeof output === "string" ? output : output.toString("utf8"));
      writeOutput(state, output);
      return null;
    },
    write_error(text, bytes) {
      // Nobody reads it: no reason to stop.
      writeAll(state, 2, bytes.length > 0 ? copyBytes(bytes) : Buffer.from(text, "utf8"));
      return null;
    },
    exit({ code }) {
      if (!Number.isInteger(code) || code < 0 || code > 255)
        throw new ArgumentError(`Cannot exit with ${code}: an exit status is a whole number from 0 to 255`);
      state.stop({ kind: "exit", code });
      return null;
    },
    wait({ timeoutMs, events }) {
      state.waiter.waitFor(timeoutMs, events ? waitSources.rings : 0, events ? wakeAtSecondLook() : () => undefined);
      return null;
    },
    lab_places: () => state.lab,
    terminal: () => readTerminal(),
    record_stack(stack) {
      state.recordStack?.(stack);
      return null;
    },
    record_histogram(histogram) {
      state.recordHistogram?.(histogram);
      return null;
    },
    record_packet(message, bytes) {
      writePacket(state, message, bytes);
      return null;
    },
    render_stack: ({ stack }) => state.renderStack(stack),
    now: () => ({ monotonicNs: process.hrtime.bigint().toString() }),
    read_file({ path }) {
      state.guard.noteFile(path);
      return readScriptFile(path, state.findReadable);
    },
  };
}

/**
 * Writes to stdout; a reader that is gone ends the script.
 *
 * @throws ResourceError when what stdout is takes no more: a full disk
 */
export function writeOutput(state: BridgeState, output: string | Buffer): void {
  const written = writeAll(state, 1, typeof output === "string" ? encodeOutput(output) : output);
  if (written === errno.EPIPE) state.stop({ kind: "closed-output" });
  else if (written < 0) throw new ResourceError(`Cannot write to stdout (${renderErrno(written)})`);
}

/** @throws ResourceError when the file of the capture takes no more */
function writePacket(state: BridgeState, message: PacketMessage, data: Uint8Array): void {
  const { capture } = state;
  if (capture === undefined) return;
  const bytes = Buffer.from(capture.encode(message, data));
  const written = writeSlowly(state, bytes, (rest, timeoutMs) => capture.write(rest, timeoutMs));
  if (written === errno.EPIPE) state.stop({ kind: "closed-output" });
  else if (written < 0)
    throw new ResourceError(`Cannot write the capture to ${capture.path} (${renderErrno(written)})`);
}

/** What `%r` writes may have been no UTF-8. */
function encodeOutput(text: string): Buffer {
  return isPlainText(text) ? Buffer.from(text, "utf8") : Buffer.from(encodeUtf8(text));
}

/** They lie in the guest's memory, which may move while the host writes. */
function copyBytes(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes);
}

function writeAll(state: BridgeState, fd: 1 | 2, bytes: Buffer): number {
  return writeSlowly(state, bytes, (rest, timeoutMs) => state.port.write(fd, rest, timeoutMs));
}

/** Writes what a reader may be slow to take. */
function writeSlowly(
  state: BridgeState,
  bytes: Buffer,
  write: (rest: Uint8Array, timeoutMs: number) => number,
): number {
  let at = 0;
  // A signal that the script has heard of is pending no more. Its end may not wait for the reader for ever, and other handlers have something to say, too.
  let giveUpAt = readClock() + state.findTimeLeft() / 2;
  while (at < bytes.length) {
    const left = Math.ceil(Math.max(0, Math.min(WRITE_SLICE_MS, giveUpAt - readClock())));
    const written = write(bytes.subarray(at), left);
    if (written < 0 && written !== errno.EAGAIN && written !== errno.EINTR) return written;
    at += Math.max(0, written);
    if (at >= bytes.length || left === 0) return at;
    if (state.port.signalPending() === 0) continue;
    giveUpAt = Math.min(giveUpAt, readClock() + LAST_WRITE_MS);
    if (readClock() >= giveUpAt) return at;
  }
  return at;
}
