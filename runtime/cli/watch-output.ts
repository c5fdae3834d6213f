import { ResourceError } from "../base/errors.ts";

/**
 * Calls `end` when standard output takes no more: without an error where the reader is gone, as after `| head`; else with what is in the way. What a
 * script prints does not come this way. Who listens to the stream itself decides: `vm exec` ends its machine first.
 */
export function watchOutput(end: (error: ResourceError | undefined) => void): void {
  process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
    if (process.stdout.listenerCount("error") > 1) return;
    const { code = cause.message } = cause;
    end(code === "EPIPE" ? undefined : new ResourceError(`Cannot write to stdout (${code})`, { cause }));
  });
}
