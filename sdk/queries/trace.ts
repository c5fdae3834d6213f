import { escapeJson, escapeText } from "../wire/escape-text.ts";
import { formatPositions } from "../print/format-positions.ts";
import { callHost } from "../wire/host.ts";
import { countOutput, eprint, print } from "../print/output.ts";
import { addRecord, areRecordsWanted } from "../print/output-records.ts";
import { is_json_output } from "../print/row-printer.ts";
import { haveEventLimit, isEventLimitReached, noteShownEvent } from "../print/shown-events.ts";
import { block } from "../time/wait.ts";

/**
 * One line of the trace pipe. Shape: `ts` in seconds since boot, `msg` what `bpf_trace_printk` was given, without its newline.
 *
 * @example
 * import { print, type TraceFields } from "bpfts";
 * const show = ([task, pid, , , , msg]: TraceFields): string => `${task}-${pid}: ${msg}`;
 * print(show(["mkdir", 7, 0, "...1", 12.5, "hello"])); // mkdir-7: hello
 */
export type TraceFields = [task: string, pid: number, cpu: number, flags: string, ts: number, msg: string];

const rest = /^-(\d+)\s+(?:\(\s*[-\d]+\)\s+)?\[(\d+)\]\s+(\S+)\s+(\d+\.\d+):\s+[^:]*:\s?(.*)$/s;
/** So many fields a line has. */
const FIELD_COUNT = 6;
/** Units: bytes. */
const TASK_WIDTH = 16;
/** A name of 15 bytes whose newlines are written as two characters. */
const MAX_TASK_WIDTH = 30;

/** Takes a line of the trace pipe apart; undefined for what is no event. Source: the kernel's trace_print_context */
export function parseTraceLine(line: string): TraceFields | undefined {
  // A name that is no ASCII has fewer characters than bytes, one with newlines has more.
  for (let width = TASK_WIDTH; width > 0; width = line.lastIndexOf("-", width - 1)) {
    const fields = parseBehind(line, width);
    if (fields !== undefined) return fields;
  }
  for (let width = line.indexOf("-", TASK_WIDTH); width > 0 && width <= MAX_TASK_WIDTH; ) {
    const fields = parseBehind(line, width);
    if (fields !== undefined) return fields;
    width = line.indexOf("-", width + 1);
  }
  return undefined;
}

/** The fields of a line whose task is so wide. */
function parseBehind(line: string, width: number): TraceFields | undefined {
  const match = rest.exec(line.slice(width));
  if (match === null) return undefined;
  const [, pid, cpu, flags, ts, msg] = match;
  return [line.slice(0, width).trimStart(), Number(pid), Number(cpu), flags!, Number(ts), msg!];
}

let lines: string[] = [];
let nextLine = 0;
/** What had been printed when the last line was handed over; undefined before the first. */
let outputBefore: number | undefined;

/** The next line of the trace pipe, undefined when none came in time. Units: milliseconds, -1 waits for ever. @throws Interrupt at a signal */
export function readTraceLine(timeoutMs: number): string | undefined {
  if (haveEventLimit() && outputBefore !== undefined) noteShownEvent(outputBefore);
  outputBefore = undefined;
  while (nextLine >= lines.length || isEventLimitReached()) {
    const text = block(
      timeoutMs,
      (waitMs, events) => callHost("trace_read", { timeoutMs: waitMs, events }) || undefined,
    );
    if (text === undefined) return undefined;
    lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    nextLine = 0;
  }
  outputBefore = countOutput();
  return lines[nextLine++];
}

/**
 * How to read the trace pipe.
 *
 * @example
 * import type { BPF, TraceFields, TraceOptions } from "bpfts";
 * const options: TraceOptions = { nonblocking: true };
 * const read = (b: BPF): TraceFields | undefined => b.trace_fields(options).read();
 */
export interface TraceOptions {
  /** Ends when nothing is there, instead of waiting for more. */
  readonly nonblocking?: boolean | undefined;
  /** Only lines that this process printed. */
  readonly pid?: number | undefined;
}

/** One warning is enough for a loop. */
let hasWarned = false;

/** Lines taken apart, one after another. Lines that are no events are left out. */
export class TraceReader implements IterableIterator<TraceFields> {
  private readonly options: TraceOptions;
  /** How many lines were handed over one after the other and nobody has looked at. */
  private unseen = 0;
  /** What had been printed when the first of them was. */
  private before = 0;

  constructor(options: TraceOptions) {
    this.options = options;
  }

  /** The fields of the next line, undefined when `nonblocking` and nothing is there. @throws Interrupt at a signal */
  read(): TraceFields | undefined {
    for (;;) {
      const line = readTraceLine(this.options.nonblocking === true ? 0 : -1);
      if (line === undefined) return undefined;
      const fields = parseTraceLine(line);
      if (fields !== undefined && isOfProcess(fields[1], this.options.pid)) return fields;
    }
  }

  next(): IteratorResult<TraceFields, undefined> {
    const value = this.read();
    if (value === undefined) return { done: true, value };
    if (this.unseen === 0 || this.before !== countOutput()) {
      this.unseen = 0;
      this.before = countOutput();
    }
    // A line that is taken apart is seen. More than six are no mistake.
    if (++this.unseen <= FIELD_COUNT)
      Object.defineProperty(value, Symbol.iterator, {
        value: () => {
          this.unseen = 0;
          return value.values();
        },
      });
    return { done: false, value };
  }

  /** The end of a loop that is left, and of `const [task, pid, cpu, flags, ts, msg] = b.trace_fields()`, with which Python takes one line apart: here each name gets a line. */
  return(): IteratorResult<TraceFields, undefined> {
    if (this.unseen === FIELD_COUNT && this.before === countOutput() && !hasWarned) {
      hasWarned = true;
      eprint(
        "warning: trace_fields() gave a line to each of six names. The fields of one line are const [task, pid, cpu, flags, ts, msg] = b.trace_fields().read()",
      );
    }
    this.unseen = 0;
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/**
 * How `trace_print` prints.
 *
 * @example
 * import type { BPF, TracePrintOptions } from "bpfts";
 * const options: TracePrintOptions = { fmt: "{1} {5}" };
 * const follow = (b: BPF): unknown => b.trace_print(options);
 */
export interface TracePrintOptions extends TraceOptions {
  /** Positions as in Python: `"{1} {5}"` prints pid and message; fields are task, pid, cpu, flags, ts, msg. */
  readonly fmt?: string | undefined;
}

function nameFields([task, pid, cpu, flags, ts, msg]: TraceFields): Record<string, unknown> {
  return { task, pid, cpu, flags, ts, msg };
}

function renderFieldsJson(fields: TraceFields): string {
  return escapeJson(JSON.stringify(nameFields(fields)));
}

/** A line as a terminal may have it. Tabs are those of the program's own format. */
const showLine = (line: string): string => escapeText(line, "\t");

/** Prints lines, or JSON objects of their fields after `json_output()`, for ever, or until nothing is there when `nonblocking`. */
export function printTrace(options: TracePrintOptions): void {
  for (;;) {
    const line = readTraceLine(options.nonblocking === true ? 0 : -1);
    if (line === undefined) return;
    const isJson = is_json_output();
    const isParsed = isJson || areRecordsWanted() || options.fmt !== undefined || options.pid !== undefined;
    const fields = isParsed ? parseTraceLine(line) : undefined;
    const isWanted = fields !== undefined && isOfProcess(fields[1], options.pid);
    if (isWanted) addRecord(() => ({ type: "event", name: "trace", data: nameFields(fields) }));
    if (isJson) {
      if (isWanted) print(renderFieldsJson(fields));
    } else if (fields === undefined) {
      // What is no event is printed as it is, but is nobody's when lines of one process are asked for.
      if (options.pid === undefined && options.fmt === undefined) print(showLine(line));
    } else if (isWanted) {
      print(options.fmt === undefined ? showLine(line) : formatPositions(options.fmt, fields));
    }
  }
}

// A line names a thread; whether it is of the process is asked once for each thread.
const threads = new Map<string, boolean>();

function isOfProcess(thread: number, pid: number | undefined): boolean {
  if (pid === undefined || thread === pid) return true;
  const key = `${pid}/${thread}`;
  let known = threads.get(key);
  if (known === undefined) {
    try {
      callHost("read_file", { path: `/proc/${pid}/task/${thread}/comm` });
      known = true;
    } catch {
      known = false;
    }
    threads.set(key, known);
  }
  return known;
}
