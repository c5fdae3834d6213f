import { escapeText } from "../../../sdk/wire/escape-text.ts";
import { UsageError } from "../../base/errors.ts";
import { ERROR_MARK, INTERRUPTED_CODE } from "../../../sdk/wire/protocol.ts";
import type { ErrorMessage } from "../../../sdk/wire/error-message.ts";
import type { Entry } from "./recording-file.ts";

/** Records that came through one buffer. */
export interface Section {
  readonly ring: number;
  readonly lost: number;
  readonly records: Uint8Array;
}

/** A wait of the run with what ended it. */
export interface RecordedWait {
  readonly kind: "call" | "turn";
  readonly call: string;
  readonly question: string;
  /** What ended the run there: "signal", or the detail of the interrupt. */
  readonly interrupt: string | undefined;
  readonly sections: readonly Section[];
  readonly answer: string | Uint8Array | undefined;
  /** Whether something came that a script waits for. */
  readonly brings: boolean;
  /** When it was over. Units: milliseconds since 1970. */
  readonly endMs: number;
}

/** Times that the run's clock said, and how often each. */
export type SaidTimes = readonly (readonly [time: number, count: number])[];

/** What a run was told, between which waits. */
export interface RecordedCalls {
  readonly startMs: number;
  /** The warnings about lost events. */
  readonly warnings: readonly string[];
  /** What the clock said after so many waits. */
  listTimes(wait: number): SaidTimes;
  findWait(): RecordedWait | undefined;
  takeWait(): RecordedWait | undefined;
  /**
   * The answer to a question: the next one that the run got until now; where the script asks more often than the run did, the last one. Undefined when the run had
   * not asked by then.
   */
  findAnswer(question: string): string | Uint8Array | undefined;
  /** When the run first asked later on. Units: milliseconds after its start; undefined when it never did. */
  findLater(question: string): number | undefined;
}

interface Answer {
  /** How many waits were over. */
  readonly wait: number;
  readonly value: string | Uint8Array;
}

/** Sorts what a run was told by questions. @throws UsageError for entries that no run has written */
export function sortEntries(entries: readonly Entry[], path: string): RecordedCalls {
  const waits: RecordedWait[] = [];
  const answers = new Map<string, { readonly list: Answer[]; next: number }>();
  const times: (readonly [number, number])[][] = [[]];
  const warnings: string[] = [];
  let startMs = 0;
  for (const [number, { head, bytes }] of entries.entries()) {
    if (!isEntry(head, bytes.length))
      throw new UsageError(`The recording "${path}" is damaged: entry ${number} is none that bpfts writes`, {
        hint: "copy it anew, or record it anew",
      });
    times.at(-1)!.push(...((head["clock"] ?? []) as SaidTimes));
    switch (head["kind"]) {
      case "start":
        startMs = head["startMs"] as number;
        break;
      case "warning":
        // A second line could pass for a message of bpfts.
        warnings.push(escapeText(head["message"] as string));
        break;
      case "call":
      case "turn": {
        const question = head["question"] as string;
        const value = (head["answer"] as string | undefined) ?? bytes;
        if (head["isWait"] === true) {
          waits.push(readWait(head, bytes, value));
          times.push([]);
          break;
        }
        const known = answers.get(question) ?? { list: [], next: 0 };
        known.list.push({ wait: waits.length, value });
        answers.set(question, known);
        break;
      }
      case "end":
        break;
      default:
        throw new UsageError(`The recording "${path}" is damaged: it has an entry "${String(head["kind"])}"`, {
          hint: "copy it anew, or record it anew",
        });
    }
  }
  let passed = 0;
  return {
    startMs,
    warnings,
    listTimes: (wait) => times[wait] ?? [],
    findWait: () => waits[passed],
    takeWait: () => waits[passed++],
    findAnswer(question) {
      const known = answers.get(question);
      if (known === undefined) return undefined;
      const next = known.list[known.next];
      if (next !== undefined && next.wait <= passed) return known.list[known.next++]!.value;
      return known.list[known.next - 1]?.value;
    },
    findLater(question) {
      const first = answers.get(question)?.list[0];
      return first === undefined ? undefined : (waits[first.wait - 1]?.endMs ?? startMs) - startMs;
    },
  };
}

const isNumber = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);
const isText = (value: unknown): boolean => value === undefined || typeof value === "string";

/** Whether an entry has what entries of its kind have: a file may come from anybody. Of a kind that nobody knows is said elsewhere. */
function isEntry(head: unknown, bytes: number): head is Entry["head"] {
  if (typeof head !== "object" || head === null) return false;
  const {
    kind,
    clock = [],
    message,
    question,
    call,
    answer,
    interrupt,
    sections = [],
    isWait,
    endMs,
  } = head as Entry["head"];
  const isTime = (said: unknown): boolean => Array.isArray(said) && said.length === 2 && said.every(isNumber);
  if (!Array.isArray(clock) || !clock.every(isTime)) return false;
  if (kind === "warning") return typeof message === "string";
  if (kind !== "call" && kind !== "turn") return true;
  let left = bytes;
  const isSection = (section: unknown): boolean => {
    const { ring, lost, size } = (section ?? {}) as Readonly<Record<string, unknown>>;
    if (![ring, lost, size].every(isNumber) || (size as number) < 0) return false;
    left -= size as number;
    return left >= 0;
  };
  return (
    typeof question === "string" &&
    [call, answer, interrupt].every(isText) &&
    (isWait !== true || isNumber(endMs)) &&
    Array.isArray(sections) &&
    sections.every(isSection) &&
    (typeof answer !== "string" || !answer.startsWith(ERROR_MARK) || isJsonObject(answer.slice(1)))
  );
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}

function readWait(head: Entry["head"], bytes: Uint8Array, value: string | Uint8Array): RecordedWait {
  let at = 0;
  const sections = ((head["sections"] ?? []) as readonly { ring: number; lost: number; size: number }[]).map(
    ({ ring, lost, size }) => ({ ring, lost, records: bytes.subarray(at, (at += size)) }),
  );
  const kind = head["kind"] as "call" | "turn";
  const isText = typeof value === "string";
  const isTrace =
    head["call"] === "trace_read" && (isText ? value.length > 1 && !value.startsWith(ERROR_MARK) : value.length > 0);
  return {
    kind,
    call: (head["call"] as string | undefined) ?? "",
    question: head["question"] as string,
    interrupt: (head["interrupt"] as string | undefined) ?? (isText ? findInterrupt(value) : undefined),
    sections,
    answer: kind === "turn" ? undefined : value,
    brings: sections.length > 0 || isTrace,
    endMs: head["endMs"] as number,
  };
}

function findInterrupt(answer: string): string | undefined {
  if (!answer.startsWith(ERROR_MARK)) return undefined;
  const { code, detail } = JSON.parse(answer.slice(1)) as ErrorMessage;
  return code === INTERRUPTED_CODE ? (detail ?? "signal") : undefined;
}
