import type { Log } from "../../base/log.ts";
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
const record = { lost: 2, comm: 3, fork: 7, mmap2: 10 } as const;
const isExec = 1 << 13;

interface Event {
  readonly type: number;
  readonly misc: number;
  readonly time: bigint;
  readonly view: DataView;
}

/** Opens the records; the kernel is asked for none before a process is followed. `log` is told how many it had no room for, at the end. */
export function openMappedCode(port: KernelPort, log?: Log): MappedCode {
  const logs: Handle[] = [];
  let lost = 0;
  const processes = new Map<number, readonly Mapping[]>();
  const keep = (pid: number, mappings: readonly Mapping[]): void => {
    processes.set(pid, mappings);
    if (processes.size > REMEMBERED) processes.delete(processes.keys().next().value!);
  };
  const see = ({ type, misc, view }: Event): void => {
    // Source: PERF_RECORD_LOST of the same file: an id, then how many.
    if (type === record.lost) {
      lost += Number(view.getBigUint64(16, true));
      return;
    }
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
    const events = logs.flatMap((handle) => {
      const bytes = port.mappedCodeRead(handle);
      return typeof bytes === "number" ? [] : readEvents(bytes);
    });
    // Each CPU has an order of its own.
    events.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    for (const event of events) see(event);
  };
  return {
    follow(pid) {
      const handle = port.mappedCodeOpen(pid);
      if (handle > 0) logs.push(handle);
    },
    read,
    find: (pid) => processes.get(pid),
    close() {
      const counted = logs.reduce((sum, handle) => sum + Math.max(0, port.mappedCodeLost(handle)), 0);
      lost = Math.max(lost, counted);
      if (lost > 0)
        log?.warn(
          `The kernel lost ${lost} record${lost === 1 ? "" : "s"} of code that the command's processes mapped: functions of those that have ended may have no names, or those of other code`,
        );
      lost = 0;
      for (const handle of logs.splice(0)) port.mappedCodeClose(handle);
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
