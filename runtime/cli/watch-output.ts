import { ResourceError } from "../base/errors.ts";

/**
 * Calls `end` when a write to standard output fails: without an error when the reader has gone, as after `| head`, else with the error. A script's output is written
 * elsewhere. A command that listens to the stream itself is left to do so: `vm exec` ends its virtual machine first.
 */
export function watchOutput(end: (error: ResourceError | undefined) => void): void {
  process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
    if (process.stdout.listenerCount("error") > 1) return;
    const { code = cause.message } = cause;
    end(code === "EPIPE" ? undefined : new ResourceError(`Cannot write to stdout (${code})`, { cause }));
  });
}
