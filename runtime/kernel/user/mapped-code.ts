import type { Closable } from "../../base/scope.ts";
import type { Handle, KernelPort } from "../door/port.ts";
import type { Mapping } from "./process-maps.ts";

/** What processes had mapped to execute it, by the kernel's own records: known also of those that ended before anybody looked. Owner: whoever opened it closes it. */
export interface MappedCode extends Closable {
  /** Begins with a process and all children that it will have; without the right to ask the kernel nothing is recorded. */
  follow(pid: number): void;
  /** Takes over what the kernel has recorded: its room is small. */
  read(): void;
  /** Sorted by address; undefined for a process that nothing is known of. */
  find(pid: number): readonly Mapping[] | undefined;
}

/** Processes that are remembered; beyond it the oldest is forgotten. */
const REMEMBERED = 4096;

/** Source: enum perf_event_type and PERF_RECORD_MISC_COMM_EXEC in include/uapi/linux/perf_event.h */
const record = { comm: 3, fork: 7, mmap2: 10 } as const;
const isExec = 1 << 13;

interface Event {
  readonly type: number;
  readonly misc: number;
  readonly time: bigint;
  readonly view: DataView;
}

/** Opens the records; the kernel is asked for none before a process is followed. */
export function openMappedCode(port: KernelPort): MappedCode {
  const logs: Handle[] = [];
  const processes = new Map<number, readonly Mapping[]>();
  const keep = (pid: number, mappings: readonly Mapping[]): void => {
    processes.set(pid, mappings);
    if (processes.size > REMEMBERED) processes.delete(processes.keys().next().value!);
  };
  const see = ({ type, misc, view }: Event): void => {
    const pid = view.getUint32(8, true);
    if (type === record.comm && (misc & isExec) !== 0) keep(pid, []);
    else if (type === record.fork) {
      // A thread has its process's number and memory.
      const parent = view.getUint32(12, true);
      const inherited = processes.get(parent);
      if (parent !== pid && inherited !== undefined) keep(pid, inherited);
    } else if (type === record.mmap2) {
      const mapping = readMapping(view);
      const others = (processes.get(pid) ?? []).filter(
        ({ start, end }) => end <= mapping.start || start >= mapping.end,
      );
      keep(
        pid,
        [...others, mapping].sort((a, b) => a.start - b.start),
      );
    }
  };
  const read = (): void => {
    const events = logs.flatMap((log) => {
      const bytes = port.mappedCodeRead(log);
      return typeof bytes === "number" ? [] : readEvents(bytes);
    });
    // Each CPU has an order of its own.
    events.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    for (const event of events) see(event);
  };
  return {
    follow(pid) {
      const log = port.mappedCodeOpen(pid);
      if (log > 0) logs.push(log);
    },
    read,
    find: (pid) => processes.get(pid),
    close() {
      for (const log of logs.splice(0)) port.mappedCodeClose(log);
      processes.clear();
    },
  };
}

function readEvents(bytes: Uint8Array): Event[] {
  const events: Event[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const header = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
    const size = header.getUint16(6, true);
    if (size < 16 || at + size > bytes.length) break;
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, size);
    events.push({
      type: view.getUint32(0, true),
      misc: view.getUint16(4, true),
      time: view.getBigUint64(size - 8, true),
      view,
    });
    at += size;
  }
  return events;
}

const deletedMark = " (deleted)";

/** Source: PERF_RECORD_MMAP2 in include/uapi/linux/perf_event.h */
function readMapping(view: DataView): Mapping {
  const read64 = (at: number): number => Number(view.getBigUint64(at, true));
  const hex = (value: number): string => value.toString(16).padStart(2, "0");
  const start = read64(16);
  const end = start + read64(24);
  const bytes = Buffer.from(view.buffer, view.byteOffset + 72, view.byteLength - 80);
  const name = bytes.toString("utf8", 0, bytes.indexOf(0));
  const inode = read64(48);
  const deleted = name.endsWith(deletedMark);
  const path = deleted ? name.slice(0, -deletedMark.length) : name;
  return {
    start,
    end,
    offset: read64(32),
    device: `${hex(view.getUint32(40, true))}:${hex(view.getUint32(44, true))}`,
    inode,
    // Memory without a file is called so.
    path: path === "//anon" ? "" : path,
    deleted,
    range: `${start.toString(16)}-${end.toString(16)}`,
  };
}
