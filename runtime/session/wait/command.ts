import { InternalError, ResourceError, UsageError } from "../../base/errors.ts";
import type { Closable } from "../../base/scope.ts";
import { renderErrno } from "../../kernel/door/errno.ts";
import type { KernelPort, ProcessState } from "../../kernel/door/port.ts";

/** The child of `-c`: it is there from the start, and runs from the script's first wait on. Owner: the caller closes it, which kills it. */
export interface Command extends Closable {
  /** As the user wrote it. */
  readonly line: string;
  /** The program that is executed, by its path or its name. */
  readonly program: string;
  readonly pid: number;
  /** Lets it run. Twice is fine. */
  release(): void;
  readonly isReleased: boolean;
  /** How it ended; undefined while it runs, or waits to be released. */
  findEnd(): ProcessState | undefined;
}

/** What only a shell can do with a command line. */
const shellSyntax = /[|&;<>()$`\\"'*?[\]#~=%{}!\n]/;

/**
 * Starts a command and holds it before its first instruction, so that a script can put its probes in place and filter on its pid.
 * A plain command is started itself, so that the pid is its own; one with a shell's syntax runs in `/bin/sh`.
 *
 * @throws UsageError when it is empty, ResourceError when no process can be made
 */
export function openCommand(port: KernelPort, commandLine: string): Command {
  if (commandLine.trim() === "")
    throw new UsageError("The command of -c is empty", { hint: "for example: -c 'mkdir /tmp/x'" });
  const argv = shellSyntax.test(commandLine) ? ["/bin/sh", "-c", commandLine] : commandLine.trim().split(/\s+/);
  const child = port.processSpawn(argv, []);
  if (child < 0) throw new ResourceError(`Cannot start the command "${commandLine}" (${renderErrno(child)})`);
  let released = false;
  let end: ProcessState | undefined;
  return {
    line: commandLine,
    program: argv[0]!,
    pid: port.processPid(child),
    release() {
      if (released) return;
      released = true;
      port.processRelease(child);
    },
    get isReleased() {
      return released;
    },
    findEnd() {
      if (end !== undefined || !released) return end;
      const state = port.processState(child);
      if (typeof state === "number")
        throw new InternalError(`The state of the command is lost (${renderErrno(state)})`);
      if (state.exited) end = state;
      return end;
    },
    close: () => void port.processClose(child),
  };
}
