import { InternalError, ResourceError, UsageError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Closable } from "../../base/scope.ts";
import { renderErrno } from "../../kernel/door/errno.ts";
import type { KernelPort, ProcessState } from "../../kernel/door/port.ts";
import { findProcess } from "../../kernel/user/process-tree.ts";
import { replaceShell, splitSimpleCommand } from "../../base/command-words.ts";
import { endTree } from "./end-tree.ts";

/** The child of `-c`: it is there from the start, and runs from the script's first wait on. Owner: the caller closes it, which ends all that it started. */
export interface Command extends Closable {
  /** As the user wrote it. */
  readonly line: string;
  /** The program that is executed, by its path or its name. */
  readonly program: string;
  readonly pid: number;
  /** Whether the child is a shell that runs the command line, so that what the line names has other pids. False for one whose line begins with exec. */
  readonly isShell: boolean;
  /** Lets it run. Twice is fine. */
  release(): void;
  readonly isReleased: boolean;
  /** How it ended; undefined while it runs, or waits to be released. */
  findEnd(): ProcessState | undefined;
  /** Takes notice of ended processes that its children left behind, and answers whether any runs, itself included. */
  haveProcesses(): boolean;
}

/** Where a command runs. */
export interface CommandPlace {
  /** The path of its cgroup. */
  readonly cgroup: string;
  /** The file of its network namespace. */
  readonly netns: string;
}

/**
 * Starts a command and holds it before its first instruction, so that a script can put its probes in place and filter on its pid.
 * A simple command is started itself, so that the pid is its own; what only a shell understands runs in `/bin/sh`, which becomes the program where there is only one.
 *
 * @throws UsageError when it is empty, ResourceError when no process can be made
 */
export function openCommand(port: KernelPort, commandLine: string, log: Log, place?: CommandPlace): Command {
  if (commandLine.trim() === "")
    throw new UsageError("The command of -c is empty", { hint: "for example: -c 'mkdir /tmp/x'" });
  const words = splitSimpleCommand(commandLine);
  const replaced = words === undefined ? replaceShell(commandLine) : undefined;
  const argv = words ?? ["/bin/sh", "-c", replaced ?? commandLine];
  const child = port.processSpawn(argv, [], place?.cgroup ?? "", place?.netns ?? "");
  if (child < 0) throw new ResourceError(`Cannot start the command "${commandLine}" (${renderErrno(child)})`);
  let released = false;
  let isClosed = false;
  let end: ProcessState | undefined;
  const pid = port.processPid(child);
  const entry = findProcess(pid);
  const haveProcesses = (): boolean => port.processReap(child) !== 0;
  return {
    line: commandLine,
    program: argv[0]!,
    pid,
    isShell: words === undefined && replaced === undefined && !/^\s*exec\s/.test(commandLine),
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
    haveProcesses,
    close() {
      if (isClosed) return;
      isClosed = true;
      if (released && entry !== undefined) endTree(port, entry, haveProcesses, log);
      port.processClose(child);
    },
  };
}
