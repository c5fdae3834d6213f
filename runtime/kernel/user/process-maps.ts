import { systemFiles } from "../door/system-files.ts";

/** A part of a process's memory that can be executed. */
export interface Mapping {
  readonly start: number;
  readonly end: number;
  /** Units: bytes from the start of the file. */
  readonly offset: number;
  /** `"fd:01"`, as the kernel writes it. */
  readonly device: string;
  /** 0 for memory without a file. */
  readonly inode: number;
  /** The file's path in the process's own view, without ` (deleted)`; `"[vdso]"` and the like; empty when it has none. */
  readonly path: string;
  readonly deleted: boolean;
  /** The range as `/proc/PID/map_files` names it. */
  readonly range: string;
}

const line = /^([0-9a-f]+)-([0-9a-f]+) (....) ([0-9a-f]+) (\S+) (\d+) *(.*)$/s;
const deletedMark = " (deleted)";

/** Parses `/proc/PID/maps` and keeps what can be executed, sorted by address. */
export function parseMaps(text: string): Mapping[] {
  return text.split("\n").flatMap((row) => {
    const match = line.exec(row);
    if (match === null || match[3]![2] !== "x") return [];
    const deleted = match[7]!.endsWith(deletedMark);
    const path = deleted ? match[7]!.slice(0, -deletedMark.length) : match[7]!;
    return [
      {
        start: parseInt(match[1]!, 16),
        end: parseInt(match[2]!, 16),
        offset: parseInt(match[4]!, 16),
        device: match[5]!,
        inode: Number(match[6]),
        path: path.replaceAll("\\012", "\n"),
        deleted,
        range: `${match[1]!.replace(/^0+(?=.)/, "")}-${match[2]!.replace(/^0+(?=.)/, "")}`,
      },
    ];
  });
}

/** Finds the mapping that an address lies in. */
export function findMapping(mappings: readonly Mapping[], address: number): Mapping | undefined {
  let low = 0;
  let high = mappings.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (mappings[middle]!.end <= address) low = middle + 1;
    else high = middle;
  }
  const found = mappings[low];
  return found !== undefined && found.start <= address ? found : undefined;
}

/** What a process executes, under the paths that it has itself for its files. Empty when it is gone. */
export function readMappings(pid: number): Mapping[] {
  return placeMappings(pid, readMaps(pid) ?? "");
}

/** Parses the text of a process's maps. The kernel writes paths from the root of the mount namespace: below a chroot they start with the new root's own. */
export function placeMappings(pid: number, text: string): Mapping[] {
  const root = readRoot(pid);
  const mappings = parseMaps(text);
  return root === ""
    ? mappings
    : mappings.map((mapping) =>
        mapping.path.startsWith(`${root}/`) ? { ...mapping, path: mapping.path.slice(root.length) } : mapping,
      );
}

function readRoot(pid: number): string {
  try {
    return systemFiles.readLink(`/proc/${pid}/root`).replace(/^\/$/, "");
  } catch {
    return "";
  }
}

/** The text of `/proc/PID/maps`, undefined when the process is gone or has no memory any more. */
export function readMaps(pid: number): string | undefined {
  const text = readProcessFile(pid, "maps");
  return text === undefined || text === "" ? undefined : text;
}

/** When a process was started, in clock ticks since boot: with the pid it names a process for good. Source: proc(5), stat, field 22. */
export function readStartTime(pid: number): string | undefined {
  const text = readProcessFile(pid, "stat");
  // The command's name may have spaces and brackets of its own.
  return text?.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}

/** Source: USER_HZ, 100 on x86-64 and arm64. */
const TICK_MS = 10;
const ownStartMs = Date.now() - process.uptime() * 1000;

/** When a process was started, undefined when it is gone. Compared with this process, which knows both times of its own. Units: milliseconds since 1970, a few of them wrong. */
export function readStartMs(pid: number): number | undefined {
  const ticks = readStartTime(pid);
  return ticks === undefined ? undefined : ownStartMs + (Number(ticks) - Number(readStartTime(process.pid))) * TICK_MS;
}

/** The pid that a process, or the one that a thread is of, has in its own namespace: that is what it names files by. */
export function readInnerPid(pid: number): number {
  const match = /^NStgid:.*?(\d+)$/m.exec(readProcessFile(pid, "status") ?? "");
  return match === null ? pid : Number(match[1]);
}

function readProcessFile(pid: number, name: string): string | undefined {
  try {
    return systemFiles.readText(`/proc/${pid}/${name}`);
  } catch {
    return undefined;
  }
}
