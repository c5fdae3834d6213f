import { constants } from "node:os";
import { CommandError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import type { Command } from "./command.ts";
import { systemFiles } from "../../kernel/door/system-files.ts";

/** Statuses of a shell. Source: POSIX.1-2017, Shell Command Language, 2.8.2. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/** The error of a command that could not be run; undefined for one that was, or was not to run yet. */
export function findCommandFailure(command: Command): CommandError | undefined {
  const refused = command.findEnd()?.refused ?? 0;
  if (refused === 0) return undefined;
  const status = -refused;
  const isMissing = status === errno.ENOENT || status === errno.ENOTDIR;
  const hint = findHint(command.program, status);
  return new CommandError(
    isMissing ? NOT_FOUND : NOT_EXECUTABLE,
    `Cannot run the command "${command.line}" (${renderErrno(status)})`,
    hint === undefined ? {} : { hint },
  );
}

/** Tells of a command that failed, or that was never run. Answers its exit status; 0 for one that still runs. */
export function reportCommandEnd(command: Command, log: Log): number {
  const end = command.findEnd();
  if (end === undefined) {
    if (!command.isReleased) log.warn(`The command "${command.line}" did not run: the script ended and never waited`);
    return 0;
  }
  if (end.signal !== 0) log.warn(`Signal ${findSignalName(end.signal)} ended the command "${command.line}"`);
  else if (end.code !== 0) log.warn(`The command "${command.line}" ended with status ${end.code}`);
  return end.code;
}

function findHint(program: string, status: number): string | undefined {
  if (!program.includes("/")) return status === errno.ENOENT ? `no folder of PATH has "${program}"` : undefined;
  if (status === errno.ENOENT && systemFiles.exists(program))
    return `"${program}" is there, but the interpreter of its first line is not`;
  if (status === errno.EACCES) return `"${program}" needs to be a file with the permission to execute it`;
  return undefined;
}

function findSignalName(signal: number): string {
  const found = Object.entries(constants.signals).find(([, number]) => number === signal);
  return found === undefined ? String(signal) : found[0];
}
