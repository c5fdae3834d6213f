import { UsageError } from "../../base/errors.ts";
import type { Closable } from "../../base/scope.ts";
import { renderErrno } from "../../kernel/door/errno.ts";
import type { KernelPort } from "../../kernel/door/port.ts";

/** The child of `-c`: it is there from the start, and runs from the script's first wait on. Owner: the caller closes it, which kills it. */
export interface Command extends Closable {
  readonly pid: number;
  /** Lets it run. Twice is fine. */
  release(): void;
  haveEnded(): boolean;
}

/** What only a shell can do with a command line. */
const shellSyntax = /[|&;<>()$`\\"'*?[\]#~=%{}!\n]/;

/**
 * Starts a command and holds it before its first instruction, so that a script can put its probes in place and filter on its pid.
 * A plain command is started itself, so that the pid is its own; one with a shell's syntax runs in `/bin/sh`.
 *
 * @throws UsageError when it cannot be started
 */
export function openCommand(port: KernelPort, commandLine: string): Command {
  if (commandLine.trim() === "")
    throw new UsageError("The command of -c is empty", { hint: "for example: -c 'mkdir /tmp/x'" });
  const child = port.processSpawn(
    shellSyntax.test(commandLine) ? ["/bin/sh", "-c", commandLine] : commandLine.trim().split(/\s+/),
    [],
  );
  if (child < 0) throw new UsageError(`Cannot start the command "${commandLine}" (${renderErrno(child)})`);
  let released = false;
  let ended = false;
  return {
    pid: port.processPid(child),
    release() {
      if (released) return;
      released = true;
      port.processRelease(child);
    },
    haveEnded() {
      if (ended || !released) return ended;
      const state = port.processState(child);
      ended = typeof state === "number" || state.exited;
      return ended;
    },
    close: () => void port.processClose(child),
  };
}
