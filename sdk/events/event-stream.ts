import { Interrupt } from "../wire/errors.ts";
import { countOutput } from "../print/output.ts";
import { haveEventLimit, isEventLimitReached, noteShownEvent } from "../print/shown-events.ts";
import { findSort, noteEvent } from "../print/sorted-rows.ts";
import { pollRings, takeEvents, takeRest } from "./rings.ts";
import { serveWhileWaiting } from "../time/wait.ts";
import { requireCancel, watchCancel } from "./cancel.ts";
import type { EventOptions } from "./event-options.ts";

/** A buffer of events as a stream needs it. */
interface EventSource<Event> {
  subscribe(callback: (event: Event) => unknown, options: EventOptions, closeCallback: () => void): void;
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
const kept = new WeakMap<object, unknown[]>();

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
  private queue: Event[] = [];
  private nextIndex = 0;
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

  /** QuickJS goes through a generator without an object for each step. */
  *[Symbol.iterator](): Generator<Event, void> {
    let isLeft = true;
    const isLimited = haveEventLimit();
    const { marksEvents } = this;
    try {
      this.subscribe();
      for (;;) {
        while (this.nextIndex < this.queue.length && !(isLimited && isEventLimitReached())) {
          if (isLimited) this.outputBefore = countOutput();
          if (marksEvents) noteEvent(true);
          yield this.queue[this.nextIndex++]!;
          if (marksEvents) noteEvent(false);
          if (isLimited) this.noteShown();
        }
        this.clearQueue();
        if (!this.open) {
          const aborted = this.takeAborted();
          if (aborted !== undefined) throw aborted.reason;
          return;
        }
        // What a poll throws leaves the buffer open: the script may go on after an interrupt.
        isLeft = false;
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
        isLeft = true;
      }
    } finally {
      if (isLeft) this.end();
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
    while (this.waiters.length > 0 && this.haveEvent())
      this.waiters.shift()!.resolve({ done: false, value: this.take() });
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
    if (this.haveEvent()) return Promise.resolve({ done: false, value: this.take() });
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
    this.table.subscribe(
      (event) => this.queue.push(event),
      this.options,
      () => this.noteClosed(),
    );
    this.open = true;
    this.queue = (kept.get(this.table) ?? []) as Event[];
    kept.delete(this.table);
    this.forgetCancel = watchCancel(this.options, (aborted) => this.cancel(aborted));
  }

  /** What came before the time was over is delivered; nobody wants it after an abort. */
  private cancel(aborted: { readonly reason: unknown } | undefined): void {
    if (!this.open) return;
    if (aborted === undefined) takeEvents();
    else if (this.haveEvent()) kept.set(this.table, this.queue.slice(this.nextIndex));
    this.serve();
    this.cancelled = aborted === undefined ? {} : { aborted };
    if (aborted !== undefined) this.clearQueue();
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
    if (this.cancelled === undefined) this.clearQueue();
    for (const waiter of this.waiters.splice(0)) {
      const aborted = this.takeAborted();
      if (aborted === undefined) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(aborted.reason);
    }
  }

  private haveEvent(): boolean {
    return this.nextIndex < this.queue.length && !isEventLimitReached();
  }

  private noteShown(): void {
    if (this.outputBefore !== undefined) noteShownEvent(this.outputBefore);
    this.outputBefore = undefined;
  }

  private take(): Event {
    if (this.marksEvents) noteEvent(true);
    if (haveEventLimit()) this.outputBefore = countOutput();
    const event = this.queue[this.nextIndex++]!;
    if (this.nextIndex === this.queue.length) this.clearQueue();
    return event;
  }

  private clearQueue(): void {
    this.queue = [];
    this.nextIndex = 0;
  }

  private end(): IteratorResult<Event, undefined> {
    if (this.marksEvents) noteEvent(false);
    if (this.haveEvent()) kept.set(this.table, this.queue.slice(this.nextIndex));
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
