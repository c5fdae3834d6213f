import { performance } from "./performance.ts";

/** A message to listeners. Source: the DOM standard, without its tree of nodes. */
export class Event {
  readonly type: string;
  readonly cancelable: boolean;
  /** Units: milliseconds of `performance.now()`. */
  readonly timeStamp: number = performance.now();
  /** The object whose `dispatchEvent` was called. */
  target: EventTarget | null = null;
  #isPrevented = false;
  /** @internal Set by `stopImmediatePropagation`. */
  isStopped = false;

  constructor(type: string, options: { readonly cancelable?: boolean } = {}) {
    this.type = String(type);
    this.cancelable = options.cancelable === true;
  }

  get currentTarget(): EventTarget | null {
    return this.target;
  }

  /** Whether a listener called `preventDefault`. */
  get defaultPrevented(): boolean {
    return this.#isPrevented;
  }

  /** Makes `dispatchEvent` answer false; of no effect for an event that is not `cancelable`. */
  preventDefault(): void {
    if (this.cancelable) this.#isPrevented = true;
  }

  /** Of no effect here: events have no parents to go on to. */
  stopPropagation(): void {}

  /** Keeps the event from the listeners behind this one. */
  stopImmediatePropagation(): void {
    this.isStopped = true;
  }
}

/** An event that carries a value of the sender's. */
export class CustomEvent<Detail = unknown> extends Event {
  readonly detail: Detail;

  constructor(type: string, options: { readonly cancelable?: boolean; readonly detail?: Detail } = {}) {
    super(type, options);
    this.detail = (options.detail ?? null) as Detail;
  }
}

/** A listener: a function, or an object with a method of this name. */
export type EventListener = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

/** How `addEventListener` listens. */
export interface ListenerOptions {
  /** Listens to one event only. */
  readonly once?: boolean | undefined;
  /** Stops listening when this signal is aborted. */
  readonly signal?: (EventTarget & { readonly aborted: boolean }) | undefined;
}

interface Registration {
  readonly type: string;
  readonly listener: EventListener;
  readonly once: boolean;
  isRemoved: boolean;
}

/** An object that hands events to listeners. */
export class EventTarget {
  #registrations: Registration[] = [];

  /** Registers a listener for the events of a type. The same listener twice is called once. */
  addEventListener(type: string, listener: EventListener | null, options: ListenerOptions | boolean = {}): void {
    const { once = false, signal } = typeof options === "object" ? options : {};
    if (listener === null || signal?.aborted === true) return;
    if (this.#registrations.some((one) => one.type === type && one.listener === listener)) return;
    this.#registrations.push({ type, listener, once, isRemoved: false });
    signal?.addEventListener("abort", () => this.removeEventListener(type, listener), { once: true });
  }

  /** Takes a listener back. */
  removeEventListener(type: string, listener: EventListener | null): void {
    this.#registrations = this.#registrations.filter((one) => {
      if (one.type !== type || one.listener !== listener) return true;
      one.isRemoved = true;
      return false;
    });
  }

  /**
   * Calls the listeners of the event's type, in the order in which they came. What one of them throws stops no other; the script ends with it as with
   * a promise that nobody handles. Answers false when one of them called `preventDefault`.
   */
  dispatchEvent(event: Event): boolean {
    event.target = this;
    for (const one of [...this.#registrations]) {
      if (one.type !== event.type || one.isRemoved) continue;
      if (one.once) this.removeEventListener(one.type, one.listener);
      try {
        if (typeof one.listener === "function") one.listener.call(this, event);
        else one.listener.handleEvent(event);
      } catch (error) {
        void Promise.reject(error as Error);
      }
      if (event.isStopped) break;
    }
    event.isStopped = false;
    return !event.defaultPrevented;
  }
}
