/** An error that came while another one was on its way: at the end of a block with `using`. */
export class SuppressedError extends Error {
  /** The later one. */
  readonly error: unknown;
  /** The one that was on its way. */
  readonly suppressed: unknown;

  constructor(error?: unknown, suppressed?: unknown, message = "") {
    super(message);
    this.name = "SuppressedError";
    this.error = error;
    this.suppressed = suppressed;
  }
}

/** Closes what it was given, the last first. Both stacks are one of these. */
class ResourceStack<End extends () => unknown> {
  protected ends: End[] = [];
  #isDisposed = false;

  get disposed(): boolean {
    return this.#isDisposed;
  }

  protected take(): End[] {
    this.#isDisposed = true;
    return this.ends.splice(0).reverse();
  }

  protected add(end: End): void {
    if (this.#isDisposed) throw new ReferenceError("The stack was disposed already");
    this.ends.push(end);
  }

  protected moveTo<Stack extends ResourceStack<End>>(other: Stack): Stack {
    if (this.#isDisposed) throw new ReferenceError("The stack was disposed already");
    other.ends = this.ends;
    this.ends = [];
    this.#isDisposed = true;
    return other;
  }
}

interface Failure {
  readonly error: unknown;
}

const join = (failure: Failure | undefined, error: unknown): Failure =>
  failure === undefined ? { error } : { error: new SuppressedError(error, failure.error) };

/** Collects what is to be closed and closes it at once, the last first. */
export class DisposableStack extends ResourceStack<() => unknown> implements Disposable {
  readonly [Symbol.toStringTag] = "DisposableStack";

  /** Has a thing closed with the stack, and answers it. */
  use<Value extends Disposable | null | undefined>(value: Value): Value {
    if (value === null || value === undefined) return value;
    const close: unknown = value[Symbol.dispose];
    if (typeof close !== "function") throw new TypeError("The value has no [Symbol.dispose]()");
    this.add(() => close.call(value) as unknown);
    return value;
  }

  /** Has a function called with a value when the stack is closed, and answers the value. */
  adopt<Value>(value: Value, onDispose: (value: Value) => void): Value {
    this.add(() => onDispose(value));
    return value;
  }

  /** Has a function called when the stack is closed. */
  defer(onDispose: () => void): void {
    this.add(onDispose);
  }

  /** Hands all that it has to a new stack. */
  move(): DisposableStack {
    return this.moveTo(new DisposableStack());
  }

  /** Closes everything; twice is fine. */
  dispose(): void {
    let failure: Failure | undefined;
    for (const end of this.take()) {
      try {
        end();
      } catch (error) {
        failure = join(failure, error);
      }
    }
    if (failure !== undefined) throw failure.error;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The same for things whose closing is a promise. */
export class AsyncDisposableStack extends ResourceStack<() => unknown> implements AsyncDisposable {
  readonly [Symbol.toStringTag] = "AsyncDisposableStack";

  /** Has a thing closed with the stack, and answers it. */
  use<Value extends AsyncDisposable | Disposable | null | undefined>(value: Value): Value {
    if (value === null || value === undefined) return value;
    const close: unknown =
      (value as Partial<AsyncDisposable>)[Symbol.asyncDispose] ?? (value as Partial<Disposable>)[Symbol.dispose];
    if (typeof close !== "function") throw new TypeError("The value has no [Symbol.asyncDispose]()");
    this.add(() => close.call(value) as unknown);
    return value;
  }

  /** Has a function called with a value when the stack is closed, and answers the value. */
  adopt<Value>(value: Value, onDispose: (value: Value) => PromiseLike<void> | void): Value {
    this.add(() => onDispose(value));
    return value;
  }

  /** Has a function called when the stack is closed. */
  defer(onDispose: () => PromiseLike<void> | void): void {
    this.add(onDispose);
  }

  /** Hands all that it has to a new stack. */
  move(): AsyncDisposableStack {
    return this.moveTo(new AsyncDisposableStack());
  }

  /** Closes everything, one after the other; twice is fine. */
  disposeAsync(): Promise<void> {
    const ends = this.take();
    // By hand: an async function of this module would make promises of the engine's own, whose failure nobody hears.
    const closeFrom = (at: number, failure: Failure | undefined): Promise<void> => {
      const end = ends[at];
      if (end === undefined) return failure === undefined ? Promise.resolve() : Promise.reject(failure.error as Error);
      return new Promise((resolve) => resolve(end())).then(
        () => closeFrom(at + 1, failure),
        (error: unknown) => closeFrom(at + 1, join(failure, error)),
      );
    };
    return closeFrom(0, undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }
}
