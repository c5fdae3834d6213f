/** Whatever can be closed. Closing twice is fine. */
export interface Closable {
  close(): void;
}

/**
 * Owns live things and closes them in reverse order, children before parents.
 * Every closer runs even when one fails; the first failure is thrown at the end.
 */
export class Scope implements Closable {
  private readonly closers: (() => void)[] = [];
  private closed = false;

  get isClosed(): boolean {
    return this.closed;
  }

  /** Adds something to close and returns it. A scope that is already closed closes it at once. */
  own<T extends Closable>(thing: T): T {
    this.defer(() => thing.close());
    return thing;
  }

  defer(closer: () => void): void {
    if (this.closed) closer();
    else this.closers.push(closer);
  }

  close(): void {
    this.closed = true;
    let first: { error: unknown } | undefined;
    for (let closer = this.closers.pop(); closer !== undefined; closer = this.closers.pop()) {
      try {
        closer();
      } catch (error) {
        first ??= { error };
      }
    }
    if (first !== undefined) throw first.error;
  }
}
