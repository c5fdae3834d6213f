import { openRanges } from "./symbol-table.ts";
import type { Ranges } from "./symbol-table.ts";
import { systemFiles } from "../door/system-files.ts";
import type { OpenFile } from "../door/system-files.ts";

/** Code that a process made at run time. */
export interface PerfMapEntry {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

/** The list of functions that a JIT compiler writes to `/tmp/perf-PID.map`; it grows while the process runs. */
export interface PerfMap {
  readonly path: string;
  /** The function at an address; where memory was used again, the one that was written last. */
  find(address: number): PerfMapEntry | undefined;
  /** Reads what was added since. */
  refresh(): void;
}

/** New entries are looked through one by one until there are so many of them. */
const TAIL_LIMIT = 512;
const BLOCK_BYTES = 1 << 20;

/**
 * Opens a process's list of compiled functions; undefined when there is none, when it belongs to neither the process's user nor root and could say anything,
 * and when it was last written before the process was started: another process with that pid left it behind.
 *
 * Source: tools/perf/Documentation/jit-interface.txt
 */
export function openPerfMap(path: string, owner: number | undefined, startMs = -Infinity): PerfMap | undefined {
  let entries: PerfMapEntry[] = [];
  let tail: PerfMapEntry[] = [];
  let sorted: { readonly entries: readonly PerfMapEntry[]; readonly ranges: Ranges } = {
    entries: [],
    ranges: openRanges(new Float64Array(), new Float64Array()),
  };
  let file = "";
  let readBytes = 0;
  let rest = "";

  const refresh = (): boolean => {
    const chunk = readFrom(path, owner, file, readBytes);
    if (chunk === undefined || chunk.writtenMs < startMs) return false;
    if (chunk.restarted) {
      entries = [];
      tail = [];
      rest = "";
      sorted = sortEntries(entries);
    }
    ({ file, end: readBytes } = chunk);
    const lines = (rest + chunk.text).split("\n");
    // The process may be in the middle of a line.
    rest = lines.pop()!;
    for (const line of lines) {
      const entry = parseEntry(line);
      if (entry !== undefined) tail.push(entry);
    }
    if (tail.length > TAIL_LIMIT) {
      entries = [...entries, ...tail];
      tail = [];
      sorted = sortEntries(entries);
    }
    return true;
  };

  if (!refresh()) return undefined;
  return {
    path,
    refresh: () => void refresh(),
    find(address) {
      for (let i = tail.length - 1; i >= 0; i--) {
        const entry = tail[i]!;
        if (address >= entry.start && address < entry.end) return entry;
      }
      const index = sorted.ranges.find(address);
      return index < 0 ? undefined : sorted.entries[index];
    },
  };
}

/** Sorts by place and leaves out what a later entry lies over: its memory was used again. */
function sortEntries(entries: readonly PerfMapEntry[]): {
  readonly entries: readonly PerfMapEntry[];
  readonly ranges: Ranges;
} {
  const order = entries.map((_, index) => index).sort((a, b) => entries[a]!.start - entries[b]!.start);
  const dead = new Set<number>();
  let open: number[] = [];
  for (const index of order) {
    const { start } = entries[index]!;
    open = open.filter((other) => entries[other]!.end > start);
    for (const other of open) dead.add(Math.min(other, index));
    open.push(index);
  }
  const kept = order.filter((index) => !dead.has(index)).map((index) => entries[index]!);
  return {
    entries: kept,
    ranges: openRanges(
      Float64Array.from(kept, ({ start }) => start),
      Float64Array.from(kept, ({ end }) => end),
    ),
  };
}

function parseEntry(line: string): PerfMapEntry | undefined {
  const match = /^(?:0x)?([0-9a-fA-F]+) (?:0x)?([0-9a-fA-F]+) (.+)$/.exec(line);
  if (match === null) return undefined;
  const start = parseInt(match[1]!, 16);
  return {
    start,
    end: start + parseInt(match[2]!, 16),
    name: cleanJitName(Buffer.from(match[3]!, "latin1").toString()),
  };
}

/**
 * Cuts off what V8 writes before a function's name: its kind, and a mark for how well it is optimised.
 * `LazyCompile:*parse /app/x.js:3:14` is `parse /app/x.js:3:14`.
 */
export function cleanJitName(name: string): string {
  const match = /^(?:LazyCompile|Function|Script|Eval|JS|Callback):[~*^+]?(.*)$/.exec(name);
  if (match === null) return name;
  return match[1]!.startsWith(" ") ? `(anonymous)${match[1]!}` : match[1]!;
}

/** Reads a file from a place on; from its start when it is another file now, or a shorter one. */
function readFrom(
  path: string,
  owner: number | undefined,
  known: string,
  from: number,
):
  | {
      readonly text: string;
      readonly end: number;
      readonly file: string;
      readonly restarted: boolean;
      readonly writtenMs: number;
    }
  | undefined {
  let file: OpenFile;
  try {
    // In a tree of somebody else's making: no links, and no waiting for a pipe.
    file = systemFiles.open(path, { noFollow: true, nonBlocking: true });
  } catch {
    return undefined;
  }
  try {
    const stat = file.stat();
    const uid = Number(stat.uid);
    if (!stat.isFile() || (owner !== undefined && uid !== 0 && uid !== owner)) return undefined;
    const size = Number(stat.size);
    const identity = `${stat.dev}:${stat.ino}`;
    const restarted = identity !== known || size < from;
    const parts: Buffer[] = [];
    let at = restarted ? 0 : from;
    for (;;) {
      const block = Buffer.allocUnsafe(Math.max(1, Math.min(BLOCK_BYTES, size - at)));
      const count = at < size ? file.read(block, at) : 0;
      if (count === 0) break;
      parts.push(block.subarray(0, count));
      at += count;
    }
    return {
      text: Buffer.concat(parts).toString("latin1"),
      end: at,
      file: identity,
      restarted,
      writtenMs: Number(stat.mtimeNs) / 1e6,
    };
  } catch {
    return undefined;
  } finally {
    file.close();
  }
}
