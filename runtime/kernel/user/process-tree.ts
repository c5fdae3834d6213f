import { systemFiles } from "../door/system-files.ts";

/** A process that has not ended, as /proc shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  /** The pid of the process that began the session. */
  readonly session: number;
  /** When it began: pids are given again, but not with the same start. Units: clock ticks since boot. */
  readonly startTicks: number;
}

/** Finds a process. Undefined for one that has ended, reaped or not. Source: proc_pid_stat(5) */
export function findProcess(pid: number, files = systemFiles): ProcessEntry | undefined {
  let stat: string;
  try {
    stat = files.readText(`/proc/${pid}/stat`);
  } catch {
    return undefined;
  }
  // A name may have brackets and spaces.
  const nameEnd = stat.lastIndexOf(")");
  const fields = stat.slice(nameEnd + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  return {
    pid,
    name: stat.slice(stat.indexOf("(") + 1, nameEnd),
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTicks: Number(fields[19]),
  };
}

/** Lists the processes that this one can see. */
export function listProcesses(files = systemFiles): readonly ProcessEntry[] {
  return files.list("/proc").flatMap(({ name }) => {
    const found = /^\d+$/.test(name) ? findProcess(Number(name), files) : undefined;
    return found === undefined ? [] : [found];
  });
}

/** Lists these processes and what they started, by `parent`. */
export function listTree(roots: readonly ProcessEntry[], all: readonly ProcessEntry[]): readonly ProcessEntry[] {
  const found = new Set(roots);
  // Entries that are added on the way are visited, too.
  for (const { pid } of found) for (const child of all) if (child.parent === pid) found.add(child);
  return [...found];
}
