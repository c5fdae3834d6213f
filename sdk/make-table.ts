import type { MapReply } from "./protocol.ts";
import { PerCpuTable } from "./table-percpu.ts";
import { QueueStackTable } from "./table-queue.ts";
import { EventTable } from "./table-ring.ts";
import { BuildIdStackTable, StackTraceTable } from "./table-stack-trace.ts";
import { Table } from "./table.ts";
import type { TableOwner } from "./table.ts";

/** Every class that a table may be of. */
export type AnyTable = Table | PerCpuTable | StackTraceTable | BuildIdStackTable | QueueStackTable | EventTable;

/** Source: BPF_F_STACK_BUILD_ID in include/uapi/linux/bpf.h. */
const STACK_BUILD_ID = 32;

type Maker = (info: MapReply, owner: TableOwner) => AnyTable;

const makePerCpu: Maker = (info, owner) => new PerCpuTable(info, owner);
const makeQueue: Maker = (info, owner) => new QueueStackTable(info, owner);

/** The kinds that are more than keys and values, by number. Source: enum bpf_map_type */
const makers: Readonly<Record<number, Maker>> = {
  4: (info, owner) => new EventTable(info, owner, "perf"),
  5: makePerCpu,
  6: makePerCpu,
  7: (info, owner) => ((info.flags & STACK_BUILD_ID) === 0 ? new StackTraceTable(info, owner) : new BuildIdStackTable(info, owner)),
  10: makePerCpu,
  21: makePerCpu,
  22: makeQueue,
  23: makeQueue,
  27: (info, owner) => new EventTable(info, owner, "ring"),
};

/** Makes the table of a map, of the class that its kind asks for. */
export function makeTable(info: MapReply, owner: TableOwner): AnyTable {
  return makers[info.type]?.(info, owner) ?? new Table(info, owner);
}
