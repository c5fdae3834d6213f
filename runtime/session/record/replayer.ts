import { ArgumentError, BpftsError, InterruptedError, UsageError } from "../../base/errors.ts";
import { ANSWER_MARK, callKinds, ERROR_MARK, INTERRUPTED_CODE } from "../../../sdk/wire/protocol.ts";
import type { CallName } from "../../../sdk/wire/protocol.ts";
import type { RowChoice } from "../../../sdk/wire/row-choice.ts";
import type { StartReply } from "../../../sdk/wire/start-reply.ts";
import { BatchRoom } from "../bridge/batch-room.ts";
import { crossAnswer, describeError, textArguments } from "../bridge/bridge.ts";
import type { Bridge } from "../bridge/bridge.ts";
import type { BridgeState } from "../bridge/bridge-state.ts";
import { openSystemCalls } from "../bridge/bridge-system.ts";
import { openTestCalls } from "../bridge/bridge-tests.ts";
import { openWebCalls } from "../bridge/bridge-web.ts";
import type { Waiter } from "../wait/waiter.ts";
import { liveCalls, openCallNames, waitingCalls } from "./call-names.ts";
import type { CallNames } from "./call-names.ts";
import { describeQuestion, findColumnOf } from "./describe-question.ts";
import { openReplayClock } from "./replay-clock.ts";
import type { ReplayClock } from "./replay-clock.ts";
import { sortEntries } from "./recorded-calls.ts";
import type { RecordedCalls, RecordedWait, Section } from "./recorded-calls.ts";
import type { Entry } from "./recording-file.ts";
import type { Tape } from "./tape.ts";

/** What a replay does in another way than the run did. */
export interface ReplayOptions {
  /** The script's own arguments; those of the run unless given. */
  readonly args?: readonly string[];
  readonly rows?: RowChoice;
}

/** A recording that stands in the place of the kernel. Owner: whoever opened it closes it. */
export interface Replayer {
  readonly tape: Tape;
  close(): void;
}

/** Opens what answers a script out of a recording. @throws UsageError for entries that no run has written */
export function openReplayer(entries: readonly Entry[], path: string, options: ReplayOptions): Replayer {
  const calls = sortEntries(entries, path);
  const clock = openReplayClock(calls);
  const waits = new Waits(calls, clock);
  return {
    tape: {
      openBridge: (state, isStopped) => new ReplayBridge({ state, isStopped, calls, clock, waits, options }),
      wrapTurns: (_waiter, runJobs) => {
        waits.runJobs = runJobs;
        return replayTurns(waits);
      },
    },
    close: () => clock.restore(),
  };
}

/** The recorded waits, one after the other. */
class Waits {
  runJobs: () => number = () => 0;
  /** Set when the script is to end at its next wait. */
  isInterrupted = false;
  private backlog: RecordedWait[] = [];

  constructor(
    private readonly calls: RecordedCalls,
    private readonly clock: ReplayClock,
  ) {}

  /**
   * Waits as the run did. Where the script now waits otherwise, time passes until what it waits for comes, or its time is over. Answers the wait that brought it,
   * undefined when the time is over. What it brought stays for the next one who waits, unless the script `consumes` it.
   *
   * @throws InterruptedError at the signal that the run got, and at the recording's end
   */
  next(
    question: string,
    timeoutMs: number,
    { takes, consumes }: { readonly takes: (wait: RecordedWait) => boolean; readonly consumes: boolean },
  ): RecordedWait | undefined {
    const jobs = this.runJobs();
    const expected = this.calls.findWait();
    if (expected?.question === question && this.backlog.length === 0) return this.pass();
    if (jobs > 0 && timeoutMs !== 0) return undefined;
    if (this.isInterrupted) throw new InterruptedError("The script ends itself");
    const kept = this.backlog.findIndex(takes);
    if (kept >= 0) return consumes ? this.backlog.splice(kept, 1)[0] : this.backlog[kept];
    const end = timeoutMs < 0 ? Infinity : this.clock.now() + timeoutMs;
    for (;;) {
      const wait = this.calls.findWait();
      if (wait === undefined) {
        if (timeoutMs === 0) return undefined;
        throw new InterruptedError("The recording has come to its end");
      }
      if (wait.endMs > end) {
        this.clock.passTo(end);
        return undefined;
      }
      this.pass();
      if (wait.brings && !(consumes && takes(wait))) this.backlog.push(wait);
      if (takes(wait)) return wait;
    }
  }

  private pass(): RecordedWait {
    const wait = this.calls.takeWait()!;
    this.clock.enter(wait);
    if (wait.interrupt !== undefined)
      throw new InterruptedError("The run ended here", wait.interrupt === "signal" ? {} : { detail: wait.interrupt });
    return wait;
  }
}

function replayTurns(waits: Waits): Waiter {
  return {
    waitFor(timeoutMs, sources, check) {
      const wait = waits.next(`turn ${timeoutMs} ${sources}`, timeoutMs, {
        takes: ({ brings }) => sources !== 0 && brings,
        consumes: false,
      });
      return wait?.kind === "turn" ? undefined : check();
    },
  };
}

interface Settings {
  readonly state: BridgeState;
  readonly isStopped: () => boolean;
  readonly calls: RecordedCalls;
  readonly clock: ReplayClock;
  readonly waits: Waits;
  readonly options: ReplayOptions;
}

/** Errors that the script may still throw back at the host. */
const KEPT_ERRORS = 64;

class ReplayBridge implements Bridge {
  private readonly names: CallNames = openCallNames();
  private readonly live: Readonly<Record<string, (argument: never, bytes: Uint8Array) => unknown>>;
  /** The buffers that the script has open, by their numbers. */
  private readonly rings = new Set<number>();
  private readonly room = new BatchRoom();
  private readonly errors = new Map<number, BpftsError>();
  private lastError = 0;

  constructor(private readonly settings: Settings) {
    this.live = { ...openSystemCalls(settings.state), ...openWebCalls(), ...openTestCalls(settings.state) };
  }

  readonly call = (name: string, argument: string, bytes: Uint8Array): string | Uint8Array => {
    try {
      if (this.settings.isStopped()) throw new InterruptedError("The script is being ended");
      if (liveCalls.has(name)) {
        const given: unknown = textArguments.has(name) ? argument : JSON.parse(argument);
        return crossAnswer(name as "write", this.live[name]!(given as never, bytes));
      }
      const answer = waitingCalls.has(name) ? this.wait(name, argument, bytes) : this.answer(name, argument, bytes);
      this.names.learn(name, argument, answer);
      return answer;
    } catch (error) {
      return this.crossError(error instanceof BpftsError ? error : describeDamage(name, error));
    }
  };

  findError(id: number): BpftsError | undefined {
    return this.errors.get(id);
  }

  reportLosses(): void {
    for (const message of this.settings.calls.warnings) this.settings.state.log.warn(message);
  }

  reportUncounted(): void {}

  close(): void {}

  private crossError(error: BpftsError): string {
    const id = ++this.lastError;
    this.errors.set(id, error);
    this.errors.delete(id - KEPT_ERRORS);
    return ERROR_MARK + JSON.stringify(describeError(error, id));
  }

  private answer(name: string, argument: string, bytes: Uint8Array): string | Uint8Array {
    const { calls, clock, options, waits } = this.settings;
    const question = this.names.name(name, argument, bytes);
    const found = calls.findAnswer(question);
    if (name === "start") clock.start();
    if (name === "start" && typeof found === "string") return changeStart(found, options, this.settings.state);
    if (name === "now" && found === undefined)
      return ANSWER_MARK + JSON.stringify({ monotonicNs: clock.readMonotonic() });
    if (name === "interrupt" && found === undefined) {
      waits.isInterrupted = true;
      return `${ANSWER_MARK}null`;
    }
    if (found === undefined) throw this.refuse(name, argument, question);
    if (typeof found === "string" && found.startsWith(ANSWER_MARK) && callKinds[name as CallName] === "json")
      requireJson(found.slice(1));
    if (name === "ring_open" && typeof found === "string" && found.startsWith(ANSWER_MARK))
      this.rings.add(Number(found.slice(1)));
    if (name === "ring_close") this.rings.delete((JSON.parse(argument) as { readonly ring: number }).ring);
    return typeof found === "string" ? this.keepError(found) : copy(found);
  }

  /** An error of the run is the script's again; what it throws on is found by its number. */
  private keepError(answer: string): string {
    if (!answer.startsWith(ERROR_MARK)) return answer;
    const message = JSON.parse(answer.slice(1)) as Readonly<Record<string, unknown>>;
    if (message["code"] === INTERRUPTED_CODE) return answer;
    return ERROR_MARK + JSON.stringify({ ...message, id: 0 });
  }

  private wait(name: string, argument: string, bytes: Uint8Array): string | Uint8Array {
    const { waits } = this.settings;
    const { timeoutMs, events } = JSON.parse(argument) as { readonly timeoutMs: number; readonly events?: boolean };
    const question = this.names.name(name, argument, bytes);
    const takes = ({ call, sections, brings }: RecordedWait): boolean =>
      name === "poll"
        ? sections.some(({ ring }) => this.rings.has(ring))
        : name === "trace_read"
          ? call === name && brings
          : events === true && brings;
    const wait = waits.next(question, timeoutMs, { takes, consumes: name !== "wait" });
    if (
      wait !== undefined &&
      wait.call === name &&
      wait.question === question &&
      wait.answer !== undefined &&
      wait.sections.length === 0
    )
      return typeof wait.answer === "string" ? this.keepError(wait.answer) : copy(wait.answer);
    if (name === "poll") return this.deliver(wait?.sections ?? []);
    if (name === "trace_read")
      return typeof wait?.answer === "string" ? wait.answer : copy(wait?.answer ?? new Uint8Array(0), ANSWER_MARK);
    return `${ANSWER_MARK}null`;
  }

  /** Hands records to the script, which prints rows itself: the host compiles nothing that a recording says. */
  private deliver(sections: readonly Section[]): string | Uint8Array {
    this.room.clear();
    for (const { ring, lost, records } of sections)
      if (this.rings.has(ring)) this.room.addSection(ring, lost, records, false);
    return crossAnswer("poll", this.room.isEmpty ? undefined : this.room.finish());
  }

  private refuse(name: string, argument: string, question: string): BpftsError {
    const hint = "a replay knows what the recorded run asked, and no more: record anew with this script";
    if (name === "build")
      return new ArgumentError("The recorded run had no program of this C text", {
        hint: "the C text and its cflags must be those of the run: what they would have seen otherwise nobody knows. What TypeScript makes of it may change",
      });
    const column = findColumnOf(name, this.settings.options.rows?.added ?? []);
    if (column !== undefined)
      return new ArgumentError(
        `The recording lacks what --columns +${column} shows of this row: the run did not ask for it`,
        {
          hint: `give it to the run: bpfts run --record FILE --columns +${column} SCRIPT`,
        },
      );
    const later = this.settings.calls.findLater(question);
    const what = describeQuestion(name, argument, this.names);
    if (later !== undefined)
      return new ArgumentError(
        `The script ${what}, which the recorded run did only ${(later / 1000).toFixed(1)} s after its start`,
        { hint },
      );
    return new ArgumentError(`The script ${what}, which the recorded run never did`, { hint });
  }
}

/** @throws SyntaxError for what the script could not read */
function requireJson(text: string): void {
  JSON.parse(text);
}

/** What the host itself reads of an answer has one form only; another one did not come from a run. */
function describeDamage(name: string, cause: unknown): UsageError {
  return new UsageError(`The recording is damaged: an answer to "${name}" is none that bpfts writes`, {
    cause,
    hint: "copy it anew, or record it anew",
  });
}

/** Answers of the guest's memory are its own: what the recording has stays as it is. */
function copy(bytes: Uint8Array, empty?: string): string | Uint8Array {
  return bytes.length === 0 && empty !== undefined ? empty : bytes.slice();
}

function changeStart(answer: string, { args, rows }: ReplayOptions, { records }: BridgeState): string {
  const reply = JSON.parse(answer.slice(1)) as StartReply;
  const changed: StartReply = {
    ...reply,
    records: records === undefined ? null : { everyMs: records.everyMs },
    // A script that counts its events prints their rows itself.
    maxEvents: reply.maxEvents ?? Number.MAX_SAFE_INTEGER,
    ...(args !== undefined && { argv: args }),
    ...(rows !== undefined && { rows }),
  };
  return ANSWER_MARK + JSON.stringify(changed);
}

/** The entry that a recording begins with. @throws UsageError when it is none */
export function requireStart(entries: readonly Entry[], path: string): Readonly<Record<string, unknown>> {
  const head = entries[0]?.head;
  if (head?.["kind"] !== "start" || typeof head["startMs"] !== "number" || typeof head["script"] !== "string")
    throw new UsageError(`The recording "${path}" is damaged: it does not begin with a start`);
  return head;
}
