import { traceAwait } from "../wire/error-stacks.ts";

/** What an async function of a script is rewritten as; its promises are yielded. */
type Steps = (this: unknown, ...values: unknown[]) => Generator<unknown, unknown, unknown>;

/** Whether a function may catch what fails while it waits. */
const catching = new WeakMap<Steps, boolean>();

/** The bundler's own: the loop of a `for await` hands on what it catches. */
const handsOn = /catch\((\w+)\)\{\w+=\[\1\]\}/g;

function mayCatch(steps: Steps): boolean {
  let found = catching.get(steps);
  if (found === undefined) {
    found = /(?<!\.)\bcatch\b/.test(Function.prototype.toString.call(steps).replace(handsOn, ""));
    catching.set(steps, found);
  }
  return found;
}

/**
 * Runs an async function of the script, as the bundler's own helper does. An error that it does not catch gets the place of the `await` that it came through; where it
 * may catch it, the error is left as it is: its `stack` is what the function would read.
 */
export function runAsync(self: unknown, values: readonly unknown[], steps: Steps): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fulfilled = (value: unknown): void => {
      try {
        step(generator.next(value));
      } catch (error) {
        reject(error);
      }
    };
    const rejected = (reason: unknown): void => {
      try {
        step(mayCatch(steps) ? generator.throw(reason) : traceAwait(reason, () => generator.throw(reason)));
      } catch (error) {
        reject(error);
      }
    };
    // No destructuring: every await of a script goes through here.
    const step = (turn: IteratorResult<unknown>): unknown =>
      turn.done === true ? resolve(turn.value) : Promise.resolve(turn.value).then(fulfilled, rejected);
    const generator = steps.apply(self, values as unknown[]);
    step(generator.next());
  });
}
