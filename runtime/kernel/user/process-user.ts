import { systemFiles } from "../door/system-files.ts";

/** The effective user of a process; undefined when it is gone. Source: proc_pid_status(5) */
export function findProcessUser(pid: number, files = systemFiles): number | undefined {
  try {
    const found = /^Uid:\t\d+\t(\d+)/m.exec(files.readText(`/proc/${pid}/status`));
    return found === null ? undefined : Number(found[1]);
  } catch {
    return undefined;
  }
}
