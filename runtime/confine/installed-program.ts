import { closeSync, openSync, readSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ConfinedProgram } from "./confine.ts";

/**
 * Describes an installed program for `runConfined`: its file and the libraries beside it, which may lie outside of the system's folders. A
 * wrapper script is one that starts others.
 */
export function describeInstalled(path: string): Pick<ConfinedProgram, "runnable" | "startsProcesses"> {
  try {
    const real = realpathSync.native(path);
    const installed = dirname(dirname(real));
    return { runnable: [real, join(installed, "lib"), join(installed, "lib64")], startsProcesses: isScript(real) };
  } catch {
    // Starting it says what is wrong.
    return {};
  }
}

function isScript(path: string): boolean {
  const start = Buffer.alloc(2);
  const file = openSync(path, "r");
  try {
    return readSync(file, start) === 2 && start.toString("latin1") === "#!";
  } finally {
    closeSync(file);
  }
}
