import { Interrupt } from "../wire/errors.ts";
import { countOutput } from "../print/output.ts";
import { haveEventLimit, isEventLimitReached, noteShownEvent } from "../print/shown-events.ts";
import { findSort, noteEvent } from "../print/sorted-rows.ts";
import { pollRings, takeEvents, takeRest } from "./rings.ts";
import { serveWhileWaiting } from "../time/wait.ts";
import { requireCancel, watchCancel } from "./cancel.ts";
import type { EventOptions } from "./event-options.ts";
import type { RecordSection, RecordSteps } from "../codec/record-walk.ts";

/** A buffer of events as a stream needs it. */
interface EventSource<Event> {
  compile_steps(options: EventOptions): RecordSteps<Event>;
  open_sections(take: (section: RecordSection) => void, options: EventOptions, closeCallback: () => void): void;
  close_buffer(): void;
}

interface Waiter<Event> {
  readonly resolve: (result: IteratorResult<Event, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** A stream as those see it who serve all of them. */
interface AwaitedStream {
  readonly isAwaited: boolean;
  serve(): void;
  interrupt(error: Interrupt): void;
}

/** Streams that `for await` loops go through. */
const awaited = new Set<AwaitedStream>();

/** Events that had come when a loop was left: the next one over the same buffer begins with them. */
const kept = new WeakMap<object, RecordSection[]>();

/**
 * Events of one buffer as an iterator: `for (const e of b.events("events"))` blocks between events, `for await` lets timers
 * and other promises run. Leaving the loop closes the buffer; closing the buffer ends the loop.
 *
 * @example
 * import { BPF, printf } from "bpfts";
 * const b = new BPF({
 *   text: `
 * struct data_t { u32 pid; char comm[16]; };
 * BPF_PERF_OUTPUT(events);
 * TRACEPOINT_PROBE(sched, sched_process_exec) {
 *     struct data_t data = { .pid = bpf_get_current_pid_tgid() >> 32 };
 *     bpf_get_current_comm(&data.comm, sizeof(data.comm));
 *     events.perf_submit(args, &data, sizeof(data));
 *     return 0;
 * }`,
 * });
 * for (const { pid, comm } of b.events("events", { timeout_ms: 1000 })) printf("%d %s\n", pid, comm);
 */
export class EventStream<Event> implements Iterable<Event>, AsyncIterable<Event>, AwaitedStream {
  private readonly table: EventSource<Event>;
  private readonly options: EventOptions;
  /** What was fetched and is not read yet; the first one may be read in part. */
  private sections: RecordSection[] = [];
  /** What reads events for promises. */
  private steps: Generator<Event, void> | undefined;
  private open = false;
  private waiters: Waiter<Event>[] = [];
  /** Set when the time of the loop is over, or its signal was aborted. */
  private cancelled: { readonly aborted?: { readonly reason: unknown } } | undefined;
  private forgetCancel: () => void = () => undefined;
  /** Whether rows in the user's order must know that they are shown for an event; who wants no order pays nothing for it. */
  private readonly marksEvents = findSort() !== undefined;
  /** What had been printed when the last event was handed over, where shown events are counted. */
  private outputBefore: number | undefined;
  /** For the next who asks: it came while nobody waited. */
  private interruption: Interrupt | undefined;

  constructor(table: EventSource<Event>, options: EventOptions = {}) {
    this.table = table;
    this.options = options;
  }

  /** QuickJS goes through a generator without an object for each step. The generator is made of the struct's layout, so that nothing is called for an event. */
  [Symbol.iterator](): Generator<Event, void> {
    let isBegun = false;
    let isLeft = false;
    const nextSection = (): RecordSection | undefined => {
      isLeft = false;
      if (!isBegun) this.subscribe();
      isBegun = true;
      const section = this.waitForSection();
      // What a poll throws leaves the buffer open: the script may go on after an interrupt.
      isLeft = true;
      return section;
    };
    const events = this.table.compile_steps(this.options)(nextSection, () => isLeft && this.end());
    return this.marksEvents || haveEventLimit() ? this.markEach(events) : events;
  }

  /** Notes which events are shown, for users who count or sort them. */
  private *markEach(events: Generator<Event, void>): Generator<Event, void> {
    try {
      for (let step = events.next(); step.done !== true; step = events.next()) {
        this.noteBegin();
        yield step.value;
        if (this.marksEvents) noteEvent(false);
        this.noteShown();
        if (isEventLimitReached()) this.clearSections();
      }
    } finally {
      events.return();
    }
  }

  /** Blocks until there are events. Undefined when no more will come. @throws the reason when the loop was aborted */
  private waitForSection(): RecordSection | undefined {
    for (let section = this.findSection(); ; section = this.findSection()) {
      if (section !== undefined) return section;
      if (!this.open) {
        const aborted = this.takeAborted();
        if (aborted !== undefined) throw aborted.reason;
        return undefined;
      }
      const interruption = this.interruption;
      this.interruption = undefined;
      if (interruption !== undefined) throw interruption;
      try {
        pollRings("any", -1, () => !this.open || this.haveEvent());
      } catch (error) {
        // What came before a signal comes first.
        if (!(error instanceof Interrupt) || !this.haveEvent()) throw error;
        this.interruption = error;
      }
    }
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Event> {
    this.subscribe();
    awaited.add(this);
    const answer: AsyncIterableIterator<Event> = {
      next: () => this.waitNext(),
      return: () => Promise.resolve(this.end()),
      [Symbol.asyncIterator]: () => answer,
    };
    return answer;
  }

  /** `using events = b.events("events")` closes the buffer at the end of the block. */
  [Symbol.dispose](): void {
    this.end();
  }

  /** For `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.end();
    return Promise.resolve();
  }

  /** @internal Whether somebody waits for an event. */
  get isAwaited(): boolean {
    return this.waiters.length > 0;
  }

  /** @internal Hands over what came to those who wait. */
  serve(): void {
    while (this.waiters.length > 0 && this.haveEvent()) {
      const { resolve, reject } = this.waiters.shift()!;
      try {
        resolve(this.take());
      } catch (error) {
        reject(error);
      }
    }
  }

  /** @internal Ends the wait, or the next one. */
  interrupt(error: Interrupt): void {
    takeRest();
    this.serve();
    if (this.waiters.length === 0) this.interruption = error;
    for (const waiter of this.waiters.splice(0)) waiter.reject(error);
  }

  private waitNext(): Promise<IteratorResult<Event, undefined>> {
    if (this.marksEvents) noteEvent(false);
    this.noteShown();
    if (this.haveEvent()) return new Promise((resolve) => resolve(this.take()));
    const error = this.interruption;
    this.interruption = undefined;
    if (error !== undefined) return Promise.reject(error);
    if (!this.open) {
      const aborted = this.takeAborted();
      if (aborted !== undefined) return Promise.reject(aborted.reason as Error);
      return Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => this.waiters.push({ resolve, reject }));
  }

  private subscribe(): void {
    if (this.open) return;
    requireCancel("events()", this.options);
    this.cancelled = undefined;
    this.table.open_sections(
      (section) => this.sections.push(section),
      this.options,
      () => this.noteClosed(),
    );
    this.open = true;
    this.sections = kept.get(this.table) ?? [];
    kept.delete(this.table);
    this.forgetCancel = watchCancel(this.options, (aborted) => this.cancel(aborted));
  }

  /** What came before the time was over is delivered; nobody wants it after an abort. */
  private cancel(aborted: { readonly reason: unknown } | undefined): void {
    if (!this.open) return;
    if (aborted === undefined) takeEvents();
    else this.keepRest();
    this.serve();
    this.cancelled = aborted === undefined ? {} : { aborted };
    if (aborted !== undefined) this.clearSections();
    this.table.close_buffer();
  }

  /** The abort that ended the loop, once. */
  private takeAborted(): { readonly reason: unknown } | undefined {
    const aborted = this.cancelled?.aborted;
    if (aborted !== undefined) this.cancelled = {};
    return aborted;
  }

  private noteClosed(): void {
    this.open = false;
    awaited.delete(this);
    this.forgetCancel();
    if (this.cancelled === undefined) this.clearSections();
    for (const waiter of this.waiters.splice(0)) {
      const aborted = this.takeAborted();
      if (aborted === undefined) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(aborted.reason);
    }
  }

  /** The first section that has events, where the user wants more of them. */
  private findSection(): RecordSection | undefined {
    if (isEventLimitReached()) return undefined;
    const { sections } = this;
    while (sections.length > 0 && sections[0]!.at >= sections[0]!.end) sections.shift();
    return sections[0];
  }

  private haveEvent(): boolean {
    return this.findSection() !== undefined;
  }

  private noteBegin(): void {
    if (this.marksEvents) noteEvent(true);
    if (haveEventLimit()) this.outputBefore = countOutput();
  }

  private noteShown(): void {
    if (this.outputBefore !== undefined) noteShownEvent(this.outputBefore);
    this.outputBefore = undefined;
  }

  /** Reads an event that is there. */
  private take(): IteratorResult<Event, undefined> {
    this.noteBegin();
    const forget = (): void => void (this.steps = undefined);
    this.steps ??= this.table.compile_steps(this.options)(() => this.findSection(), forget);
    return { done: false, value: this.steps.next().value! };
  }

  /** The next loop over the buffer begins with what was not read. */
  private keepRest(): void {
    if (this.haveEvent())
      kept.set(
        this.table,
        this.sections.map((section) => ({ ...section })),
      );
  }

  /** Whoever reads a section sees at once that nothing is left in it. */
  private clearSections(): void {
    for (const section of this.sections) section.at = section.end;
    this.sections = [];
  }

  private end(): IteratorResult<Event, undefined> {
    if (this.marksEvents) noteEvent(false);
    this.keepRest();
    this.table.close_buffer();
    return { done: true, value: undefined };
  }
}

/** Hands events that came to those who wait for one in a promise. Answers whether somebody still waits. @throws Interrupt at a signal */
export function serveStreams(): boolean {
  const isAwaited = (): boolean => {
    for (const stream of awaited) if (stream.isAwaited) return true;
    return false;
  };
  if (awaited.size === 0 || !isAwaited()) return false;
  takeEvents();
  for (const stream of awaited) stream.serve();
  return isAwaited();
}

/** Ends every wait for events in a promise with an `Interrupt`. Answers whether there was one. */
export function interruptStreams(error: Interrupt): boolean {
  const had = awaited.size > 0;
  // What came before it is delivered first.
  while (had && takeEvents());
  for (const stream of awaited) stream.interrupt(error);
  return had;
}

serveWhileWaiting({ serve: serveStreams, interrupt: interruptStreams });
