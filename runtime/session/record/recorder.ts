import { InterruptedError } from "../../base/errors.ts";
import type { BridgeState } from "../bridge/bridge-state.ts";
import { openBridge } from "../bridge/bridge.ts";
import type { Bridge } from "../bridge/bridge.ts";
import type { Waiter } from "../wait/waiter.ts";
import { liveCalls, openCallNames, waitingCalls } from "./call-names.ts";
import { createRecording } from "./recording-file.ts";
import type { RecordingWriter } from "./recording-file.ts";
import type { Tape } from "./tape.ts";

/** What a recording begins with. */
export interface RecordingStart {
  /** The path of the script, or what a one-liner is called. */
  readonly script: string;
  /** The text of a script that stands in no file. */
  readonly text?: string;
}

/** A run's recorder. Owner: whoever opened it closes it; a recording that was not finished counts as cut off. */
export interface Recorder {
  readonly tape: Tape;
  /** The run has come to its end. @throws ResourceError when the file takes no more */
  finish(): void;
  close(): void;
}

/** A part of a batch: what came through one buffer. */
interface Section {
  readonly ring: number;
  readonly lost: number;
  readonly size: number;
}

/**
 * Opens a recorder: everything that a script is told from outside goes into the file, in order. The script has one door to its host, so the
 * recorder stands there; records of buffers are taken before the host prints rows of them. The clock of `Date` is the only other
 * way in: what it said is recorded between the calls.
 *
 * @throws UsageError when the file cannot be written
 */
export function openRecorder(path: string, start: RecordingStart): Recorder {
  const file = createRecording(path);
  const clock = watchClock();
  file.add({
    kind: "start",
    ...start,
    startMs: clock.real(),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  });
  return {
    tape: {
      openBridge: (state, isStopped) => recordBridge(state, isStopped, file, clock),
      wrapTurns: (waiter) => recordTurns(waiter, file, clock),
    },
    finish() {
      file.add({ kind: "end", clock: clock.take() });
      file.finish();
    },
    close() {
      clock.restore();
      file.close();
    },
  };
}

function recordBridge(state: BridgeState, isStopped: () => boolean, file: RecordingWriter, clock: Clock): Bridge {
  const names = openCallNames();
  let sections: Section[] = [];
  let records: Uint8Array[] = [];
  const warn = (message: string): void => {
    if (isReporting) file.add({ kind: "warning", message });
    state.log.warn(message);
  };
  let isReporting = false;
  const bridge = openBridge(
    {
      ...state,
      log: { ...state.log, warn },
      noteRecords(ring, lost, bytes) {
        sections.push({ ring, lost, size: bytes.length });
        // They lie where the next ones will.
        records.push(bytes.slice());
      },
    },
    isStopped,
  );
  return {
    ...bridge,
    call(name, argument, bytes) {
      if (liveCalls.has(name)) return bridge.call(name, argument, bytes);
      // The bytes are gone when the call returns.
      const question = names.name(name, argument, bytes);
      // A promise that runs meanwhile may ask, too.
      const outer = { sections, records };
      sections = [];
      records = [];
      const isWait = waitingCalls.has(name);
      if (name === "start") clock.take();
      // In a wait promises of the script go on; everywhere else it is the host that asks what time it is.
      const resume = isWait ? undefined : clock.pause();
      const answer = bridge.call(name, argument, bytes);
      resume?.();
      names.learn(name, argument, answer);
      const head = {
        kind: "call",
        call: name,
        question,
        clock: clock.take(),
        ...(isWait && { isWait, endMs: clock.real() }),
        ...(sections.length > 0 && { sections }),
      };
      if (sections.length > 0) file.add(head, Buffer.concat(records));
      else if (typeof answer === "string") file.add({ ...head, answer });
      else file.add(head, answer);
      ({ sections, records } = outer);
      return answer;
    },
    reportLosses() {
      isReporting = true;
      bridge.reportLosses();
      isReporting = false;
    },
  };
}

/** Records the waits between the script's turns. */
function recordTurns(waiter: Waiter, file: RecordingWriter, clock: Clock): Waiter {
  return {
    waitFor(timeoutMs, sources, check) {
      const note = (outcome: object): void =>
        file.add({
          kind: "turn",
          question: `turn ${timeoutMs} ${sources}`,
          clock: clock.take(),
          isWait: true,
          endMs: clock.real(),
          ...outcome,
        });
      try {
        const answer = waiter.waitFor(timeoutMs, sources, check);
        note({});
        return answer;
      } catch (error) {
        if (error instanceof InterruptedError) note({ interrupt: error.detail ?? "signal" });
        throw error;
      }
    },
  };
}

/** What the script's clock has said. */
interface Clock {
  real(): number;
  /** Takes what was said since the last call: times, and how often each. Units: milliseconds since 1970. */
  take(): readonly (readonly [time: number, count: number])[];
  /** Notes nothing until the function that it answers is called. */
  pause(): () => void;
  restore(): void;
}

/** QuickJS asks the process's own `Date.now`, and by no other way for the time. */
function watchClock(): Clock {
  const real = Date.now;
  let said: [number, number][] = [];
  let isPaused = false;
  Date.now = () => {
    const time = real();
    const last = said.at(-1);
    if (isPaused) return time;
    if (last?.[0] === time) last[1]++;
    else said.push([time, 1]);
    return time;
  };
  return {
    real,
    take() {
      const taken = said;
      said = [];
      return taken;
    },
    pause() {
      const before = isPaused;
      isPaused = true;
      return () => {
        isPaused = before;
      };
    },
    restore() {
      Date.now = real;
    },
  };
}
