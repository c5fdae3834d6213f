import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { ResourceError } from "../base/errors.ts";
import type { PlannedPlace } from "./plan-lab.ts";
import { findNamespaceFile } from "./run-step.ts";
import type { LabState } from "./lab-state.ts";

/** Signals that end this process by themselves; the command decides what they are to it. */
const passedOn = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs a command in a place of a lab, on this terminal. Answers its status, as a shell does. @throws ResourceError when no process can be made */
export async function runInPlace(state: LabState, place: PlannedPlace, command: readonly string[]): Promise<number> {
  const child = spawn("sh", ["-c", `${enterPlace(state, place)} "$@"`, "sh", ...command], { stdio: "inherit" });
  // A terminal sends its signals to the command as well: it alone decides.
  const pass = (signal: NodeJS.Signals): void => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of passedOn) process.on(signal, pass);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on("error", (cause) => reject(new ResourceError(`Cannot start a command: ${cause.message}`, { cause })));
      child.on("exit", (status, signal) => resolve(status ?? 128 + constants.signals[signal!]));
    });
  } finally {
    for (const signal of passedOn) process.off(signal, pass);
  }
}

/** The beginning of a shell's command line. What follows takes the shell's place. */
function enterPlace({ cgroup }: LabState, { name, namespace }: PlannedPlace): string {
  return `echo $$ >${quote(join(cgroup, name, "cgroup.procs"))} && exec nsenter --net=${quote(findNamespaceFile(namespace))} --`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
