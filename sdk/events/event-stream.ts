import type { Interrupt } from "../wire/errors.ts";
import { pollRings, takeEvents } from "./rings.ts";
import { serveWhileWaiting } from "../time/wait.ts";
import type { EventOptions } from "./event-options.ts";

/** A buffer of events as a stream needs it. */
interface EventSource<Event> {
  subscribe(callback: (event: Event) => unknown, options: EventOptions, closeCallback: () => void): void;
  close_buffer(): void;
}

interface Waiter<Event> {
  readonly resolve: (result: IteratorResult<Event, undefined>) => void;
  readonly reject: (error: Interrupt) => void;
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
 */
export class EventStream<Event> implements Iterable<Event>, AsyncIterable<Event>, AwaitedStream {
  private readonly table: EventSource<Event>;
  private readonly options: EventOptions;
  private queue: Event[] = [];
  private nextIndex = 0;
  private open = false;
  private waiters: Waiter<Event>[] = [];
  /** For the next who asks: it came while nobody waited. */
  private interruption: Interrupt | undefined;

  constructor(table: EventSource<Event>, options: EventOptions = {}) {
    this.table = table;
    this.options = options;
  }

  /** QuickJS goes through a generator without an object for each step. */
  *[Symbol.iterator](): Generator<Event, void> {
    let isLeft = true;
    try {
      this.subscribe();
      for (;;) {
        while (this.nextIndex < this.queue.length) yield this.queue[this.nextIndex++]!;
        this.clearQueue();
        if (!this.open) return;
        // What a poll throws leaves the buffer open: the script may go on after an interrupt.
        isLeft = false;
        pollRings("any", -1, () => !this.open || this.haveEvent());
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
    this.serve();
    if (this.waiters.length === 0) this.interruption = error;
    for (const waiter of this.waiters.splice(0)) waiter.reject(error);
  }

  private waitNext(): Promise<IteratorResult<Event, undefined>> {
    if (this.haveEvent()) return Promise.resolve({ done: false, value: this.take() });
    const error = this.interruption;
    this.interruption = undefined;
    if (error !== undefined) return Promise.reject(error);
    if (!this.open) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.waiters.push({ resolve, reject }));
  }

  private subscribe(): void {
    if (this.open) return;
    this.table.subscribe(
      (event) => this.queue.push(event),
      this.options,
      () => this.noteClosed(),
    );
    this.open = true;
    this.queue = (kept.get(this.table) ?? []) as Event[];
    kept.delete(this.table);
  }

  private noteClosed(): void {
    this.open = false;
    awaited.delete(this);
    this.clearQueue();
    for (const waiter of this.waiters.splice(0)) waiter.resolve({ done: true, value: undefined });
  }

  private haveEvent(): boolean {
    return this.nextIndex < this.queue.length;
  }

  private take(): Event {
    const event = this.queue[this.nextIndex++]!;
    if (this.nextIndex === this.queue.length) this.clearQueue();
    return event;
  }

  private clearQueue(): void {
    this.queue = [];
    this.nextIndex = 0;
  }

  private end(): IteratorResult<Event, undefined> {
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
