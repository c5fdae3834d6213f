import { ResourceError } from "../base/errors.ts";

/**
 * Calls `end` when standard output takes no more: without an error where the reader is gone, as after `| head`; else with what is in the way. What a
 * script prints does not come this way.
 */
export function watchOutput(end: (error: ResourceError | undefined) => void): void {
  process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
    const { code = cause.message } = cause;
    end(code === "EPIPE" ? undefined : new ResourceError(`Cannot write to stdout (${code})`, { cause }));
  });
}
