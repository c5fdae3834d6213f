import { Interrupt } from "./errors.ts";
import { pollRings } from "./rings.ts";
import type { EventOptions, EventTable } from "./table-ring.ts";

interface Waiter {
  readonly serve: () => boolean;
  readonly fail: (error: Error) => void;
}

const waiters = new Set<Waiter>();

/**
 * Events of one buffer as an iterator: `for (const e of b.events("events"))` blocks between events, `for await` lets timers
 * and other promises run. Leaving the loop closes the buffer.
 */
export class EventStream<Event> implements Iterable<Event>, AsyncIterable<Event> {
  private readonly table: EventTable<Event>;
  private readonly options: EventOptions;
  private queue: Event[] = [];
  private nextIndex = 0;
  private open = false;

  constructor(table: EventTable<Event>, options: EventOptions = {}) {
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
        // What a poll throws leaves the buffer open: the script may go on after an interrupt.
        isLeft = false;
        pollRings("any", -1);
        isLeft = true;
      }
    } finally {
      if (isLeft) this.end();
    }
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Event> {
    const answer = { next: () => this.waitNext(), return: async () => this.end(), [Symbol.asyncIterator]: () => answer };
    return answer as AsyncIterableIterator<Event>;
  }

  private waitNext(): Promise<IteratorResult<Event, undefined>> {
    this.subscribe();
    if (this.haveEvent()) return Promise.resolve({ done: false, value: this.take() });
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        serve: () => {
          if (!this.haveEvent()) return false;
          resolve({ done: false, value: this.take() });
          return true;
        },
        fail: reject,
      };
      waiters.add(waiter);
    });
  }

  private subscribe(): void {
    if (this.open) return;
    this.table.subscribe((event) => this.queue.push(event), this.options);
    this.open = true;
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
    this.table.close_buffer();
    this.open = false;
    return { done: true, value: undefined };
  }
}

/** Hands events that came to those who wait for one in a promise. Answers whether somebody still waits. */
export function serveWaiters(): boolean {
  if (waiters.size === 0) return false;
  try {
    pollRings("any", 0);
  } catch (error) {
    // It is for those who wait, not for nobody: uncaught here, it would end the script.
    if (!(error instanceof Interrupt)) throw error;
    interruptWaiters(error.reason);
    return false;
  }
  for (const waiter of [...waiters]) if (waiter.serve()) waiters.delete(waiter);
  return waiters.size > 0;
}

/** Ends every wait in a promise with an `Interrupt`. Answers whether there was one. */
export function interruptWaiters(reason: Interrupt["reason"] = "signal"): boolean {
  const had = waiters.size > 0;
  for (const waiter of waiters) waiter.fail(new Interrupt(reason));
  waiters.clear();
  return had;
}
