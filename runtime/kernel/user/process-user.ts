import { readFileSync } from "node:fs";

/** The effective user of a process; undefined when it is gone. Source: proc_pid_status(5) */
export function findProcessUser(pid: number): number | undefined {
  try {
    const found = /^Uid:\t\d+\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return found === null ? undefined : Number(found[1]);
  } catch {
    return undefined;
  }
}
